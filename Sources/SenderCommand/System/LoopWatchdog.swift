// The watchdog of the connection's loop.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender
import Synchronization

/// Counts the ticks in which a loop has made no progress.
///
/// Ticks count only while the watchdog's thread runs: a stopped process or a suspended machine adds
/// none.
struct HangDetector {
    /// Longer than any limit of the run, and than a slow disk may block a turn.
    private let ticksMax: Int
    private let ticksMaxAtEnd: Int
    private var progress = LoopProgress()
    private var isEnding = false
    private var isWriting = false
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

    /// Counts a tick; returns whether the loop hangs.
    ///
    /// `isStopping`: a stop was requested. `isWriting`: the loop has returned, and the files are flushed.
    mutating func tick(_ progress: LoopProgress, isStopping: Bool, isWriting: Bool = false) -> Bool
    {
        let isEnding = isStopping || progress.hasEnded
        guard progress == self.progress, isEnding == self.isEnding, isWriting == self.isWriting
        else {
            (self.progress, self.isEnding, self.isWriting) = (progress, isEnding, isWriting)
            ticks = 0
            return false
        }
        ticks += 1
        // A slow disk gets the longer limit, as what it writes must not be lost.
        return ticks > (isEnding && !isWriting ? ticksMaxAtEnd : ticksMax)
    }
}

/// Wakes a loop periodically, and ends the process when it does not respond.
///
/// - Isolation: one thread starts and stops it.
final class LoopWatchdog: Sendable {
    private let stopped: WakePipe
    private let isWriting = Atomic(false)

    /// Starts watching.
    ///
    /// `wake` requests a turn of the loop; `report` prints the reason and the summary before the
    /// process ends; `tick` is called once a second. All are called on the watchdog's thread.
    init(
        _ board: StatusBoard, _ detector: HangDetector, wake: @escaping @Sendable () -> Void,
        isStopping: @escaping @Sendable () -> Bool,
        tick: (@Sendable (_ hasTurned: Bool) -> Void)? = nil,
        report: @escaping @Sendable (_ sentence: String, Summary) -> Void
    ) throws(SystemError) {
        stopped = try WakePipe()
        try startThread { [self] in
            var detector = detector
            while !stopped.wait(atMost: Int32(HangDetector.tick)) {
                let isWriting = isWriting.load(ordering: .relaxed)
                if detector.tick(
                    board.progress, isStopping: isStopping(), isWriting: isWriting)
                {
                    let seconds = detector.ticks * Int(HangDetector.tick) / 1000
                    report(
                        hangSentence(seconds: seconds, isWriting: isWriting), board.status.summary)
                    // Not exit(): it could wait for whatever hangs.
                    _exit(ExitStatus.couldNotFinish)
                }
                tick?(detector.ticks == 0)
                if detector.ticks > 0 { wake() }
            }
        }
    }

    /// Notes that the loop has returned: what is left is to write the files.
    func noteWriting() { isWriting.store(true, ordering: .relaxed) }

    /// Stops watching.
    func stop() {
        stopped.wake()
    }
}

/// The sentence about a loop that hangs, or about the disk once the loop has returned.
private func hangSentence(seconds: Int, isWriting: Bool) -> String {
    guard !isWriting else {
        return
            "the run is over, but its files could not be written to the end within \(seconds) s: look at the "
            + "disk, and start the run again"
    }
    return
        "the connection's loop has made no progress for \(seconds) s, through a fault of the AMQP library or "
        + "this machine: the run ends here; start it again"
}
