// Actions that the state machines ask for.
// SPDX-License-Identifier: Apache-2.0

package import AMQP

/// Something that a ``RecoveryContext`` does.
package enum Action: Sendable {
    /// Connect to the endpoint of this index.
    case connect(ConnectionID, endpoint: Int)
    /// Send close; the loss of the connection follows.
    case closeConnection(ConnectionID)
    /// End it without the peer's help; the loss of the connection follows.
    case abortConnection(ConnectionID)
    /// Open a session on the current connection.
    case openSession(SessionID)
    /// End it and free it, with all its links.
    case freeSession(SessionID)
    /// Attach a link on a session, under a name made of its number.
    case openLink(LinkID, on: SessionID)
    /// Send detach with closed=true; the loss of the link follows. The link may have been freed before
    /// the peer attached it.
    case closeLink(LinkID)
    /// Free a link: its outcomes are ignored from now on.
    case freeLink(LinkID)
    /// Send a message on an open link.
    case send(sequence: UInt64, tag: DeliveryTag, on: LinkID)
    /// Answer a drain on an open link.
    case returnCredit(on: LinkID)
    /// Free the bytes of a message: it is final.
    case free(sequence: UInt64, of: SenderID)
    /// Arm the wake-up for this time, in place of the time before: `timeCame` follows.
    case wake(at: Instant)
    /// Pass a report on to the observers.
    case report(Report)
    /// The run is over. Nothing follows.
    case finish(End)
}
