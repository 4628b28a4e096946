// What the machines want done.
// SPDX-License-Identifier: Apache-2.0

public import AMQP

/// Something that the caller does at once, in order.
public enum Action: Sendable {
    /// Connect to the endpoint of this index.
    case connect(ConnectionID, endpoint: Int)
    /// Send close; the loss of the connection follows.
    case closeConnection(ConnectionID)
    /// End it without the peer's help; the loss of the connection follows.
    case abortConnection(ConnectionID)
    /// Open a session on the current connection.
    case openSession(SessionID)
    /// End it and forget it, with all its links.
    case dropSession(SessionID)
    /// Open a link on the current session, named by its number.
    case openLink(LinkID)
    /// Send detach with closed=true; the loss of the link follows. It may be one that was dropped
    /// before the peer opened it.
    case closeLink(LinkID)
    /// Forget a link; its outcomes are of no interest any more.
    case dropLink(LinkID)
    /// Send a message on the open link.
    case send(sequence: UInt64, tag: DeliveryTag)
    /// Answer a drain on the open link.
    case returnCredit
    /// The message is final: its bytes are not needed any more.
    case forget(sequence: UInt64)
    /// Say `timeCame` at this time, in place of the time asked for before.
    case wake(at: Instant)
    /// Tell whoever watches.
    case report(Report)
    /// The run is over. Nothing follows.
    case finish(End)
}
