// Simulates the machines: simulate RUNS [SEED], or simulate --faults COUNT.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import RecoverySimulation

/// Makes runs of consecutive seeds; a single one is printed with all its events.
func simulate(runs: UInt64, from firstSeed: UInt64) -> Int32 {
    if runs == 1 {
        Simulation.replay(seed: firstSeed)
        return Simulation.violations(seed: firstSeed).isEmpty ? 0 : 1
    }
    for seed in firstSeed..<firstSeed + runs {
        guard Simulation.violations(seed: seed).isEmpty else {
            Simulation.replay(seed: seed)
            return 1
        }
    }
    print("\(runs) runs from seed \(firstSeed) on: every rule was kept")
    return 0
}

/// Makes every run of up to three messages and so many faults.
func enumerate(faults: Int) -> Int32 {
    for messages in 1...3 {
        var enumeration = Enumeration(messages: messages)
        enumeration.explore(faults: faults)
        guard enumeration.failure == nil else {
            enumeration.replayFailure()
            return 1
        }
        print("\(messages) messages, up to \(faults) faults: \(enumeration.caseCount) cases")
    }
    return 0
}

let arguments = CommandLine.arguments.dropFirst()
let numbers = arguments.compactMap { UInt64($0) }
switch (arguments.first, numbers.count) {
case ("--faults", 1) where numbers[0] <= 9:
    exit(enumerate(faults: Int(numbers[0])))
case (_, 1...2) where numbers.count == arguments.count:
    exit(simulate(runs: numbers[0], from: numbers.dropFirst().first ?? 0))
default:
    print("usage: simulate RUNS [SEED], or simulate --faults COUNT")
    exit(64)
}
