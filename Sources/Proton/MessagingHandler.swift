// What proton reports.
// SPDX-License-Identifier: Apache-2.0

public import AMQP

/// Receives the events of one container.
///
/// An id is the one that was given when the connection, session or sender was made. Nothing is
/// reported for one whose Swift object is gone.
///
/// - Isolation: the container's loop, one call at a time. A call must not block: nothing else
///   happens meanwhile.
public protocol MessagingHandler: AnyObject {
    /// Reports the beginning of the run, before anything else.
    func containerStarted()

    /// Reports that the waker was used, or the time of ``Container/wake(at:)`` has come.
    func containerWoken()

    /// Reports the end of a look-up: the host's addresses, in the order in which they are to be tried,
    /// or why there are none.
    func hostLookedUp(_ id: ConnectionID, _ addresses: [String], failure: String)

    /// Reports the peer's open, with its container id.
    func connectionOpened(_ id: ConnectionID, peer: String)

    /// Reports the end of a connection, once. Only one more ``batchEnded(_:)`` follows.
    func connectionLost(_ id: ConnectionID, _ loss: ConnectionLoss, _ condition: ErrorCondition)

    /// Reports that the peer ended the session, or answered our end. Its links are gone with it.
    func sessionLost(_ id: SessionID, _ condition: ErrorCondition)

    /// Reports the peer's attach.
    func senderOpened(_ id: LinkID, _ properties: LinkProperties)

    /// Reports that the peer detached the link, or answered our close.
    ///
    /// - AMQP: §2.6.4. `isClosed` is false for a detach that keeps the terminus: the link is lost
    ///   all the same.
    func senderLost(_ id: LinkID, isClosed: Bool, _ condition: ErrorCondition)

    /// Reports the outcome of a delivery, at most once per tag, also on a link that was lost.
    func deliveryUpdated(_ tag: DeliveryTag, _ outcome: Outcome, on link: LinkID)

    /// Reports a frame of a connection that is traced.
    ///
    /// What a side proves itself with is left out of those of SASL. Nothing must be asked of proton here.
    func frameTraced(_ frame: TracedFrame, on connection: ConnectionID)

    /// Reports that all events that were read together have been reported.
    ///
    /// New credit and requests to drain are among them: see ``Sender/credit()``. The place to send
    /// from.
    func batchEnded(_ connection: ConnectionID)
}

/// What the peer said when it opened its end of a link.
public struct LinkProperties: Sendable, Hashable {
    /// Whether the peer has a target; if not, it refuses the link, and a detach follows (§2.6.3).
    public var hasTarget: Bool
    /// Largest message that the peer takes.
    ///
    /// 0: no limit (§2.7.3).
    /// - Units: bytes.
    public var maxMessageSize: UInt64
    /// Which messages the peer wants settled (§2.8.2).
    public var settleMode: SenderSettleMode

    /// Makes the properties.
    public init(hasTarget: Bool, maxMessageSize: UInt64, settleMode: SenderSettleMode = .mixed) {
        self.hasTarget = hasTarget
        self.maxMessageSize = maxMessageSize
        self.settleMode = settleMode
    }
}
