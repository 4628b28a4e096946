// Simulates the machines, for people and for the tests, which call its release build.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import RecoverySimulation

let usage = """
    usage: simulate [--senders COUNT] RUNS [SEED]
           simulate --faults COUNT [MESSAGES [FIRST]] [--pre-settled]
           simulate --marks RUNS
           simulate --breaches RUNS

      RUNS [SEED]   runs of consecutive seeds; a single one is printed with all its events
      --senders     each run has COUNT senders, 1 to 9, instead of 1 to 3 by its seed
      --faults      every run of MESSAGES messages (default: 1, 2, and 3) in which up to COUNT faults
                    happen, each at every step; with FIRST, those that begin with this fault
      --marks       notices, outcomes and ends that the runs come through, a word each
      --breaches    the machines broken on purpose that no run notices
    """

/// Runs consecutive seeds, up to the first that breaks a rule.
func simulate(runs: UInt64, from firstSeed: UInt64, senders: ClosedRange<Int>) -> Bool {
    if runs == 1 {
        Simulation.replay(seed: firstSeed, senders: senders)
        return Simulation.violations(seed: firstSeed, senders: senders).isEmpty
    }
    for seed in firstSeed..<firstSeed + runs {
        guard Simulation.violations(seed: seed, senders: senders).isEmpty else {
            Simulation.replay(seed: seed, senders: senders)
            print("make simulate RUNS=1 SEED=\(seed) runs it again")
            return false
        }
    }
    print("\(runs) runs from seed \(firstSeed) on: every rule was kept")
    return true
}

/// Runs every combination of at most so many faults, up to the first that breaks a rule.
func enumerate(faults: Int, messages: Int, first: Fault? = nil, isPreSettled: Bool) -> Bool {
    var enumeration = Enumeration(messages: messages, isPreSettled: isPreSettled)
    enumeration.explore(faults: faults, first: first)
    enumeration.replayFailure()
    let kind = isPreSettled ? " pre-settled" : ""
    let beginning = first.map { ", beginning with \($0)" } ?? ""
    print(
        "\(messages)\(kind) messages, up to \(faults) faults\(beginning): "
            + "\(enumeration.caseCount) cases")
    return enumeration.failure == nil
}

func printMarks(runs: UInt64) -> Bool {
    var marks: Set<String> = []
    for seed in 0..<runs {
        var simulation = Simulation(seed: seed)
        simulation.simulate()
        marks.formUnion(simulation.marks)
    }
    for mark in marks.sorted() { print(mark) }
    return true
}

func findBreaches(runs: UInt64) -> Bool {
    let unnoticed = Breach.allCases.filter { breach in
        !(0..<runs).contains { seed in
            Simulation.violations(seed: seed, breach: breach).contains { breach.explains($0) }
        }
    }
    for breach in unnoticed { print("\(breach): no run notices it") }
    return unnoticed.isEmpty
}

/// Runs what the arguments say; nil when they say nothing that there is.
func run(_ arguments: [String]) -> Bool? {
    let words = arguments.filter { $0 != "--pre-settled" }
    let isPreSettled = words.count < arguments.count
    let numbers = words.compactMap { UInt64($0) }
    switch (words.first, words.count, numbers.count) {
    case ("--marks", 2, 1): return printMarks(runs: numbers[0])
    case ("--breaches", 2, 1): return findBreaches(runs: numbers[0])
    case ("--faults", 2, 1) where numbers[0] <= 9:
        return (1...3).allSatisfy {
            enumerate(faults: Int(numbers[0]), messages: $0, isPreSettled: isPreSettled)
        }
    case ("--faults", 3...4, 2) where numbers[0] <= 9 && (1...3).contains(numbers[1]):
        let first = words.count == 4 ? Fault.allCases.first { "\($0)" == words[3] } : nil
        guard first != nil || words.count == 3 else { return nil }
        return enumerate(
            faults: Int(numbers[0]), messages: Int(numbers[1]), first: first,
            isPreSettled: isPreSettled)
    case ("--senders", 3...4, words.count - 1) where 1...9 ~= numbers[0] && !isPreSettled:
        let count = Int(numbers[0])
        return simulate(
            runs: numbers[1], from: numbers.count == 3 ? numbers[2] : 0, senders: count...count)
    case (_, 1...2, words.count) where !isPreSettled:
        return simulate(
            runs: numbers[0], from: numbers.count == 2 ? numbers[1] : 0, senders: 1...3)
    default: return nil
    }
}

guard let isClean = run(Array(CommandLine.arguments.dropFirst())) else {
    print(usage)
    exit(64)
}
exit(isClean ? 0 : 1)
