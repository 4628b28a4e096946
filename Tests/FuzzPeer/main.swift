// Runs the client against peers that stray: fuzz-peer RUNS [SEED [PROCESSES]].
// SPDX-License-Identifier: Apache-2.0

import Foundation
import PeerFuzz

/// Writes a line at once: a crash may follow.
func tell(_ line: String) {
    FileHandle.standardOutput.write(Data((line.replacing("\n", with: " ") + "\n").utf8))
}

/// Makes runs of consecutive seeds, in this process.
///
/// The output names the seed before its run.
func fuzz(runs: UInt64, from firstSeed: UInt64) throws -> Int32 {
    var isClean = true
    for seed in firstSeed..<firstSeed + runs {
        tell("seed \(seed)")
        let result = try FuzzRun(seed: seed).result()
        for breach in result.breaches {
            tell("breach \(seed): \(breach)")
            isClean = false
        }
        let counts =
            "\(result.strayCount) \(result.outcomeCount) \(result.connectionCount) \(result.guessedCount)"
        tell("done \(counts) \(result.isFinished ? "finished" : "ended") \(result.end)")
    }
    return isClean ? 0 : 1
}

/// Makes one run, and prints what the peer says and hears.
func replay(seed: UInt64) throws -> Int32 {
    let result = try FuzzRun(seed: seed).result { print($0) }
    for breach in result.breaches { print("breach: \(breach)") }
    print("end: \(result.end)")
    return result.breaches.isEmpty ? 0 : 1
}

let arguments = CommandLine.arguments.dropFirst()
let numbers = arguments.compactMap { UInt64($0) }
switch (arguments.first, numbers.count) {
case ("--child", 2): exit(try fuzz(runs: numbers[0], from: numbers[1]))
case (_, 1...3) where numbers.count == arguments.count && numbers[0] == 1:
    exit(try replay(seed: numbers.dropFirst().first ?? 1))
case (_, 1...3) where numbers.count == arguments.count:
    let processes = numbers.count == 3 ? Int(numbers[2]) : Children.standardCount
    exit(Children(processes, runs: numbers[0], from: numbers.dropFirst().first ?? 1).run())
default:
    print("usage: fuzz-peer RUNS [SEED [PROCESSES]]")
    exit(64)
}
