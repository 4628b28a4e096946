// Runs in processes of their own: a crash ends one of them, and names its seed.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import PeerFuzz
import Synchronization
import TestSupport

/// Shares seeds among processes and gathers what they say.
final class Children: Sendable {
    /// Most of a run is waiting for a limit of the client's.
    static let standardCount = 4 * ProcessInfo.processInfo.activeProcessorCount
    private static let seedsPerChild: UInt64 = 100
    /// Only for a child that hangs.
    private static let secondsPerChild: Double = 3600

    private struct State {
        var nextSeed: UInt64
        var strays = 0
        var outcomes = 0
        var connections = 0
        var guessed = 0
        var finished = 0
        var done: UInt64 = 0
        var failures: [String] = []
    }

    private let childCount: Int
    private let endSeed: UInt64
    private let state: Mutex<State>

    init(_ childCount: Int, runs: UInt64, from firstSeed: UInt64) {
        self.childCount = childCount
        endSeed = firstSeed + runs
        state = Mutex(State(nextSeed: firstSeed))
    }

    /// Makes all runs, prints what failed, and returns the exit status.
    func run() -> Int32 {
        let began = Date()
        onThreads(childCount) { [self] in
            while let (first, count) = takeSeeds() { runAll(from: first, count: count) }
        }
        let seconds = Int(Date().timeIntervalSince(began))
        let state = state.withLock { $0 }
        tell(
            "\(state.done) runs in \(seconds) s: \(state.strays) strays, \(state.connections) connections, "
                + "\(state.outcomes) outcomes (\(state.guessed) of messages that had not come), "
                + "\(state.finished) runs finished, \(state.failures.count) failed"
        )
        return state.failures.isEmpty ? 0 : 1
    }

    private func takeSeeds() -> (first: UInt64, count: UInt64)? {
        state.withLock { state in
            let count = min(Self.seedsPerChild, endSeed - state.nextSeed)
            guard count > 0 else { return nil }
            defer { state.nextSeed += count }
            return (state.nextSeed, count)
        }
    }

    /// Goes on behind a seed that ended its process.
    private func runAll(from first: UInt64, count: UInt64) {
        var next = first
        let end = first + count
        while next < end {
            guard let last = runChild(from: next, count: end - next) else { return }
            next = last + 1
        }
    }

    /// Returns the seed at which the child ended before its time; nil: it did not.
    private func runChild(from first: UInt64, count: UInt64) -> UInt64? {
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let child: ChildProcess
        let status: Int32
        do {
            child = try ChildProcess(
                "fuzz-peer", executable: program,
                arguments: ["--child", String(count), String(first)])
            status = try child.wait(seconds: Self.secondsPerChild)
        } catch {
            return fail("the child for seed \(first) and the next: \(error)", at: first)
        }
        var (seed, isDone) = (first, true)
        for line in child.output.lines {
            let words = line.split(separator: " ")
            switch words.first {
            case "seed": (seed, isDone) = (UInt64(words[1]) ?? seed, false)
            case "breach": fail(line)
            case "done":
                isDone = true
                add(words)
            default: break
            }
        }
        let isAsItShouldBe = !child.endedBySignal && status <= 1
        guard !isDone || !isAsItShouldBe else { return nil }
        let words = child.errors.text.suffix(6000)
        return fail("seed \(seed): the process ended with \(status)\n\(words)", at: seed)
    }

    private func add(_ words: [Substring]) {
        let numbers = words[1...4].map { Int($0) ?? 0 }
        let done = state.withLock { state in
            state.strays += numbers[0]
            state.outcomes += numbers[1]
            state.connections += numbers[2]
            state.guessed += numbers[3]
            if words.contains("finished") { state.finished += 1 }
            state.done += 1
            return state.done
        }
        if done % 1000 == 0 { tell("\(done) runs") }
    }

    private func fail(_ sentence: String) {
        tell(sentence)
        state.withLock { $0.failures.append(sentence) }
    }

    private func fail(_ sentence: String, at seed: UInt64) -> UInt64 {
        fail(sentence)
        return seed
    }
}
