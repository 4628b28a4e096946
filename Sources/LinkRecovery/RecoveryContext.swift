// Carries out what the state machines decide.
// SPDX-License-Identifier: Apache-2.0

package import AMQP

/// Carries out what the state machines decide, at once and in order, and reads the connection's state for
/// them.
///
/// A step that each message takes has a requirement of its own, so that no ``Action`` is made for it. No
/// requirement may call a state machine.
package protocol RecoveryContext {
    /// The backlog of the session's links: sent, and not passed to the transport yet; 0 for a session that
    /// is gone.
    ///
    /// - Units: bytes.
    func outgoingBytes(on session: SessionID) -> Int

    /// Whether the peer has answered the begin of the session.
    func isAnswered(_ session: SessionID) -> Bool

    /// The credit that is left on a link.
    ///
    /// It may be less than the last event said: a peer can take some back by a flow that proton does not
    /// report (§2.6.7).
    func credit(of link: LinkID) -> Int

    /// Carries out an action.
    mutating func perform(_ action: Action)

    /// Sends a message of this encoded size on an open link.
    mutating func send(sequence: UInt64, size: Int, tag: DeliveryTag, on link: LinkID)

    /// Frees the bytes of messages: they are final.
    mutating func free(_ sequences: [UInt64], of sender: SenderID)

    /// Offers a sender its messages, one after the other, while there is room for one of this encoded size.
    ///
    /// Each that is offered is taken, and sent before the next. The sequences of a sender ascend, and may have
    /// gaps.
    mutating func offerMessages(
        to sender: SenderID, while hasRoom: (_ size: Int) -> Bool,
        _ take: (inout Self, _ sequence: UInt64, _ size: Int) -> Void)

    /// Passes a report of a sender on to the observers.
    mutating func report(_ report: LinkReport, of sender: SenderID)
}

extension RecoveryContext {
    /// Sends a message on an open link, as an action.
    package mutating func send(sequence: UInt64, size: Int, tag: DeliveryTag, on link: LinkID) {
        perform(.send(sequence: sequence, tag: tag, on: link))
    }

    /// Frees the bytes of messages, by an action each.
    package mutating func free(_ sequences: [UInt64], of sender: SenderID) {
        for sequence in sequences { perform(.free(sequence: sequence, of: sender)) }
    }

    /// Passes a report of a sender on, as an action.
    package mutating func report(_ report: LinkReport, of sender: SenderID) {
        perform(.report(.link(sender, report)))
    }

    mutating func report(_ report: Report) {
        perform(.report(report))
    }
}
