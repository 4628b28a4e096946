// Simulates the machines, for people and for the tests, which call its release build.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import RecoverySimulation

let usage = """
    usage: simulate [--senders COUNT] RUNS [SEED]
           simulate [--senders COUNT] --faults COUNT [MESSAGES [FIRST]] [--pre-settled]
           simulate --marks RUNS
           simulate --breaches RUNS

      RUNS [SEED]   runs of consecutive seeds; a single one is printed with all its events
      --senders     each run has COUNT senders, 1 to 9, instead of 1 to 3 by its seed, or, with --faults, 1
      --faults      every run of MESSAGES messages of each sender (default: 1, 2, and 3; 1 with --senders)
                    in which up to COUNT faults happen, each at every step and to every sender; with
                    FIRST, those that begin with this fault
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

/// Runs every combination of at most this many faults, up to the first that breaks a rule.
func enumerate(
    faults: Int, senders: Int, messages: Int, first: Fault? = nil, isPreSettled: Bool
) -> Bool {
    var enumeration = Enumeration(
        senders: senders, messages: messages, isPreSettled: isPreSettled)
    enumeration.explore(faults: faults, first: first)
    enumeration.replayFailure()
    let kind = isPreSettled ? " pre-settled" : ""
    let beginning = first.map { ", beginning with \($0)" } ?? ""
    let owners = senders == 1 ? "" : "\(senders) senders with "
    print(
        "\(owners)\(messages)\(kind) messages, up to \(faults) faults\(beginning): "
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
    var words = arguments.filter { $0 != "--pre-settled" }
    let isPreSettled = words.count < arguments.count
    var senders: Int?
    if words.first == "--senders" {
        guard words.count > 2, let count = Int(words[1]), 1...9 ~= count else { return nil }
        senders = count
        words.removeFirst(2)
    }
    if words.first == "--faults" {
        return enumerate(Array(words.dropFirst()), senders: senders, isPreSettled: isPreSettled)
    }
    let numbers = words.compactMap { UInt64($0) }
    guard !isPreSettled else { return nil }
    switch (words.first, words.count, numbers.count) {
    case ("--marks", 2, 1) where senders == nil: return printMarks(runs: numbers[0])
    case ("--breaches", 2, 1) where senders == nil: return findBreaches(runs: numbers[0])
    case (_, 1...2, words.count):
        return simulate(
            runs: numbers[0], from: numbers.count == 2 ? numbers[1] : 0,
            senders: senders.map { $0...$0 } ?? 1...3)
    default: return nil
    }
}

/// Runs what stands behind `--faults`.
func enumerate(_ words: [String], senders: Int?, isPreSettled: Bool) -> Bool? {
    let numbers = words.prefix(2).compactMap { Int($0) }
    guard let faults = numbers.first, 0...9 ~= faults, words.count <= 3,
        numbers.count == min(words.count, 2)
    else { return nil }
    let first = words.count == 3 ? Fault.allCases.first { "\($0)" == words[2] } : nil
    guard first != nil || words.count < 3 else { return nil }
    let counts = numbers.count == 2 ? numbers[1]...numbers[1] : 1...(senders == nil ? 3 : 1)
    guard counts.upperBound <= 3, counts.lowerBound >= 1 else { return nil }
    return counts.allSatisfy {
        enumerate(
            faults: faults, senders: senders ?? 1, messages: $0, first: first,
            isPreSettled: isPreSettled)
    }
}

guard let isClean = run(Array(CommandLine.arguments.dropFirst())) else {
    print(usage)
    exit(64)
}
exit(isClean ? 0 : 1)
