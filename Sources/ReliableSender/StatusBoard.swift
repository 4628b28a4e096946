// Status of a run, for other threads.
// SPDX-License-Identifier: Apache-2.0

public import LinkRecovery
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
        var details = StatusDetails()
        var progress = LoopProgress()
        /// Called when the details are those of the newest status.
        var waiting: [@Sendable () -> Void] = []
    }

    private let contents = Mutex(Contents())

    /// Makes a board.
    public init() {}

    /// The newest status.
    public var status: Status {
        contents.withLock { $0.newest }
    }

    /// The progress of the loop.
    public var progress: LoopProgress {
        contents.withLock { $0.progress }
    }

    /// The details when they were last requested.
    public var details: StatusDetails {
        contents.withLock { $0.details }
    }

    /// Requests the details of the loop's next turn, at whose end `body` is called; it must not block.
    ///
    /// Not each turn posts them: they are large.
    public func requestDetails(_ body: @escaping @Sendable () -> Void) {
        contents.withLock { $0.waiting.append(body) }
    }

    func post(_ status: Status, hasEnded: Bool, details: () -> StatusDetails) {
        let waiting = contents.withLock { contents in
            contents.newest = status
            contents.progress.hasEnded = hasEnded
            if !hasEnded { contents.progress.turnCount += 1 }
            let waiting = contents.waiting
            guard !waiting.isEmpty else { return waiting }
            contents.details = details()
            contents.waiting = []
            return waiting
        }
        for body in waiting { body() }
    }
}

/// Details of a run that its status does not have.
public struct StatusDetails: Sendable, Hashable {
    /// Latencies of messages, and interruptions.
    public var timings = Timings()
    /// The status of each sender.
    public var senders: [Status] = []

    /// Describes a run that has not begun.
    public init() {}
}

/// The progress of a run's loop.
public struct LoopProgress: Sendable, Hashable {
    /// Turns that it has taken; those behind the end of the run do not count.
    public var turnCount: UInt64 = 0
    /// The run is at its end, and has only to return.
    public var hasEnded = false

    /// Describes a loop that has not begun.
    public init() {}
}
