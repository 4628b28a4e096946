// Runs against peers that serve as they should, up to a point; `make fuzz` makes many more.
// SPDX-License-Identifier: Apache-2.0

import PeerFuzz
import Synchronization
import TestSupport
import Testing

@Suite(.serialized, .endsIfItHangs) struct PeerFuzzTests {
    private static let threadCount = 16

    @Test("wherever a peer strays, the run ends, and nothing is said that the peer did not say")
    func strayingPeers() {
        let count = UInt64(fuzzInputCount(250))
        // Seeds that `make fuzz` takes as they are printed.
        let first = fuzzSeed
        let taken = Atomic(UInt64(0))
        let results = Mutex<
            [(seed: UInt64, result: Result<FuzzRun.Result, any Error>, took: Duration)]
        >([])
        onThreads(Self.threadCount) {
            while true {
                let number = taken.add(1, ordering: .relaxed).oldValue
                guard number < count else { return }
                let seed = first + number
                let start = ContinuousClock.now
                let result = Result { try FuzzRun(seed: seed).result() }
                let took = ContinuousClock.now - start
                results.withLock { $0.append((seed, result, took)) }
            }
        }
        var (strays, outcomes, guessed, finished, slow) = (0, 0, 0, 0, 0)
        for (seed, result, took) in results.withLock({ $0 }) {
            do {
                let result = try result.get()
                #expect(result.breaches == [], "seed \(seed), \(result.end)")
                strays += result.strayCount
                outcomes += result.outcomeCount
                guessed += result.guessedCount
                // On a busy machine the limits of a run, of 100 ms and 5 s, may be what ends it.
                if took > .seconds(1) {
                    slow += 1
                } else {
                    finished += result.isFinished ? 1 : 0
                }
            } catch {
                Issue.record(error, "seed \(seed)")
            }
        }
        // Peers that only stray would test little; under that of threads they are too slow for the limits.
        #expect(
            Sanitizer.isOfThreads
                || strays > count / 2 && outcomes > count && finished >= (Int(count) - slow) / 2
                    && guessed < outcomes / 50
        )
    }
}
