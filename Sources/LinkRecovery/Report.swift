// Reports of a run to its observers.
// SPDX-License-Identifier: Apache-2.0

public import AMQP

/// An event for a person or a log; the run does not depend on it.
public enum Report: Sendable, Hashable {
    /// The peer's open came.
    case connectionOpened(peer: String)
    /// The connection is lost, and with it links, of which one had credit if it `wasOpen`.
    ///
    /// `retryIn` is nil if the run ends with it. `unopened` is the index of the endpoint if its peer had not
    /// opened: then connecting has failed.
    case connectionLost(
        ErrorCondition, retryIn: Milliseconds?, unopened: Int? = nil, wasOpen: Bool = false)
    /// The peer ended a session, and with it links, of which one had credit if it `wasOpen`; another session
    /// follows after `retryIn`.
    case sessionLost(ErrorCondition, retryIn: Milliseconds, wasOpen: Bool = false)
    /// An event of a sender.
    case link(SenderID, LinkReport)
    /// Something takes longer than usual, or is unusual.
    case notice(Notice)
    /// The run is going to end for this reason, which may be an error that the report before this has given.
    case ending(End)
}

/// An event of a sender or of its present link.
public enum LinkReport: Sendable, Hashable {
    /// The link has its first credit, or none has come in time.
    case opened(hasCredit: Bool)
    /// There is credit to send with.
    case sendable
    /// Messages were sent, one after the other; `total` counts final messages and those in flight behind the
    /// last of them.
    case sent(total: Int, count: Int = 1)
    /// An outcome of messages came, or one was given up: the tally has changed.
    case outcome(OutcomeReport)
    /// The link was closed or detached at this stage, with this condition, which may be none; it may have been
    /// given up before.
    case lost(ErrorCondition, at: LinkStage, wasGivenUp: Bool = false)
    /// The sender attaches again; `sent` counts final messages.
    case reopening(sent: Int)
    /// Credit is back after an interruption of `downtime` milliseconds.
    case restored(downtime: Milliseconds, attempts: Int, resent: Int)
    /// Something takes longer than usual, or is unusual.
    case notice(Notice)
    /// The link is given up for this reason at this stage, before its detach has come.
    case givenUp(Notice, at: LinkStage)
    /// The sender ends with messages that have no final outcome: these of them may have arrived, and no other, in
    /// their order. It comes once.
    case unresolved(inDoubt: [UInt64])
    /// The sender has ended for this reason, while others of the run go on.
    case ended(End)
}

/// The stage of a link.
public enum LinkStage: Sendable, Hashable {
    /// The attach was sent; nothing was reported of the link.
    case attaching
    /// The link was reported as opened without credit.
    case withoutCredit
    /// The link has had credit.
    case withCredit
}

/// The final outcome of a message, which is not sent again.
public enum FinalOutcome: Sendable, Hashable {
    /// The peer has taken responsibility (§3.4.2).
    case accepted
    /// The peer refuses the message, for this condition (§3.4.3).
    case rejected(ErrorCondition)
    /// The sender stops trying, for this reason.
    case givenUp(GivenUpReason)
    /// It was sent settled, so that no outcome comes (§2.8.2).
    case unconfirmed
}

/// The outcome of messages, and the tally behind the last of them.
public struct OutcomeReport: Sendable, Hashable {
    /// Whether the outcome is final.
    public enum Kind: Sendable, Hashable {
        /// The message is not sent again.
        case final(FinalOutcome)
        /// Released, modified or settled without a state: the message is sent again.
        case returned
    }

    /// The sequences of the messages, from 1, in the order of their outcomes.
    ///
    /// Several only for accepted and unconfirmed.
    public var sequences: [UInt64]
    /// The outcome.
    public var kind: Kind
    /// Messages finally accepted so far.
    public var accepted: Int
    /// Messages finally rejected so far.
    public var rejected: Int
    /// Outcomes released and modified so far.
    public var released: Int
}

/// Why a sender gives a message up.
public enum GivenUpReason: Sendable, Hashable {
    /// Modified with undeliverable-here (§3.4.5).
    case undeliverableHere
    /// Larger than the link's max-message-size (§2.7.3), in bytes.
    case tooLarge(size: Int, limit: UInt64)
    /// Returned more often than is allowed.
    case redeliveriesUsedUp
}

/// Something that takes longer than usual, or is unusual.
public enum Notice: Sendable, Hashable {
    /// No credit for this long; the link is open.
    case noCredit(after: Milliseconds)
    /// Still none, with nothing in flight: the link is closed and opened again.
    case reopenedForCredit
    /// No answer to an attach in time. The broker may hold the queue with another durability.
    case attachUnanswered(attempt: Int)
    /// The same, and the begin of its session is not answered either.
    case beginUnanswered(attempt: Int)
    /// Three attaches in a row were not answered: another session is tried.
    case sessionGivenUp
    /// No answer to the look-up of a host's name in time.
    case lookUpUnanswered
    /// No answer to the connect or the open in time.
    case connectUnanswered
    /// The oldest delivery in flight has no outcome after this long: the link is given up.
    case outcomeOverdue(after: Milliseconds)
    /// The same, and bytes have not left: the peer's session window is closed, or it does not read.
    case windowClosed(after: Milliseconds)
    /// The router refuses messages because the route behind the link is gone.
    case routeLost
    /// A delivery was settled with a state that is no outcome, of this descriptor: it is sent again.
    case unknownState(descriptor: String)
    /// Messages are rejected for this condition, which is not final: they are sent again.
    case rejectionReturned(ErrorCondition)
    /// A close was not answered in time.
    case closeUnanswered
    /// A stop was requested; unfinished messages are waited for at most this long.
    case stopping(within: Milliseconds)
}

/// Why a run or a sender has ended.
public enum End: Sendable, Hashable {
    /// Every message taken is final, and the source is at its end.
    case finished
    /// A stop was requested.
    case stopped
    /// The connection failed, and no other may follow.
    case connectionFailed(ErrorCondition)
    /// The peer refuses the login.
    case authenticationRefused(ErrorCondition)
    /// A connection, session or link ended with a condition that another attempt does not cure.
    case fatalCondition(ErrorCondition)
    /// The retry policy allows no further attempt; with the last condition.
    case attemptsUsedUp(Int, ErrorCondition)
    /// There was no credit for the allowed time.
    case creditTimedOut(after: Milliseconds)
    /// All was sent settled, and the peer may not have read everything, for this reason.
    case unflushed(ErrorCondition)
    /// The peer wants every message unsettled (§2.8.2).
    case settledRefused
    /// The peer wants every message settled (§2.8.2).
    case unsettledRefused
}

/// The account of a run or a sender.
///
/// It adds up: taken = accepted + rejected + givenUp + unconfirmed + inDoubt + unsent.
public struct Summary: Sendable, Hashable {
    /// Messages taken from the source.
    public var taken = 0
    /// Final: accepted.
    public var accepted = 0
    /// Final: rejected.
    public var rejected = 0
    /// Final: given up.
    public var givenUp = 0
    /// Final: sent settled, so that no outcome comes.
    public var unconfirmed = 0
    /// Not final: had an attempt without an outcome, or was modified.
    public var inDoubt = 0
    /// Not final: no attempt can have arrived.
    public var unsent = 0
    /// Attempts beyond the first.
    public var resent = 0
    /// Outcomes that came late and changed nothing.
    public var lateOutcomes = 0
    /// Outcomes released and modified.
    public var released = 0
    /// Links that were lost, or given up, after they had had credit.
    public var linkLosses = 0
    /// Connections made beyond the first.
    public var reconnects = 0
    /// The longest time between a loss and the next credit.
    public var longestInterruption: Milliseconds = 0
    /// From start to end.
    public var elapsed: Milliseconds = 0

    /// An empty account.
    public init() {}

    /// Adds the account of another sender of the same run.
    public mutating func add(_ other: Summary) {
        taken += other.taken
        accepted += other.accepted
        rejected += other.rejected
        givenUp += other.givenUp
        unconfirmed += other.unconfirmed
        inDoubt += other.inDoubt
        unsent += other.unsent
        resent += other.resent
        lateOutcomes += other.lateOutcomes
        released += other.released
        linkLosses += other.linkLosses
        longestInterruption = max(longestInterruption, other.longestInterruption)
    }

    /// Whether the account adds up.
    public var addsUp: Bool {
        taken == accepted + rejected + givenUp + unconfirmed + inDoubt + unsent
    }
}
