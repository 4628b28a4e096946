// Observer of the events of a run.
// SPDX-License-Identifier: Apache-2.0

public import LinkRecovery

/// Watches a run.
///
/// - Isolation: the container's loop; must not block.
public protocol SendingObserver: AnyObject {
    /// Something happened.
    func observe(_ report: Report)

    /// All that could be done now is done: the place to write what was gathered.
    ///
    /// It comes as well before another sender gets the id of one that has ended.
    func willIdle()

    /// Whether new messages are to be held up, because what was observed can't be passed on.
    /// When that ends, ``StopHandle/wake()`` asks for the next look.
    var isHoldingUp: Bool { get }

    /// Whether reports are left that could not be written in ``willIdle()``: they name senders by their ids, and no
    /// id is given to another sender before they are written.
    ///
    /// - Default: false.
    var hasUnwrittenReports: Bool { get }
}

extension SendingObserver {
    /// None are left.
    public var hasUnwrittenReports: Bool { false }
}
