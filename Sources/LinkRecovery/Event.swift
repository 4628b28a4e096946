// Events that the state machines handle.
// SPDX-License-Identifier: Apache-2.0

public import AMQP

/// Something that the state machines are told.
///
/// What is read from the wire together is one batch: its events come first, then `batchEnded`.
/// After `batchEnded`, and after `timeCame`, the caller offers messages as long as they can be
/// taken, and says `turnEnded`.
public enum Event: Sendable {
    /// The run begins.
    case started
    /// Something came for a connection.
    case connection(ConnectionID, ConnectionEvent)
    /// The peer ended the session, or answered our end.
    case sessionLost(SessionID, ErrorCondition)
    /// Something came for a link.
    case link(LinkID, LinkEvent)
    /// All that was read together has been told.
    case batchEnded(ConnectionID)
    /// A sender took a message of this encoded size; only when it can be taken. The sequences that one
    /// sender takes rise, and may leave numbers out.
    case message(SenderID, sequence: UInt64, size: Int)
    /// No further message will ever come for this sender.
    case sourceEnded(SenderID)
    /// The time that was asked for may have come.
    case timeCame
    /// Nothing more can be taken now. When only the source keeps the next message back for a moment,
    /// what is left of a burst is for that.
    case turnEnded(isSourceDelayed: Bool = false)
    /// A stop was asked for; without a time, within the drain timeout.
    case stopRequested(within: Milliseconds? = nil)
}

/// Something that came for a connection.
public enum ConnectionEvent: Sendable {
    /// The name of its host is being looked up.
    case lookingUp
    /// The look-up has ended.
    case lookedUp
    /// The peer's open.
    case opened(peer: String)
    /// Its end, the last event of a connection.
    case lost(ConnectionLoss, ErrorCondition)
}

/// Something that came for a link.
public enum LinkEvent: Sendable {
    /// The peer's attach. Without a target the link is refused and a detach follows (§2.6.3).
    /// A largest message size of 0 means no limit.
    case opened(hasTarget: Bool, maxMessageSize: UInt64, settleMode: SenderSettleMode = .mixed)
    /// The peer's detach, closed or not, or its answer to ours.
    case detached(ErrorCondition)
    /// The link can't be asked for on its session: the peer's handle-max is reached (§2.7.2).
    case handlesUsedUp(ErrorCondition)
    /// The credit that is left, and whether the peer asks for it back (§2.6.7).
    case credit(Int, isDraining: Bool)
    /// What became of a delivery.
    case outcome(DeliveryTag, Outcome)
}
