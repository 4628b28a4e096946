// Reports for whoever watches a run.
// SPDX-License-Identifier: Apache-2.0

public import AMQP

/// Something that happened, for a person or a log.
///
/// Nothing depends on it.
public enum Report: Sendable, Hashable {
    /// The peer's open came.
    case connectionOpened(peer: String)
    /// The connection is gone. `retryIn` is nil when that is the end of the run. `unopened` is the
    /// index of the endpoint when its peer had not opened: there was nothing to lose yet.
    case connectionLost(ErrorCondition, retryIn: Milliseconds?, unopened: Int? = nil)
    /// The peer ended a session; another is opened.
    case sessionLost(ErrorCondition, retryIn: Milliseconds)
    /// Something happened to a sender.
    case link(SenderID, LinkReport)
    /// Something takes longer than usual, or is odd: for standard error.
    case notice(Notice)
    /// The run is going to end for this reason, which may be an error that was reported just now.
    case ending(End)
}

/// Something that happened to a sender, and to the link that it has at that time.
public enum LinkReport: Sendable, Hashable {
    /// The link has its first credit (true), or was found without (false).
    case opened(hasCredit: Bool)
    /// There is credit to send with.
    case sendable
    /// A message was handed to the link; `total` counts finally settled ones and those in flight.
    case sent(total: Int)
    /// An outcome came, or a message was given up, which changed the tally.
    case outcome(OutcomeReport)
    /// The link is gone, closed or only detached, for this condition, which may be none, when it had come
    /// so far.
    case lost(ErrorCondition, at: LinkStage)
    /// Another link is asked for; `sent` counts finally settled messages.
    case reopening(sent: Int)
    /// Credit is back after an interruption.
    case restored(downtime: Milliseconds, attempts: Int, resent: Int)
    /// Something takes longer than usual, or is odd: for standard error.
    case notice(Notice)
    /// The link is given up for this reason, before its detach has come.
    case givenUp(Notice)
    /// The sender has ended for this reason, and others of the run go on.
    case ended(End)
}

/// How far a link has come.
public enum LinkStage: Sendable, Hashable {
    /// It was asked for; nothing was reported of it.
    case attaching
    /// It was reported as opened without credit.
    case withoutCredit
    /// It has had credit.
    case withCredit
}

/// What a message has become for good: it is not sent again.
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

/// One outcome, and the tally after it.
public struct OutcomeReport: Sendable, Hashable {
    /// What became of the message.
    public enum Kind: Sendable, Hashable {
        /// It is not sent again.
        case final(FinalOutcome)
        /// Released, modified or settled without a state: it is sent again.
        case returned
    }

    /// Which message, counted from 1.
    public var sequence: UInt64
    /// What became of it.
    public var kind: Kind
    /// Messages finally accepted so far.
    public var accepted: Int
    /// Messages finally rejected so far.
    public var rejected: Int
    /// Outcomes released and modified so far.
    public var released: Int
}

/// Why a message is not sent again.
public enum GivenUpReason: Sendable, Hashable {
    /// Modified with undeliverable-here (§3.4.5).
    case undeliverableHere
    /// Larger than the link's max-message-size (§2.7.3), in bytes.
    case tooLarge(size: Int, limit: UInt64)
    /// Returned more often than is allowed.
    case redeliveriesUsedUp
}

/// Something that is worth a sentence.
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
    /// A close was not answered in time.
    case closeUnanswered
    /// A stop was asked for; unfinished messages are waited for at most this long.
    case stopping(within: Milliseconds)
}

/// Why a run ended.
public enum End: Sendable, Hashable {
    /// Every message taken is final, and the source is at its end.
    case finished
    /// A stop was asked for.
    case stopped
    /// The connection failed and may not be tried again.
    case connectionFailed(ErrorCondition)
    /// The peer refuses who we are.
    case authenticationRefused(ErrorCondition)
    /// A session or link condition that trying again does not cure.
    case fatalCondition(ErrorCondition)
    /// The retry policy allows no further attempt; the last condition.
    case attemptsUsedUp(Int, ErrorCondition)
    /// No credit for as long as was allowed.
    case creditTimedOut(after: Milliseconds)
    /// All was sent settled, and the peer may not have read the last of it, for this reason.
    case unflushed(ErrorCondition)
    /// The peer wants every message unsettled (§2.8.2).
    case settledRefused
    /// The peer wants every message settled (§2.8.2).
    case unsettledRefused
}

/// The closing account.
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
    /// Outcomes that came when the message was final.
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
