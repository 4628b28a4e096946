// Access to the attachment in a link's state, and what a link demands of its connection.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

extension LinkStateMachine.State {
    /// The attach that lives, or is pending.
    var attachment: Attachment? {
        switch self {
        case .detached, .waiting: nil
        case .attaching(let attachment, _), .open(let attachment), .routeLost(let attachment, _),
            .closing(let attachment, _), .flushing(let attachment, _):
            attachment
        }
    }

    /// Whether this link is attached, and was not given up.
    func isOpen(_ link: LinkID) -> Bool {
        switch self {
        case .open(let attachment), .routeLost(let attachment, _): attachment.link == link
        case .detached, .waiting, .attaching, .closing, .flushing: false
        }
    }

    /// Changes the attachment of an open link; returns nil if this link is not open.
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
    /// The account so far.
    func summary(now: Instant) -> Summary {
        var summary = deliveries.summary
        summary.longestInterruption = interruptions.longest(now: now)
        return summary
    }

    /// Elements that are stored: bounded by the window, however long a peer stays dead.
    var footprint: Int { deliveries.ledger.footprint }

    /// The length of the interruption that goes on; nil when there is none.
    func interruption(now: Instant) -> Microseconds? {
        interruptions.since.map { now.microseconds(since: $0) }
    }

    var isOpen: Bool {
        if case .open = state { true } else { false }
    }

    /// Whether the link is to be attached as soon as there is a session.
    var isDetached: Bool {
        if case .detached = state { true } else { false }
    }

    /// Whether a stop has something to wait for.
    var isWorking: Bool { !deliveries.ledger.isEmpty || needsFlush || isFlushing }

    /// Whether the sender is served: then its connection is not given up for another sender.
    var isServed: Bool {
        guard case .open(let attachment) = state else { return false }
        return attachment.credit > 0 || ladder.hasWorkedSinceAttach
    }

    /// Whether the link has had credit, and was not given up: the loss of its session interrupts the sender.
    var hadCredit: Bool {
        guard end == nil, let attachment = state.attachment else { return false }
        return attachment.hasHadCredit && !attachment.isGivenUp
    }

    /// The end of a sender whose link has another settle mode than it needs; nil when it has not.
    func refusal(of mode: SenderSettleMode) -> End? {
        switch mode {
        case .unsettled: options.isPreSettled ? .settledRefused : nil
        case .settled: options.isPreSettled ? nil : .unsettledRefused
        case .mixed: nil
        }
    }

    /// Whether a link is one of this sender, not of one that had its place before.
    func hasAsked(for link: LinkID) -> Bool { link.attach > formerAttach }

    /// Whether the sender has ended and its link is gone, so that another may take its place.
    var hasGone: Bool {
        end != nil && isDetached
    }
}

/// A demand of a link on its connection.
enum LinkDemand: Sendable {
    /// The link gets no answer on this session; `isAnswered`: the session's begin got one.
    case anotherSession(isAnswered: Bool)
    /// The peer does not read: neither would it read a detach.
    case unreadConnection
    /// The link has been refused for one open timeout.
    case anotherEndpoint(ErrorCondition)
    /// This endpoint refuses the target for good.
    case refused(ErrorCondition)
    /// The sender ends.
    case end(End)
    /// The sender ends, and the peer may not have read everything, for this reason.
    case endUnflushed(ErrorCondition)
}

/// The meaning of a detach's condition, besides another attempt.
enum DetachVerdict: Sendable {
    /// The sender ends.
    case fatal(End)
    /// This endpoint refuses the target for good.
    case refused(ErrorCondition)
}
