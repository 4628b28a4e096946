// State machine of one sender and the links that it uses.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

/// Decides for one sender: attach, credit, what to send, and what an outcome means for the link.
///
/// It has one link after the other, of which at most one lives. What a link needs of the connection it asks
/// for by a ``LinkDemand``.
struct LinkStateMachine: Sendable {
    /// Where the link stands.
    ///
    /// From each state the loss of the session leads to ``detached``.
    enum State: Sendable {
        /// No session, or the sender has ended. ``attach(on:now:with:)`` leads to `attaching`.
        case detached
        /// The next attach is due at this time. It leads to `attaching`.
        case waiting(until: Instant)
        /// The attach was sent. The peer's attach leads to `open`; its detach, or silence until the
        /// deadline, to `waiting`.
        case attaching(Attachment, deadline: Instant)
        /// The peer's attach came. It may have been a refusal, with the detach behind it, which leads to
        /// `waiting`; a routing failure leads to `routeLost`; an outcome or credit that does not come
        /// leads to `closing`; the end of pre-settled messages to `flushing`.
        case open(Attachment)
        /// The router refuses messages, because the route behind the link is gone. Its detach leads to
        /// `waiting`; without one, the deadline leads to `closing`.
        case routeLost(Attachment, deadline: Instant)
        /// The link was given up and closed. The peer's answer leads to `waiting`; without one, the
        /// deadline leads to another session.
        case closing(Attachment, deadline: Instant)
        /// The link was closed so that its peer shows that it has read everything. Its answer, or the
        /// deadline, leads to the sender's end.
        case flushing(Attachment, deadline: Instant)
    }

    let id: SenderID
    let options: RecoveryOptions
    let conditions: ConditionTable
    private(set) var state = State.detached
    var deliveries: Deliveries
    var flow: SendFlow
    var ladder: RetryLadder
    private(set) var isSourceEnded = false
    /// A stop was asked for: nothing new is taken.
    private(set) var isStopping = false
    /// Nothing is taken or sent any more.
    private(set) var isEnding = false
    /// Why the sender has ended.
    private(set) var end: End?
    /// Its link was closed because it has ended: the answer is no loss.
    private(set) var hasLeft = false
    /// The number of the last attach at this place, by this sender or one before it.
    private(set) var lastAttach: UInt32
    /// The last attach of the sender that had the place before.
    let formerAttach: UInt32
    /// The session of the current link, or of the last one.
    private var session: SessionID?
    /// The last link that carried deliveries, kept for its late outcomes.
    private(set) var keptLink: LinkID?
    /// A link has had credit for one maximum interval: as good a sign as an acceptance, where none
    /// can come.
    private(set) var hasHeldCredit = false
    private(set) var outcomeDoublings = 0
    var sizeExceededCount = 0
    private(set) var interruptions = Interruptions()
    private(set) var refusals = Refusals()

    /// Makes the machine of a sender; `lastAttach` is that of the sender that had its place before.
    init(
        id: SenderID, options: RecoveryOptions, pace: SendPace, ladder: RetryLadder, seed: UInt64,
        lastAttach: UInt32 = 0
    ) {
        self.id = id
        self.lastAttach = lastAttach
        formerAttach = lastAttach
        self.options = options
        self.ladder = ladder
        conditions = ConditionTable(options: options)
        deliveries = Deliveries(of: id, options: options, seed: seed)
        flow = SendFlow(pace: pace)
    }

    /// The link that lives, or is being asked for.
    var currentLink: LinkID? { state.attachment?.link }

    // MARK: The run

    /// The run begins, and with it the wait for credit.
    mutating func start(now: Instant) {
        flow.beginCreditTimeout(now: now)
    }

    mutating func endSource() {
        isSourceEnded = true
    }

    mutating func requestStop() {
        isStopping = true
    }

    /// From now on nothing is taken or sent.
    mutating func stopSending() {
        isEnding = true
    }

    mutating func end(with end: End) {
        isEnding = true
        self.end = self.end ?? end
    }

    // MARK: Attaching

    /// Asks for a link on this session.
    mutating func attach(
        on session: SessionID, now: Instant, with context: inout some RecoveryContext
    ) {
        if lastAttach > formerAttach {
            context.report(.reopening(sent: deliveries.tally.settled), of: id)
        }
        lastAttach += 1
        interruptions.countAttempt()
        ladder.attached()
        self.session = session
        flow.beginCreditTimeout(now: now)
        let attachment = Attachment(link: LinkID(sender: id, attach: lastAttach), session: session)
        state = .attaching(attachment, deadline: limit(options.openTimeout, from: now))
        context.perform(.openLink(attachment.link, on: session))
    }

    /// The peer's attach; returns whether it is for the link that was asked for.
    mutating func opened(
        _ link: LinkID, maxMessageSize: UInt64, with context: inout some RecoveryContext
    ) -> Bool {
        guard case .attaching(var attachment, _) = state, attachment.link == link else {
            // Given up already, it opens late.
            if currentLink != link { context.perform(.closeLink(link)) }
            return false
        }
        attachment.opened(maxMessageSize: maxMessageSize)
        state = .open(attachment)
        ladder.answered()
        return true
    }

    /// Nothing answered the attach in time.
    mutating func attachUnanswered(
        now: Instant, with context: inout some RecoveryContext
    ) -> LinkDemand? {
        let isSessionAnswered = session.map { context.isAnswered($0) } ?? true
        let isSessionGivenUp = ladder.unanswered()
        let attempt = ladder.unansweredAttaches
        report(
            isSessionAnswered
                ? .attachUnanswered(attempt: attempt) : .beginUnanswered(attempt: attempt),
            with: &context)
        let outgoingBytes = outgoingBytes(context)
        lose(now: now, with: &context)
        guard outgoingBytes == 0 else { return .unreadConnection }
        if isSessionGivenUp {
            report(.sessionGivenUp, with: &context)
            return .anotherSession(isAnswered: isSessionAnswered)
        }
        return waitForAttach(after: .none, now: now)
    }

    /// Waits for the next attach; returns the end when no other is allowed.
    mutating func waitForAttach(after condition: ErrorCondition, now: Instant) -> LinkDemand? {
        guard let delay = ladder.nextDelay() else {
            return .end(.attemptsUsedUp(ladder.attempts, condition))
        }
        state = .waiting(until: now + delay)
        return nil
    }

    // MARK: Credit

    mutating func grant(
        _ credit: Int, isDraining: Bool, on link: LinkID, now: Instant,
        with context: inout some RecoveryContext
    ) {
        let isProving = !ladder.hasWorkedSinceAttach && isOpen
        let isFirst = state.update(link) { attachment in
            attachment.grant(credit, isDraining: isDraining, isProving: isProving, now: now)
        }
        guard let isFirst, credit > 0 else { return }
        flow.endCreditTimeout()
        guard isFirst else { return }
        // A new link: what was held back on the old one may go.
        deliveries.releasePaced(until: .distantFuture)
        freeKeptLink(with: &context)
        context.report(.opened(hasCredit: true), of: id)
        restore(now: now, with: &context)
        context.report(.sendable, of: id)
        flow.pacer.start(now: now)
    }

    private mutating func restore(now: Instant, with context: inout some RecoveryContext) {
        guard let (downtime, attempts) = interruptions.end(now: now) else { return }
        let resent = deliveries.ledger.waitingCount
        context.report(
            .restored(downtime: downtime, attempts: attempts, resent: resent), of: id)
    }

    /// Looks at what may have changed without an event.
    mutating func poll(now: Instant, _ context: some RecoveryContext, isTimersTurn: Bool) {
        if isTimersTurn, let link = currentLink {
            _ = state.update(link) { $0.limitCredit(to: context.credit(of: link)) }
        }
        let outgoingBytes = outgoingBytes(context)
        flow.unflushed.look(outgoingBytes: outgoingBytes, now: now)
        let oldestEnd = deliveries.ledger.oldestInFlight?.endOffset ?? 0
        updateAttachment {
            $0.look(outgoingBytes: outgoingBytes, oldestEnd: oldestEnd, now: now)
        }
    }

    private func outgoingBytes(_ context: some RecoveryContext) -> Int {
        session.map { context.outgoingBytes(on: $0) } ?? 0
    }

    // MARK: Outcomes

    /// An acceptance is final at once, whatever else comes in its batch.
    mutating func accept(
        _ tag: DeliveryTag, on link: LinkID, with context: inout some RecoveryContext
    ) {
        guard deliveries.accept(tag, with: &context) else { return }
        sizeExceededCount = 0
        if state.isOpen(link) { prove() }
    }

    /// The batch is over: decides what its other outcomes mean, which depends on whether it took the link
    /// with it.
    mutating func settle(
        _ returns: [Batch.Return], isLost: Bool, now: Instant,
        with context: inout some RecoveryContext
    ) {
        // A route that is found lost makes every rejection of the batch one of a lost route.
        if returns.contains(where: {
            state.isOpen($0.link) && deliveries.isRoutingFailure($0.outcome)
        }) {
            loseRoute(now: now, with: &context)
        }
        for (tag, outcome, link) in returns {
            let isLive = !isLost && isOpen && state.isOpen(link)
            let isFinal = deliveries.settle(tag, outcome, isLive: isLive, now: now, with: &context)
            if isFinal { prove() }
        }
    }

    /// The link does what it is for: the next wait is the first again.
    private mutating func prove() {
        ladder.reset()
        outcomeDoublings = 0
        updateAttachment { $0.endProving() }
    }

    /// Credit has been held for long enough, whatever else is due by now.
    mutating func proveByCredit() {
        updateAttachment { $0.endProving() }
        hasHeldCredit = true
        if options.isPreSettled { sizeExceededCount = 0 }
        ladder.reset()
    }

    mutating func doubleOutcomeLimit() {
        outcomeDoublings = min(outcomeDoublings + 1, 4)
    }

    /// Nothing more is sent on this link.
    ///
    /// Its detach is awaited for one retry interval.
    private mutating func loseRoute(now: Instant, with context: inout some RecoveryContext) {
        guard case .open(var attachment) = state else { return }
        attachment.endProving()
        state = .routeLost(attachment, deadline: now + options.retry.interval)
        report(.routeLost, with: &context)
    }

    // MARK: Losses

    /// The current link is gone: what was in flight is in doubt.
    mutating func lose(now: Instant, with context: inout some RecoveryContext) {
        guard let attachment = state.attachment else { return }
        deliveries.loseInFlight()
        // At the end of a run a link is not lost but closed.
        if attachment.hasHadCredit, !isEnding {
            deliveries.countLinkLoss()
            interruptions.begin(now: now)
        }
        flow.beginCreditTimeout(now: now)
        state = .detached
        if attachment.sentCount > 0 {
            freeKeptLink(with: &context)
            keptLink = attachment.link
        } else {
            context.perform(.freeLink(attachment.link))
        }
    }

    /// The session is gone, and the link with it.
    mutating func loseSession(now: Instant, with context: inout some RecoveryContext) {
        lose(now: now, with: &context)
        freeKeptLink(with: &context)
        flow.unflushed = UnflushedTransfers()
        state = .detached
        session = nil
    }

    /// The connection is gone, and the session with it.
    mutating func loseConnection(now: Instant, with context: inout some RecoveryContext) {
        loseSession(now: now, with: &context)
        ladder.connectionChanged()
    }

    /// Nothing more is waited for on a link that is gone.
    mutating func freeKeptLink(with context: inout some RecoveryContext) {
        guard let keptLink else { return }
        context.perform(.freeLink(keptLink))
        self.keptLink = nil
    }

    /// Gives the link up.
    ///
    /// What is in flight is in doubt from now on; the peer's detach is awaited before another link
    /// is opened.
    mutating func close(
        _ attachment: Attachment, now: Instant, with context: inout some RecoveryContext
    ) {
        deliveries.loseInFlight()
        if attachment.hasHadCredit { interruptions.begin(now: now) }
        state = .closing(attachment, deadline: now + max(options.drainTimeout, 1))
        context.perform(.closeLink(attachment.link))
    }

    /// The sender has ended, and others go on: its link is closed.
    mutating func leave(now: Instant, with context: inout some RecoveryContext) {
        hasLeft = true
        switch state {
        case .open(let attachment), .routeLost(let attachment, _):
            close(attachment, now: now, with: &context)
        case .attaching: lose(now: now, with: &context)
        case .waiting: state = .detached
        case .detached, .closing, .flushing: break
        }
    }

    /// Closes the link, unless that was done for want of credit, and awaits the answer.
    ///
    /// The detach stands behind all that was sent, and a link route passes it on to the broker: who
    /// answers it has read everything.
    mutating func flush(now: Instant, with context: inout some RecoveryContext) {
        guard needsFlush, let attachment = state.attachment else { return }
        if state.isOpen(attachment.link) { context.perform(.closeLink(attachment.link)) }
        state = .flushing(attachment, deadline: limit(options.outcomeTimeout, from: now))
    }

    /// The link that was being flushed is gone.
    mutating func flushed(
        _ condition: ErrorCondition, now: Instant, with context: inout some RecoveryContext
    ) {
        if condition != .none, let attachment = state.attachment {
            context.report(.lost(condition, at: attachment.stage), of: id)
        }
        isEnding = true
        lose(now: now, with: &context)
    }

    // MARK: The ladder

    /// Counts that an endpoint refuses for good what this sender wants.
    mutating func refused(on connection: ConnectionID, roundStart: ConnectionID) {
        refusals.forget(before: roundStart)
        refusals.add(connection)
    }

    /// The account so far.
    func summary(now: Instant) -> Summary {
        var summary = deliveries.summary
        summary.longestInterruption = interruptions.longest(now: now)
        return summary
    }

    // MARK: Inside

    /// Changes the attachment of an open link.
    mutating func updateAttachment(_ body: (inout Attachment) -> Void) {
        guard let link = currentLink else { return }
        _ = state.update(link, body)
    }

    func report(_ notice: Notice, with context: inout some RecoveryContext) {
        context.report(.notice(notice), of: id)
    }

    private func limit(_ length: Milliseconds, from now: Instant) -> Instant {
        length == 0 ? .distantFuture : now + length
    }
}
