// State machine of one sender and its links.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

/// Decides for one sender: attach, credit, sending, and the effect of an outcome on the link.
///
/// At most one of the sender's links lives at a time. What a link needs of the connection it requests by a
/// ``LinkDemand``.
struct LinkStateMachine: Sendable {
    /// State of the link.
    ///
    /// The loss of the session leads from each state to ``detached``. So does a detach that is final, and, once
    /// the sender has ended, whatever leads to `waiting` otherwise.
    enum State: Sendable {
        /// No session, or the sender has ended. ``attach(on:now:with:)`` leads to `attaching`.
        case detached
        /// The next attach is due at this time, and leads to `attaching`; the sender's end leads to `detached`.
        case waiting(until: Instant)
        /// The attach was sent. The peer's attach leads to `open`; its detach, or silence until the
        /// deadline, to `waiting`; the sender's end to `detached`.
        case attaching(Attachment, deadline: Instant)
        /// The peer's attach came; it may be a refusal, which a detach follows. A detach leads to `waiting`,
        /// a routing failure to `routeLost`, an outcome or credit that does not come to `closing`, as does the
        /// sender's end while others go on; the end of pre-settled messages to `flushing`.
        case open(Attachment)
        /// The router refuses messages because the route behind the link is gone. Its detach leads to
        /// `waiting`, the deadline, that of an outcome, or the sender's end while others go on to `closing`, the
        /// end of pre-settled messages to `flushing`.
        case routeLost(Attachment, deadline: Instant)
        /// The link was given up and closed. The peer's answer leads to `waiting`, the deadline to another
        /// session, or to the end of a connection that takes no bytes; the end of pre-settled messages to
        /// `flushing`.
        case closing(Attachment, deadline: Instant)
        /// The link was closed so that the peer's answer proves that everything was read. The answer, or the
        /// deadline, leads to the sender's end.
        case flushing(Attachment, deadline: Instant)
    }

    let id: SenderID
    let options: RecoveryOptions
    let conditions: ConditionTable
    private(set) var state = State.detached
    // Writable, as are others below, only for the extensions of this type in other files.
    var deliveries: Deliveries
    var flow: SendFlow
    var ladder: RetryLadder
    private(set) var isSourceEnded = false
    /// A stop was requested: nothing new is taken.
    private(set) var isStopping = false
    /// Nothing is taken or sent any more.
    private(set) var isEnding = false
    /// Why the sender has ended; nil while it goes on.
    private(set) var end: End?
    /// The link was closed because the sender has ended: the answer is no loss.
    private(set) var hasLeft = false
    /// The number of the last attach at this place, by this sender or one before it.
    private(set) var lastAttach: UInt32
    /// The last attach of the sender that had the place before.
    let formerAttach: UInt32
    /// The session of the current link, or of the last one.
    private var session: SessionID?
    /// The last lost link that carried deliveries: late outcomes may come on it.
    private(set) var keptLink: LinkID?
    /// A link has held credit for one maximum interval, which stands for an acceptance where none can come.
    private(set) var hasHeldCredit = false
    private(set) var outcomeDoublings = 0
    var sizeExceededCount = 0
    private(set) var interruptions = Interruptions()
    var refusals = Refusals()

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

    /// The link that lives, or is pending.
    var currentLink: LinkID? { state.attachment?.link }

    // MARK: The run

    /// Begins the wait for credit.
    mutating func start(now: Instant) {
        flow.beginCreditTimeout(now: now)
    }

    mutating func endSource() {
        isSourceEnded = true
    }

    mutating func requestStop() {
        isStopping = true
    }

    /// Takes and sends nothing from now on.
    mutating func stopSending() {
        isEnding = true
    }

    /// Ends the sender.
    mutating func end(with end: End) {
        isEnding = true
        self.end = self.end ?? end
    }

    /// Ends the interruption with the sender, or with the run; returns its length, if there was one.
    mutating func endInterruption(now: Instant) -> Microseconds? {
        interruptions.end(now: now)?.length
    }

    // MARK: Attaching

    /// Attaches a new link on this session.
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

    /// Handles the peer's attach; returns whether it answers the pending one.
    mutating func opened(
        _ link: LinkID, maxMessageSize: UInt64, with context: inout some RecoveryContext
    ) -> Bool {
        guard case .attaching(var attachment, _) = state, attachment.link == link else {
            // It was given up before it opened.
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

    /// Schedules the next attach; returns the sender's end if no other is allowed.
    mutating func waitForAttach(after condition: ErrorCondition, now: Instant) -> LinkDemand? {
        guard let delay = ladder.nextDelay() else {
            return .end(.attemptsUsedUp(ladder.attempts, condition))
        }
        state = .waiting(until: now + delay)
        return nil
    }

    // MARK: Credit

    /// Returns the interruption that has ended, if there was one.
    mutating func grant(
        _ credit: Int, isDraining: Bool, on link: LinkID, now: Instant,
        with context: inout some RecoveryContext
    ) -> Microseconds? {
        let isProving = !ladder.hasWorkedSinceAttach && isOpen
        let isFirst = state.update(link) { attachment in
            attachment.grant(credit, isDraining: isDraining, isProving: isProving, now: now)
        }
        guard let isFirst, credit > 0 else { return nil }
        flow.endCreditTimeout()
        guard isFirst else { return nil }
        // A new link clears the pace of returned messages.
        deliveries.releasePaced(until: .distantFuture)
        freeKeptLink(with: &context)
        context.report(.opened(hasCredit: true), of: id)
        let interruption = restore(now: now, with: &context)
        context.report(.sendable, of: id)
        flow.pacer.start(now: now)
        return interruption
    }

    private mutating func restore(
        now: Instant, with context: inout some RecoveryContext
    ) -> Microseconds? {
        guard let (length, attempts) = interruptions.end(now: now) else { return nil }
        let resent = deliveries.ledger.waitingCount
        context.report(
            .restored(downtime: length / 1000, attempts: attempts, resent: resent), of: id)
        return length
    }

    /// Reads what may have changed without an event: the backlog and, on a wake-up, the credit.
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

    /// Handles acceptances, which are final whatever else comes in their batch.
    mutating func accept(
        _ tags: [DeliveryTag], on link: LinkID, now: Instant,
        recording latencies: inout Histogram, with context: inout some RecoveryContext
    ) {
        guard deliveries.accept(tags, now: now, recording: &latencies, with: &context) else {
            return
        }
        sizeExceededCount = 0
        if state.isOpen(link) { prove() }
    }

    /// Handles the other outcomes of a batch, whose meaning depends on whether the batch ended the link.
    mutating func settle(
        _ returns: [Batch.Return], isLost: Bool, now: Instant,
        recording latencies: inout Histogram, with context: inout some RecoveryContext
    ) {
        // One routing failure makes every rejection of its batch one of a lost route.
        if returns.contains(where: {
            state.isOpen($0.link) && deliveries.isRoutingFailure($0.outcome)
        }) {
            loseRoute(now: now, with: &context)
        }
        for (tag, outcome, link) in returns {
            let isLive = !isLost && isOpen && state.isOpen(link)
            let isFinal = deliveries.settle(
                tag, outcome, isLive: isLive, now: now, recording: &latencies, with: &context)
            if isFinal { prove() }
        }
    }

    /// The link works: the next delay is the first again.
    private mutating func prove() {
        ladder.reset()
        outcomeDoublings = 0
        updateAttachment { $0.endProving() }
    }

    /// Credit has been held for one maximum interval: the link counts as working.
    mutating func proveByCredit() {
        updateAttachment { $0.endProving() }
        hasHeldCredit = true
        if options.isPreSettled { sizeExceededCount = 0 }
        ladder.reset()
    }

    mutating func doubleOutcomeLimit() {
        outcomeDoublings = min(outcomeDoublings + 1, 4)
    }

    /// Sends nothing more on this link, and waits one retry interval for its detach.
    private mutating func loseRoute(now: Instant, with context: inout some RecoveryContext) {
        guard case .open(var attachment) = state else { return }
        context.report(.givenUp(.routeLost, at: attachment.stage), of: id)
        attachment.endProving()
        attachment.giveUp()
        state = .routeLost(attachment, deadline: now + options.retry.interval)
    }

    // MARK: Losses

    /// The link is gone: deliveries in flight are in doubt.
    mutating func lose(now: Instant, with context: inout some RecoveryContext) {
        guard let attachment = state.attachment else { return }
        deliveries.loseInFlight()
        // A link that goes at the end of a run was closed, not lost.
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

    /// Closes the link, and waits for the peer's detach before the next attach.
    ///
    /// Deliveries in flight are in doubt from now on.
    mutating func close(
        _ attachment: Attachment, now: Instant, with context: inout some RecoveryContext
    ) {
        deliveries.loseInFlight()
        if attachment.hasHadCredit, end == nil { interruptions.begin(now: now) }
        state = .closing(attachment, deadline: now + max(options.drainTimeout, 1))
        context.perform(.closeLink(attachment.link))
    }

    /// Closes the link of a sender that has ended while others go on.
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

    /// Closes the link, unless that was done for lack of credit, and waits for the answer.
    ///
    /// The detach follows all that was sent, and a link route passes it on to the broker: a peer that answers
    /// has read everything.
    mutating func flush(now: Instant, with context: inout some RecoveryContext) {
        guard needsFlush, let attachment = state.attachment else { return }
        if state.isOpen(attachment.link) { context.perform(.closeLink(attachment.link)) }
        state = .flushing(attachment, deadline: limit(options.outcomeTimeout, from: now))
    }

    /// The link that was closed for the flush is gone.
    mutating func flushed(
        _ condition: ErrorCondition, now: Instant, with context: inout some RecoveryContext
    ) {
        if condition != .none, let attachment = state.attachment {
            reportLoss(of: attachment, for: condition, with: &context)
        }
        isEnding = true
        lose(now: now, with: &context)
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
