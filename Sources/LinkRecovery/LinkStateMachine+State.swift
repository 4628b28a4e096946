// What the states of a link have in common.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

extension LinkStateMachine.State {
    /// The attach that lives, or is being asked for.
    var attachment: Attachment? {
        switch self {
        case .detached, .waiting: nil
        case .attaching(let attachment, _), .open(let attachment), .routeLost(let attachment, _),
            .closing(let attachment, _), .flushing(let attachment, _):
            attachment
        }
    }

    /// Whether this is the link that the peer has opened, and that was not given up.
    func isOpen(_ link: LinkID) -> Bool {
        switch self {
        case .open(let attachment), .routeLost(let attachment, _): attachment.link == link
        case .detached, .waiting, .attaching, .closing, .flushing: false
        }
    }

    /// Changes the attachment of an open link; nil when this link is not open.
    mutating func update<Result>(
        _ link: LinkID, _ body: (inout Attachment) -> Result
    ) -> Result? {
        switch self {
        case .open(var attachment) where attachment.link == link:
            defer { self = .open(attachment) }
            return body(&attachment)
        case .routeLost(var attachment, let deadline) where attachment.link == link:
            defer { self = .routeLost(attachment, deadline: deadline) }
            return body(&attachment)
        case .detached, .waiting, .attaching, .open, .routeLost, .closing, .flushing:
            return nil
        }
    }
}

extension LinkStateMachine {
    var isOpen: Bool {
        if case .open = state { true } else { false }
    }

    /// Whether a connection is not to be given up for the sake of other senders.
    var isServed: Bool {
        guard case .open(let attachment) = state else { return false }
        return attachment.credit > 0 || ladder.hasWorkedSinceAttach
    }

    /// Whether a link was one of this sender's, and not of one that had its place before.
    func hasAsked(for link: LinkID) -> Bool { link.attach > formerAttach }

    /// Whether it has ended, and its link is gone: its place may be another's.
    var hasGone: Bool {
        guard end != nil, case .detached = state else { return false }
        return true
    }
}

/// What a link asks of the connection that it is on.
enum LinkDemand: Sendable {
    /// Nothing answers on this session.
    case anotherSession(isAnswered: Bool)
    /// Bytes do not leave, so that no detach would either.
    case unreadConnection
    /// The link is refused, and has been for long.
    case anotherEndpoint(ErrorCondition)
    /// Trying again with this endpoint does not help.
    case refused(ErrorCondition)
    /// Trying again does not help.
    case end(End)
    /// The peer may not have read everything, for this reason.
    case endUnflushed(ErrorCondition)
}

/// What the condition of a detach means beyond another attempt.
enum DetachVerdict: Sendable {
    /// The end.
    case fatal(End)
    /// This endpoint will never let us send there.
    case refused(ErrorCondition)
}
