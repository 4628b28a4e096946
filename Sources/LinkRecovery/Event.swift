// Events that the state machines handle.
// SPDX-License-Identifier: Apache-2.0

package import AMQP

/// An event for the state machines.
///
/// Events that were read from the wire together are a batch, which `batchEnded` ends. After `batchEnded`
/// and after `timeCame` the caller lets the machines take messages, as long as they do, and ends the turn
/// with `turnEnded`.
package enum Event: Sendable {
    /// The run begins.
    case started
    /// An event of a connection.
    case connection(ConnectionID, ConnectionEvent)
    /// The peer ended the session, or answered our end.
    case sessionLost(SessionID, ErrorCondition)
    /// An event of a link.
    case link(LinkID, LinkEvent)
    /// The batch is complete.
    case batchEnded(ConnectionID)
    /// No further message will ever come for this sender.
    case sourceEnded(SenderID)
    /// The armed wake-up may be due.
    case timeCame
    /// The turn is over: nothing more can be taken now. If the source only holds the next message back for
    /// a moment, the rest of a burst stays valid for it.
    case turnEnded(isSourceDelayed: Bool = false)
    /// A stop was requested: the run ends within this time; nil: within the drain timeout.
    case stopRequested(within: Milliseconds? = nil)
}

/// An event of a connection.
package enum ConnectionEvent: Sendable {
    /// The name of its host is being looked up.
    case lookingUp
    /// The look-up has ended.
    case lookedUp
    /// The peer's open.
    case opened(peer: String)
    /// The end of the connection, its last event.
    case lost(ConnectionLoss, ErrorCondition)
}

/// An event of a link.
package enum LinkEvent: Sendable {
    /// The peer's attach.
    case opened(LinkProperties)
    /// The peer's detach, closed or not, or its answer to ours.
    case detached(ErrorCondition)
    /// The session has no handle left for the link: the peer's handle-max is reached (§2.7.2).
    case handlesUsedUp(ErrorCondition)
    /// The credit that is left, and whether the peer asks to drain it (§2.6.7).
    case credit(Int, isDraining: Bool)
    /// Deliveries were accepted, in this order.
    case accepted([DeliveryTag])
    /// The outcome of a delivery.
    case outcome(DeliveryTag, Outcome)
}
