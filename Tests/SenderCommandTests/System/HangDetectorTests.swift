// The detection of a loop that hangs.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery
import ReliableSender
import Testing

@testable import SenderCommand

@Suite struct HangDetectorTests {
    private func ticks(
        _ detector: HangDetector, _ progress: (Int) -> LoopProgress = { _ in LoopProgress() },
        isStopping: (Int) -> Bool = { _ in false }, isWriting: (Int) -> Bool = { _ in false }
    ) -> Int? {
        var detector = detector
        return (1...100_000).first {
            detector.tick(progress($0), isStopping: isStopping($0), isWriting: isWriting($0))
        }
    }

    @Test("a loop that does not move hangs behind the longest limit, and not before a minute")
    func limit() {
        var options = RecoveryOptions()
        #expect(ticks(HangDetector(options, idleTimeout: 0)) == 61)
        options.outcomeTimeout = 1
        options.creditReopen = 1
        #expect(ticks(HangDetector(options, idleTimeout: 0)) == 61)
        #expect(ticks(HangDetector(options, idleTimeout: 90_000)) == 91)
        options.creditTimeout = 300_500
        #expect(ticks(HangDetector(options, idleTimeout: 0)) == 302)
    }

    @Test("a loop that moves once a minute does not hang")
    func moving() {
        let detector = HangDetector(RecoveryOptions(), idleTimeout: 0)
        let found = ticks(detector) { tick in
            var progress = LoopProgress()
            progress.turnCount = UInt64(tick / 60)
            return progress
        }
        #expect(found == nil)
    }

    @Test("behind a stop, or its end, a loop has one drain timeout, counted from there")
    func ending() {
        var options = RecoveryOptions()
        options.drainTimeout = 20_000
        #expect(ticks(HangDetector(options, idleTimeout: 0), isStopping: { $0 >= 50 }) == 71)
        options.drainTimeout = 0
        #expect(ticks(HangDetector(options, idleTimeout: 0), isStopping: { $0 >= 50 }) == 56)
        #expect(ticks(HangDetector(options, idleTimeout: 0), endedAt50) == 56)
    }

    @Test("behind the return of the loop the disk has a minute, also behind a stop")
    func writing() {
        for stopsAt in [50, Int.max] {
            let found = ticks(
                HangDetector(RecoveryOptions(), idleTimeout: 0), endedAt50,
                isStopping: { $0 >= stopsAt }, isWriting: { $0 >= 52 })
            #expect(found == 113)
        }
    }

    private func endedAt50(_ tick: Int) -> LoopProgress {
        var progress = LoopProgress()
        progress.turnCount = UInt64(min(tick, 50))
        progress.hasEnded = tick >= 50
        return progress
    }
}
