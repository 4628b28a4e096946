// A watch beside the loop, for the day on which it hangs.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinkRecovery
import Sending

/// Counts how long a loop has not moved.
///
/// The time is the watch's own: a tick is counted when its thread has run. A process that was stopped,
/// or a machine that slept, has not ticked.
struct HangDetector {
    /// Longer than any wait of a run; and than a slow disk holds a turn up.
    private let ticksMax: Int
    private let ticksMaxAtEnd: Int
    private var progress = LoopProgress()
    private var isEnding = false
    private(set) var ticks = 0

    static let tick: Milliseconds = 1000

    init(_ options: RecoveryOptions, idleTimeout: Milliseconds) {
        let limits = [
            options.openTimeout, options.outcomeTimeout, options.creditReopen,
            options.creditTimeout,
            options.drainTimeout, idleTimeout, 60_000,
        ]
        ticksMax = Self.ticks(limits.max() ?? 0)
        ticksMaxAtEnd = Self.ticks(max(options.drainTimeout, 5_000))
    }

    private static func ticks(_ limit: Milliseconds) -> Int {
        Int(clamping: (limit - 1) / tick + 1)
    }

    /// Counts a tick; says whether the loop hangs.
    ///
    /// `isStopping`: a stop was asked for.
    mutating func tick(_ progress: LoopProgress, isStopping: Bool) -> Bool {
        let isEnding = isStopping || progress.hasEnded
        guard progress == self.progress, isEnding == self.isEnding else {
            (self.progress, self.isEnding, ticks) = (progress, isEnding, 0)
            return false
        }
        ticks += 1
        return ticks > (isEnding ? ticksMaxAtEnd : ticksMax)
    }
}

/// Wakes a loop from time to time, and ends the process when it does not answer.
///
/// Isolation: one thread starts and stops it.
final class LoopWatchdog {
    private let stopped: WakePipe

    /// Begins to watch.
    ///
    /// `wake` asks for a turn, and `report` writes why the process ends, with the account; both are
    /// called on a thread of the watch's own.
    init(
        _ board: StatusBoard, _ detector: HangDetector, wake: @escaping @Sendable () -> Void,
        isStopping: @escaping @Sendable () -> Bool,
        report: @escaping @Sendable (_ seconds: Int, Summary) -> Void
    ) throws(SystemError) {
        let stopped = try WakePipe()
        self.stopped = stopped
        try startThread {
            var detector = detector
            while !stopped.wait(atMost: Int32(HangDetector.tick)) {
                if detector.tick(board.progress, isStopping: isStopping()) {
                    report(detector.ticks * Int(HangDetector.tick) / 1000, board.status.summary)
                    // Not exit(): what hangs may be what it would wait for.
                    _exit(ExitStatus.couldNotFinish)
                }
                if detector.ticks > 0 { wake() }
            }
        }
    }

    /// The loop has ended.
    func stop() {
        stopped.wake()
    }
}

/// That a loop hangs.
func hangSentence(seconds: Int) -> String {
    "nothing has moved in the connection's loop for \(seconds) s, by a fault of the AMQP library or of "
        + "this machine: the run ends without it, start it again"
}
