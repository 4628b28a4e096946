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
    func hostLookedUp(_ id: UInt64, _ addresses: [String], failure: String)

    /// Reports the peer's open, with its container id.
    func connectionOpened(_ id: UInt64, peer: String)

    /// Reports the end of a connection, once. Only one more ``batchEnded(_:)`` follows.
    func connectionLost(_ id: UInt64, _ loss: ConnectionLoss, _ condition: ErrorCondition)

    /// Reports that the peer ended the session, or answered our end. Its links are gone with it.
    func sessionLost(_ id: UInt64, _ condition: ErrorCondition)

    /// Reports the peer's attach.
    func senderOpened(_ id: UInt64, _ properties: LinkProperties)

    /// Reports that the peer detached the link, or answered our close.
    ///
    /// - AMQP: §2.6.4. `isClosed` is false for a detach that keeps the terminus: the link is lost
    ///   all the same.
    func senderLost(_ id: UInt64, isClosed: Bool, _ condition: ErrorCondition)

    /// Reports the outcome of a delivery, at most once per tag, also on a link that was lost.
    func deliveryUpdated(tag: UInt64, _ outcome: DeliveryOutcome, on link: UInt64)

    /// Reports a frame of a connection that is traced, as proton writes it.
    ///
    /// What SASL sends is left out of it. Nothing must be asked of proton here.
    func frameTraced(_ line: String, on connection: UInt64)

    /// Reports that all events that were read together have been reported.
    ///
    /// New credit and requests to drain are among them: see ``Sender/credit()``. The place to send
    /// from.
    func batchEnded(_ connection: UInt64)
}

/// How a connection ended.
public enum ConnectionLoss: Sendable, Hashable {
    /// The peer sent close, or answered ours.
    case closed
    /// The transport failed or ended without a close; the condition is proton's own.
    case transport
    /// SASL refused us.
    case authentication
}

/// An error condition as the peer, or proton itself, gave it (§2.8.14).
public struct ErrorCondition: Sendable, Hashable {
    /// The symbol, such as `amqp:not-found`; empty when there is no condition.
    public var name: String
    /// Text for a person.
    ///
    /// A peer's: it may hold anything.
    public var description: String

    /// Makes a condition.
    public init(name: String = "", description: String = "") {
        self.name = name
        self.description = description
    }
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

/// A delivery's terminal state (§3.4).
public enum DeliveryOutcome: Sendable, Hashable {
    /// Settled by the peer without a state.
    case none
    /// Taken.
    case accepted
    /// Refused for good.
    case rejected(ErrorCondition)
    /// Given back untouched.
    case released
    /// Given back changed.
    case modified(deliveryFailed: Bool, undeliverableHere: Bool)
}
