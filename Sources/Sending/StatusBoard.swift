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
/// Isolation: any thread.
public final class StatusBoard: Sendable {
    private let newest = Mutex(Status())

    /// Makes a board.
    public init() {}

    /// The newest status.
    public var status: Status {
        newest.withLock { $0 }
    }

    func post(_ status: Status) {
        newest.withLock { $0 = status }
    }
}

extension Instant {
    /// This moment, on the clock of every run.
    public static var now: Instant { Instant(milliseconds: Container.monotonicMilliseconds) }
}
