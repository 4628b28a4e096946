// Where other threads read how a run stands.
// SPDX-License-Identifier: Apache-2.0

public import LinkRecovery
internal import Proton
internal import Synchronization

/// Holds the newest status of a run.
///
/// The loop posts one in each turn, and only a run that has a board does so. Whoever reads it never
/// holds up the loop for longer than a copy takes.
///
/// - Isolation: any thread.
public final class StatusBoard: Sendable {
    private struct Contents {
        var newest = Status()
        var progress = LoopProgress()
    }

    private let contents = Mutex(Contents())

    /// Makes a board.
    public init() {}

    /// The newest status.
    public var status: Status {
        contents.withLock { $0.newest }
    }

    /// How far the loop has come.
    public var progress: LoopProgress {
        contents.withLock { $0.progress }
    }

    func post(_ status: Status, hasEnded: Bool) {
        contents.withLock { contents in
            contents.newest = status
            contents.progress.hasEnded = hasEnded
            if !hasEnded { contents.progress.turnCount += 1 }
        }
    }
}

/// How far a run's loop has come.
public struct LoopProgress: Sendable, Hashable {
    /// Turns that it has taken; those behind the end of the run do not count.
    public var turnCount: UInt64 = 0
    /// The run is at its end, and has only to return.
    public var hasEnded = false

    /// Describes a loop that has not begun.
    public init() {}
}

extension Instant {
    /// This moment, on the clock of every run.
    public static var now: Instant { Instant(microseconds: Container.monotonicMicroseconds) }
}
