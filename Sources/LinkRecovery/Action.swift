// Actions that the state machines ask for.
// SPDX-License-Identifier: Apache-2.0

public import AMQP

/// Something that a ``RecoveryContext`` does.
public enum Action: Sendable {
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
    /// Open a link on a session, named by its number.
    case openLink(LinkID, on: SessionID)
    /// Send detach with closed=true; the loss of the link follows. It may be one that was freed
    /// before the peer opened it.
    case closeLink(LinkID)
    /// Free a link: its outcomes are ignored from now on.
    case freeLink(LinkID)
    /// Send a message on an open link.
    case send(sequence: UInt64, tag: DeliveryTag, on: LinkID)
    /// Answer a drain on an open link.
    case returnCredit(on: LinkID)
    /// The message is final: its bytes are not needed any more.
    case free(sequence: UInt64, of: SenderID)
    /// Say `timeCame` at this time, in place of the time asked for before.
    case wake(at: Instant)
    /// Tell whoever watches.
    case report(Report)
    /// The run is over. Nothing follows.
    case finish(End)
}
