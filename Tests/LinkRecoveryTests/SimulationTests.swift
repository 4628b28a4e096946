// Ten thousand simulated runs, and small spaces in full. `make simulate` makes more.
// SPDX-License-Identifier: Apache-2.0

import RecoverySimulation
import Testing

@testable import LinkRecovery

@Suite struct SimulationTests {
    private static let batchCount: UInt64 = 10
    private static let batchSize: UInt64 = 1_000

    @Test(
        "every run keeps the rules and comes to its end once faults are over",
        arguments: 0..<batchCount)
    func everyRunKeepsTheRulesAndComes(batch: UInt64) {
        let first = batch * SimulationTests.batchSize
        for seed in first..<first + SimulationTests.batchSize {
            let violations = Simulation.violations(seed: seed)
            #expect(violations.isEmpty, "make simulate RUNS=1 SEED=\(seed)")
            if violations.isEmpty { continue }
            Simulation.replay(seed: seed)
            return
        }
    }

    @Test("the same seed gives the same run")
    func theSameSeedGivesTheSameRun() {
        var first = Simulation(seed: 42)
        var second = Simulation(seed: 42)
        first.simulate()
        second.simulate()
        #expect(first.driver.summary == second.driver.summary)
        #expect(first.driver.elapsed == second.driver.elapsed)
    }

    @Test("the runs come through everything that there is")
    func theRunsComeThroughEverythingThatThere() {
        var marks: Set<String> = []
        for seed in 0..<3_000 as Range<UInt64> {
            var simulation = Simulation(seed: seed)
            simulation.simulate()
            marks.formUnion(simulation.marks)
        }
        let notices: Set = [
            "noCredit", "reopenedForCredit", "attachUnanswered", "sessionGivenUp",
            "connectUnanswered", "outcomeOverdue", "windowClosed", "routeLost", "closeUnanswered",
            "stopping",
        ]
        let reasons: Set = ["undeliverableHere", "tooLarge", "redeliveriesUsedUp"]
        // A connection that fails without -r is a test of its own.
        let ends: Set = [
            "finished", "stopped", "authenticationRefused", "fatalCondition", "attemptsUsedUp",
            "creditTimedOut", "unflushed",
        ]
        #expect(marks == notices.union(reasons).union(ends))
    }

    // MARK: Small spaces

    @Test("one message and up to three faults, each at every step", arguments: Fault.allCases)
    func oneMessageAndUpToThreeFaults(first: Fault) {
        enumerate(messages: 1, faults: 3, first: first)
    }

    @Test("a few messages and up to two faults, each at every step", arguments: [2, 3])
    func aFewMessagesAndUpToTwo(messages: Int) {
        enumerate(messages: messages, faults: 2)
    }

    @Test("pre-settled messages and up to two faults, each at every step", arguments: [1, 2, 3])
    func preSettledMessagesAndUpToTwo(messages: Int) {
        enumerate(messages: messages, faults: 2, isPreSettled: true)
    }

    private func enumerate(
        messages: Int, faults: Int, first: Fault? = nil, isPreSettled: Bool = false
    ) {
        var enumeration = Enumeration(messages: messages, isPreSettled: isPreSettled)
        enumeration.explore(faults: faults, first: first)
        let beginning = first.map { ", beginning with \($0)" } ?? ""
        let settled = isPreSettled ? " pre-settled" : ""
        let space = "\(messages)\(settled) messages, up to \(faults) faults\(beginning)"
        print("\(space): \(enumeration.caseCount) cases")
        #expect(enumeration.failure?.violations == nil)
        enumeration.replayFailure()
    }

    // MARK: Teeth

    @Test("a machine that breaks a rule is noticed", arguments: Breach.allCases)
    func aMachineThatBreaksARule(breach: Breach) {
        let isNoticed = (0..<1_000 as Range<UInt64>).contains { seed in
            Simulation.violations(seed: seed, breach: breach).contains { breach.explains($0) }
        }
        #expect(isNoticed)
    }

    @Test("every rule is broken by some machine")
    func everyRuleIsBrokenBySomeMachine() {
        #expect(Set(Breach.allCases.map(\.rule)) == Set(1...11))
    }
}
