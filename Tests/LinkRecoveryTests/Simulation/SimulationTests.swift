// A few thousand simulated runs. In the environment, SEED=n replays one of them, with its trace,
// and SEEDS=n sets how many there are.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import LinkRecovery

@Suite struct SimulationTests {
    private static let batchCount: UInt64 = 8
    private static let batchSize = (number("SEEDS") ?? 4_000) / batchCount
    private static let replayedSeed = number("SEED")

    private static func number(_ variable: String) -> UInt64? {
        getenv(variable).flatMap { UInt64(String(cString: $0)) }
    }

    @Test(.enabled(if: replayedSeed == nil), arguments: 0..<batchCount)
    func `every run comes to its end once faults are over`(batch: UInt64) {
        for seed in batch * SimulationTests.batchSize..<(batch + 1) * SimulationTests.batchSize {
            var simulation = Simulation(seed: seed)
            simulation.simulate()
            let failures = simulation.failures + simulation.run.rules.violations
            #expect(failures.isEmpty, "SEED=\(seed)")
            if !failures.isEmpty { return }
        }
    }

    @Test(.enabled(if: replayedSeed != nil)) func `replay of one seed`() {
        var simulation = Simulation(seed: SimulationTests.replayedSeed ?? 0)
        simulation.run.isTraced = true
        simulation.simulate()
        print(simulation.scenario.options, simulation.scenario.pace, simulation.scenario.plan)
        print(simulation.run.summary, simulation.run.end as Any)
        #expect(simulation.failures + simulation.run.rules.violations == [])
    }

    @Test func `the same seed gives the same run`() {
        var first = Simulation(seed: 42)
        var second = Simulation(seed: 42)
        first.simulate()
        second.simulate()
        #expect(first.run.summary == second.run.summary)
        #expect(first.run.log.count == second.run.log.count)
    }
}
