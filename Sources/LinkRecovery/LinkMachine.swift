// Decides for one link: attach, credit, what to send, and what an outcome means.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

/// What a link asks of the connection that it is on.
enum LinkDemand: Equatable {
    /// What was opened last does not answer: end the session and open another.
    case anotherSession
    /// Bytes do not leave: end the connection.
    case anotherConnection(ErrorCondition)
    /// The link is refused, and has been for long: end the connection and try the next endpoint.
    case anotherEndpoint(ErrorCondition)
    /// Trying again with this endpoint does not help.
    case refused(ErrorCondition)
    /// Trying again does not help.
    case end(End)
    /// The peer may not have read everything, for this reason.
    case endUnflushed(ErrorCondition)
}

/// The decisions for one link after the other, of which at most one lives.
///
/// The ledger and the tally outlive links, sessions and connections.
struct LinkMachine {
    enum State: Equatable {
        /// There is no session to attach to.
        case detached
        /// The next attach is due at this time.
        case waiting(until: Instant)
        /// The attach was sent; no answer yet.
        case attaching(LinkID, deadline: Instant)
        /// The peer's attach came. It may have been a refusal, with the detach behind it.
        case open(LinkID)
        /// We gave the link up and closed it; the peer has not answered yet.
        case closing(LinkID, deadline: Instant)
    }

    let options: RecoveryOptions
    let conditions: ErrorConditions
    var state = State.detached
    var ledger = Ledger()
    var tally = Tally()
    var pacemaker: Pacemaker
    var isSourceEnded = false
    /// A stop was asked for: nothing new is taken.
    var isStopping = false
    /// Nothing is taken or sent any more.
    var isEnding = false

    // Of the current link.
    var credit = 0
    var isDraining = false
    var maxMessageSize: UInt64 = 0
    var hasHadCredit = false
    var sentOnLink = 0
    var reading = ReadingProgress()
    /// The link has reset the ladder.
    var isProven = false
    /// Credit has been held since then, on a link that is not proven yet.
    var provingSince: Instant?
    /// There has been no credit since then, though it is wanted.
    var creditlessSince: Instant?
    /// The same, with nothing in flight.
    var idleSince: Instant?
    var isStarvationNoticed = false
    /// The router refuses messages because the route is gone; a detach is awaited until then.
    var routeLostDeadline: Instant?
    /// The link is closed so that its peer shows that it has read everything.
    var isFlushing = false

    // Of the run.
    var outgoing = Outgoing()
    /// A link has had credit for one maximum interval: as good a sign as an acceptance, where none
    /// can come.
    var hasHeldCredit = false
    var lastLink: UInt64 = 0
    var lastSequence: UInt64 = 0
    /// The last link that carried deliveries, kept for its late outcomes.
    var keptLink: LinkID?
    /// Returns of this batch: what they mean depends on whether the batch ends with a loss.
    var returns: [(tag: DeliveryTag, outcome: Outcome, link: LinkID)] = []
    var outcomeDoublings = 0
    var creditTimeoutSince: Instant?
    var sizeExceededCount = 0
    var interruption: Interruption?
    var longestInterruption: Milliseconds = 0
    var sentInTurn = 0
    var isUnknownStateNoticed = false

    struct Interruption: Equatable {
        var since: Instant
        var attempts = 0
    }

    init(options: RecoveryOptions, pace: SendPace) {
        self.options = options
        conditions = ErrorConditions(options: options)
        pacemaker = Pacemaker(pace: pace)
    }

    /// The link that lives, or is being asked for.
    var currentLink: LinkID? {
        switch state {
        case .detached, .waiting: nil
        case .attaching(let link, _), .open(let link), .closing(let link, _): link
        }
    }

    var isOpen: Bool {
        if case .open = state { return routeLostDeadline == nil }
        return false
    }

    /// The run begins, and with it the wait for credit.
    mutating func start(now: Instant) {
        creditTimeoutSince = now
    }

    // MARK: From the wire

    mutating func handle(
        _ event: LinkEvent, on link: LinkID, ladder: inout RetryLadder, now: Instant,
        into actions: inout [Action]
    ) {
        switch event {
        case .opened(_, let maxMessageSize, _):
            guard case .attaching(link, _) = state else {
                // Given up already, it opens late.
                if currentLink != link { actions.append(.closeLink(link)) }
                return
            }
            state = .open(link)
            self.maxMessageSize = maxMessageSize
            ladder.answered()
        case .credit(let credit, let isDraining):
            guard case .open(link) = state else { return }
            update(credit: credit, isDraining: isDraining, now: now, into: &actions)
        case .outcome(let tag, .accepted):
            accept(tag, on: link, ladder: &ladder, into: &actions)
        case .outcome(let tag, let outcome):
            returns.append((tag, outcome, link))
        case .lost:
            break  // Held back to the end of the batch.
        }
    }

    private mutating func update(
        credit: Int, isDraining: Bool, now: Instant, into actions: inout [Action]
    ) {
        self.credit = credit
        self.isDraining = isDraining
        guard credit > 0 else { return }
        creditTimeoutSince = nil
        // Also when it is used up before this turn ends.
        creditlessSince = nil
        idleSince = nil
        isStarvationNoticed = false
        if !isProven, routeLostDeadline == nil { provingSince = provingSince ?? now }
        guard !hasHadCredit else { return }
        hasHadCredit = true
        // A new link: what was held back on the old one may go.
        ledger.releasePaced(until: .distantFuture)
        dropKeptLink(into: &actions)
        actions.append(.report(.linkOpened(hasCredit: true)))
        restore(now: now, into: &actions)
        actions.append(.report(.sendable))
        pacemaker.start(now: now)
    }

    /// The peer has taken credit back (§2.6.7).
    mutating func limitCredit(to credit: Int) {
        self.credit = min(self.credit, credit)
    }

    private mutating func restore(now: Instant, into actions: inout [Action]) {
        guard let interruption else { return }
        let downtime = now - interruption.since
        longestInterruption = max(longestInterruption, downtime)
        actions.append(
            .report(
                .restored(
                    downtime: downtime, attempts: interruption.attempts,
                    resent: ledger.waitingCount)))
        self.interruption = nil
    }

    // MARK: Attaching

    /// Asks for a link on the current session.
    mutating func attach(now: Instant, into actions: inout [Action]) {
        if lastLink > 0 { actions.append(.report(.reopening(sent: tally.settled))) }
        lastLink += 1
        let link = LinkID(lastLink)
        interruption?.attempts += 1
        credit = 0
        isDraining = false
        maxMessageSize = 0
        hasHadCredit = false
        sentOnLink = 0
        reading = ReadingProgress()
        isProven = false
        provingSince = nil
        creditlessSince = nil
        idleSince = nil
        creditTimeoutSince = creditTimeoutSince ?? now
        isStarvationNoticed = false
        routeLostDeadline = nil
        state = .attaching(link, deadline: limit(options.openTimeout, from: now))
        actions.append(.openLink(link))
    }

    func limit(_ length: Milliseconds, from now: Instant) -> Instant {
        length == 0 ? .distantFuture : now + length
    }

    // MARK: Account

    func summarize(into summary: inout Summary, now: Instant) {
        summary.taken = tally.taken
        summary.accepted = tally.accepted
        summary.rejected = tally.rejected
        summary.givenUp = tally.givenUp
        summary.unconfirmed = tally.unconfirmed
        summary.inDoubt = ledger.inDoubtCount
        summary.unsent = ledger.count - summary.inDoubt
        summary.resent = tally.resent
        summary.lateOutcomes = tally.late
        summary.released = tally.released
        summary.linkLosses = tally.linkLosses
        let current = interruption.map { now - $0.since } ?? 0
        summary.longestInterruption = max(longestInterruption, current)
    }
}
