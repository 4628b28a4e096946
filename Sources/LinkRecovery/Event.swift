// What can happen to a run.
// SPDX-License-Identifier: Apache-2.0

public import AMQP

/// Something that the machines are told.
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
    case sessionLost(SessionID, Condition)
    /// Something came for a link.
    case link(LinkID, LinkEvent)
    /// All that was read together has been told.
    /// `outgoingBytes` have not left the session yet; only pre-settled runs look at them.
    case batchEnded(ConnectionID, outgoingBytes: Int = 0)
    /// A message of this encoded size was taken; only when it can be taken. Sequences rise, and may
    /// leave numbers out.
    case message(sequence: UInt64, size: Int)
    /// No further message will ever come.
    case sourceEnded
    /// The time that was asked for may have come. `outgoingBytes` have not left the session yet, and
    /// this credit is left: a peer may take some back by a flow that proton tells nobody of.
    /// Without an answer to the begin no attach is answered.
    case timeCame(outgoingBytes: Int, credit: Int = .max, isSessionAnswered: Bool = true)
    /// Nothing more can be taken now.
    case turnEnded
    /// A stop was asked for.
    case stopRequested
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
    case lost(ConnectionLoss, Condition)
}

/// How a connection ended.
public enum ConnectionLoss: Sendable {
    /// With a close of the peer's, or its answer to ours.
    case closed
    /// The transport ended without a close.
    case transport
    /// SASL refused us.
    case authentication
}

/// Something that came for a link.
public enum LinkEvent: Sendable {
    /// The peer's attach. Without a target the link is refused and a detach follows (§2.6.3).
    /// A largest message size of 0 means no limit.
    case opened(hasTarget: Bool, maxMessageSize: UInt64, settleMode: SenderSettleMode = .mixed)
    /// The peer's detach, closed or not, or its answer to ours.
    case lost(Condition)
    /// The credit that is left, and whether the peer asks for it back (§2.6.7).
    case credit(Int, isDraining: Bool)
    /// What became of a delivery.
    case outcome(Tag, Outcome)
}

/// The terminal state of a delivery (§3.4).
public enum Outcome: Sendable {
    /// The peer has taken responsibility.
    case accepted
    /// The peer refuses the message.
    case rejected(Condition)
    /// The peer did not and will not process it.
    case released
    /// The peer may have processed it.
    case modified(isUndeliverableHere: Bool)
    /// The peer settled without a state: nothing is known.
    case none
}
