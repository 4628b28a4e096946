// Ten thousand simulated runs, and small spaces in full. `make simulate` makes more.
// SPDX-License-Identifier: Apache-2.0

import RecoverySimulation
import TestSupport
import Testing

/// The thousands of runs are those of the optimised program: a debug build takes 25 times as long.
@Suite struct SimulationTests {
    /// Returns the output of the program, which ends with an error where a rule was broken.
    @discardableResult
    private func simulate(_ arguments: String...) throws -> String {
        let ended = try ChildProcess.run([try Places.simulator()] + arguments)
        #expect(ended.status == 0, "\(arguments): \(ended.output.suffix(20_000))\(ended.errors)")
        return ended.output
    }

    @Test(
        "every run keeps the rules and comes to its end once faults are over",
        arguments: ["0", "5000"])
    func seededRuns(first: String) throws {
        try simulate("5000", first)
    }

    @Test(
        "what three senders once found is kept",
        arguments: ["162495", "181055", "235645", "324699", "572630"])
    func formerFindings(seed: String) throws {
        try simulate("--senders", "3", "2", seed)
    }

    @Test("the same seed gives the same run")
    func sameSeed() {
        var first = Simulation(seed: 42)
        var second = Simulation(seed: 42)
        first.simulate()
        second.simulate()
        #expect(first.driver.summary == second.driver.summary)
        #expect(first.driver.elapsed == second.driver.elapsed)
    }

    @Test("the runs come through everything that there is")
    func marks() throws {
        let marks = try simulate("--marks", "3000").split(separator: "\n").map(String.init)
        let notices: Set = [
            "noCredit", "reopenedForCredit", "attachUnanswered", "sessionGivenUp",
            "connectUnanswered", "outcomeOverdue", "windowClosed", "routeLost", "closeUnanswered",
            "stopping", "rejectionReturned",
        ]
        let reasons: Set = ["undeliverableHere", "tooLarge", "redeliveriesUsedUp"]
        // A connection that fails without -r is a test of its own.
        let ends: Set = [
            "finished", "stopped", "authenticationRefused", "fatalCondition", "attemptsUsedUp",
            "creditTimedOut", "unflushed",
        ]
        #expect(Set(marks) == notices.union(reasons).union(ends))
    }

    // MARK: Small spaces

    @Test("one message and up to three faults, each at every step", arguments: Fault.allCases)
    func oneMessage(first: Fault) throws {
        try simulate("--faults", "3", "1", "\(first)")
    }

    @Test("a few messages and up to two faults, each at every step", arguments: ["2", "3"])
    func fewMessages(count: String) throws {
        try simulate("--faults", "2", count)
    }

    @Test("two or three senders and up to two faults, each at every step", arguments: ["2", "3"])
    func severalSenders(count: String) throws {
        try simulate("--senders", count, "--faults", "2", "1")
        try simulate("--senders", count, "--faults", "1", "2", "--pre-settled")
    }

    @Test(
        "pre-settled messages and up to two faults, each at every step", arguments: ["1", "2", "3"])
    func preSettledMessages(count: String) throws {
        try simulate("--faults", "2", count, "--pre-settled")
    }

    // MARK: Teeth

    @Test("a machine that breaks a rule is noticed")
    func breaches() throws {
        try simulate("--breaches", "1000")
    }

    @Test("every rule is broken by some machine")
    func brokenRules() {
        #expect(Set(Breach.allCases.map(\.rule)) == Set(1...11))
    }
}
