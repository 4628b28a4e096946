// State machine of a run, the entrance to all of them.
// SPDX-License-Identifier: Apache-2.0

package import AMQP

/// Decides what a run does next, given what happened and the time.
///
/// A run has one connection and one or more senders, each with a link. A lost link is reopened after a delay.
/// If nothing answers, recovery escalates: link, session, connection, next endpoint. A refusal stays on its
/// rung, unless there is another endpoint to try. Endpoints are tried in turn, without a delay within a round.
///
/// A pure value without I/O, clock, lock or randomness of its own, so that a run can be replayed. Rules that
/// hold after every event, for each sender:
///
/// 1. taken = accepted + rejected + given up + unconfirmed + in the ledger.
/// 2. A tag is unique among unsettled deliveries and new for every attempt; so is a link's number.
/// 3. Nothing is sent without credit, and the ledger never holds more than the window.
/// 4. After a loss, what is unsettled is sent again, in sequence order, before anything new; and
///    nothing is sent before a whole batch of events was handled.
/// 5. A message that a living link returns is sent again, at once the first time, then at the retry
///    policy's pace. A rejection is final, unless it is the peer's lack of room or the router's lost route.
/// 6. The first of acceptance, rejection and giving up is final; later outcomes are only counted.
/// 7. There is at most one live link and one armed wake-up; a stale wake-up does nothing.
/// 8. The attempts are counted from the last acceptance or rejection, or from credit that lasted.
/// 9. With a dead peer, memory does not grow.
/// 10. Every wait has a limit.
/// 11. At the end of the source, and after a stop, recovery goes on until its limits.
///
/// A pre-settled message is final, as unconfirmed, once it is sent. It leaves the window, and a loss takes it
/// without notice. The rules that then hold instead:
///
/// - 3: The backlog of unflushed transfers is bounded. Proton does not signal a flush, so it is polled.
/// - 8: Credit that was used up counts as held. A condition that is fatal until a first acceptance is fatal
///   until credit was held.
/// - 10: Transfers that do not leave within the outcome timeout end with their connection.
/// - 11: At the end the link is closed, and the peer's answer awaited for one outcome timeout at most: a peer
///   that answers has read everything.
///
/// A sender that ends for good ends alone; the run ends when all have. A connection is given up for one
/// sender only while no other is served.
package struct RunStateMachine: Sendable {
    /// The options of the run.
    package let options: RecoveryOptions

    // Internal only for the extensions of this type in other files.
    var connection: ConnectionStateMachine
    var senders: [LinkStateMachine] = []
    /// A link had credit when the connection was given up, whose loss is still to come.
    var wasOpenWhenLeft = false
    private(set) var end: End?
    private(set) var isFinished = false
    private(set) var stopDeadline: Instant?
    private(set) var batch = Batch()
    /// Wake-ups that the event at hand has armed.
    private(set) var wakeUpCount = 0
    /// The bytes in the ledgers of all senders, while no event has changed them; nil: not known.
    private var totalBytes: Int?
    private(set) var startedAt = Instant(milliseconds: 0)
    private(set) var timings = Timings()
    private let endpointCount: Int
    /// The account of senders whose place another has taken.
    package private(set) var formerSummary = Summary()
    /// The end of these senders: the first that was an error, if there was one.
    private(set) var formerEnd: End?
    /// Senders that were there at the start: their places stay theirs.
    private(set) var firstSenderCount = 0
    /// Messages that were accepted before the connection opened.
    private(set) var acceptedBeforeLogin = 0
    /// The run goes on without senders, until a stop is requested.
    let isService: Bool
    private var random: RandomSource

    /// Makes the machines of one run, which has no senders yet.
    ///
    /// A service goes on without senders, until a stop is requested. `seed` drives the jitter.
    package init(
        options: RecoveryOptions, isService: Bool = false, endpointCount: Int = 1, seed: UInt64
    ) {
        self.isService = isService
        self.options = options
        self.endpointCount = endpointCount
        random = RandomSource(seed: seed)
        connection = ConnectionStateMachine(options: options, endpointCount: endpointCount)
    }

    /// Adds a sender as ``nextSender``, which attaches once there is a session; allowed before the start, and
    /// between two batches.
    package mutating func addSender(
        pace: SendPace, isPreSettled: Bool, now: Instant, with context: inout some RecoveryContext
    ) -> SenderID {
        var options = options
        options.isPreSettled = isPreSettled
        var lastAttach: UInt32 = 0
        let place = nextSender.index
        if place < senders.count {
            senders[place].freeKeptLink(with: &context)
            formerSummary.add(senders[place].summary(now: now))
            formerEnd = worse(formerEnd, senders[place].end)
            lastAttach = senders[place].lastAttach
        }
        let id = makeSender(options: options, pace: pace, lastAttach: lastAttach)
        senders[id.index].start(now: now)
        guard end == nil else {
            senders[id.index].stopSending()
            return id
        }
        if stopDeadline != nil { senders[id.index].requestStop() }
        if connection.isOpen {
            connection.add(id.index, now: now, with: &context)
            attachDetached(now: now, with: &context)
        }
        return id
    }

    private mutating func makeSender(
        options: RecoveryOptions, pace: SendPace, lastAttach: UInt32 = 0
    ) -> SenderID {
        let id = nextSender
        let hasOthers = endpointCount > 1 && options.openTimeout > 0
        let ladder = RetryLadder(
            policy: options.retry, refusalLimit: hasOthers ? options.openTimeout : nil,
            seed: random.next())
        let sender = LinkStateMachine(
            id: id, options: options, pace: pace, ladder: ladder, seed: random.next(),
            lastAttach: lastAttach)
        if id.index < senders.count {
            senders[id.index] = sender
        } else {
            senders.append(sender)
        }
        return id
    }

    /// Takes messages that the context offers, `countMax` at most, and sends them; returns how many it took.
    ///
    /// Nothing is taken within a batch.
    package mutating func takeMessages(
        for sender: SenderID, atMost countMax: Int, now: Instant,
        with context: inout some RecoveryContext
    ) -> Int {
        guard !batch.isOpen, !isFinished else { return 0 }
        let all = totalBytes ?? ledgerBytes()
        let own = senders[sender.index].ledgerBytes
        let count = senders[sender.index].takeMessages(
            atMost: countMax, otherBytes: all - own, now: now, with: &context)
        totalBytes = all - own + senders[sender.index].ledgerBytes
        assert(breach(of: sender.index) == nil, breach(of: sender.index) ?? "")
        return count
    }

    /// The bytes in the ledgers of all senders.
    private func ledgerBytes() -> Int {
        var bytes = 0
        for index in senders.indices { bytes += senders[index].ledgerBytes }
        return bytes
    }

    /// Handles an event; `context` carries out what is decided.
    package mutating func handle(
        _ event: Event, now: Instant, with context: inout some RecoveryContext
    ) {
        guard !isFinished else { return }
        wakeUpCount = 0
        totalBytes = nil
        dispatch(event, now: now, with: &context)
        assert(breach(after: event) == nil, breach(after: event) ?? "")
    }

    private mutating func dispatch(
        _ event: Event, now: Instant, with context: inout some RecoveryContext
    ) {
        switch event {
        case .link(let id, let event):
            handle(event, on: id, now: now, with: &context)
        case .connection(let id, let event):
            handle(event, of: id, now: now, with: &context)
        case .sessionLost(let id, let condition):
            guard connection.sessions.senders(on: id) != nil else { return }
            openBatch(now: now)
            batch.lose(id, condition)
        case .batchEnded(let id):
            // An event of a connection that was given up may have opened the batch.
            guard batch.isOpen || connection.current == id else { return }
            poll(now: now, context, isTimersTurn: false)
            endBatch(now: now, with: &context)
        case .timeCame:
            guard !batch.isOpen else { return }
            poll(now: now, context, isTimersTurn: true)
            checkTime(now: now, with: &context)
        case .turnEnded(let isSourceDelayed):
            guard !batch.isOpen else { return }
            endTurn(isSourceDelayed: isSourceDelayed, now: now, with: &context)
        case .started:
            startedAt = now
            firstSenderCount = senders.count
            for index in senders.indices { senders[index].start(now: now) }
            if isService || senders.contains(where: { !$0.isSourceEnded }) {
                connection.connect(now: now, with: &context)
            }
        case .sourceEnded(let sender):
            senders[sender.index].endSource()
        case .stopRequested(let limit):
            requestStop(within: limit ?? options.drainTimeout, now: now, with: &context)
        }
    }

    private mutating func poll(
        now: Instant, _ context: some RecoveryContext, isTimersTurn: Bool
    ) {
        for index in senders.indices {
            senders[index].poll(now: now, context, isTimersTurn: isTimersTurn)
        }
    }

    // MARK: A batch

    private mutating func handle(
        _ event: LinkEvent, on id: LinkID, now: Instant, with context: inout some RecoveryContext
    ) {
        let sender = id.sender.index
        guard senders.indices.contains(sender), senders[sender].hasAsked(for: id) else { return }
        openBatch(now: now)
        switch event {
        case .opened(let properties):
            if senders[sender].currentLink == id {
                connection.served()
                let refusedMode =
                    properties.hasTarget
                    ? senders[sender].refusal(of: properties.settleMode) : nil
                batch.update(sender) { $0.refusedMode = refusedMode }
            }
            _ = senders[sender].opened(
                id, maxMessageSize: properties.maxMessageSize, with: &context)
        case .credit(let credit, let isDraining):
            batch.update(sender) { $0.credit = (id, credit, isDraining) }
        case .accepted(let tags):
            senders[sender].accept(
                tags, on: id, now: now, recording: &timings.latencies, with: &context)
        case .outcome(let tag, .accepted):
            senders[sender].accept(
                [tag], on: id, now: now, recording: &timings.latencies, with: &context)
        case .outcome(let tag, let outcome):
            batch.update(sender) { $0.returns.append((tag, outcome, id)) }
        case .detached(let condition):
            // Behind the end of what it is on, a detach says nothing more.
            guard senders[sender].currentLink == id,
                !batch.isLost(connection.sessions.open(for: sender))
            else { return }
            batch.update(sender) { $0.detach = $0.detach ?? condition }
        case .handlesUsedUp(let condition):
            guard senders[sender].currentLink == id else { return }
            batch.update(sender) { $0.handlesUsedUp = condition }
        }
    }

    private mutating func handle(
        _ event: ConnectionEvent, of id: ConnectionID, now: Instant,
        with context: inout some RecoveryContext
    ) {
        guard connection.current == id else { return }
        switch event {
        // No peer sends these two: they are no part of a batch.
        case .lookingUp:
            connection.lookUp(isUnderWay: true)
        case .lookedUp:
            connection.lookUp(isUnderWay: false)
        case .opened(let peer):
            openBatch(now: now)
            guard case .connecting = connection.state else { return }
            acceptedBeforeLogin = acceptedCount
            context.report(.connectionOpened(peer: peer))
            let living = senders.indices.filter { senders[$0].end == nil }
            connection.opened(id, senders: living, now: now, with: &context)
        // The links follow at the end of the batch.
        case .lost(let loss, let condition):
            openBatch(now: now)
            batch.lose(loss, condition)
        }
    }

    private mutating func openBatch(now: Instant) {
        guard !batch.isOpen else { return }
        batch.open()
        // Ticks that came before these events are judged by the state before them.
        for index in senders.indices { senders[index].advancePace(now: now) }
    }

    private mutating func endBatch(now: Instant, with context: inout some RecoveryContext) {
        batch.close()
        let expiry = loginExpiry()
        let lost = expiry == nil ? lostSenders : Set(senders.indices)
        for part in batch.parts.indices {
            settle(part, lost: lost, now: now, with: &context)
        }
        if batch.hasLosses { handleLosses(of: batch, now: now, with: &context) }
        batch.clear()
        if let expiry { leave(for: expiry, now: now, with: &context) }
        attachDetached(now: now, with: &context)
        for index in senders.indices { senders[index].sendWaiting(now: now, with: &context) }
    }

    /// Handles the credit and the outcomes of a part of the batch.
    private mutating func settle(
        _ part: Int, lost: Set<Int>, now: Instant, with context: inout some RecoveryContext
    ) {
        let sender = batch.parts[part].sender
        let isLost = batch.parts[part].detach != nil || lost.contains(sender)
        if let (link, credit, isDraining) = batch.parts[part].credit, !isLost {
            let interruption = senders[sender].grant(
                credit, isDraining: isDraining, on: link, now: now, with: &context)
            if let interruption { timings.interruptions.add(interruption) }
        }
        if !batch.parts[part].returns.isEmpty {
            senders[sender].settle(
                batch.parts[part].returns, isLost: isLost, now: now,
                recording: &timings.latencies, with: &context)
        }
    }

    /// The senders whose session or connection is lost.
    private var lostSenders: Set<Int> {
        if batch.connectionLoss != nil { return Set(senders.indices) }
        return Set(batch.sessionLosses.flatMap { connection.sessions.senders(on: $0.id) ?? [] })
    }

    // MARK: A stop

    private mutating func requestStop(
        within limit: Milliseconds, now: Instant, with context: inout some RecoveryContext
    ) {
        guard end == nil else { return }
        // One that comes again may shorten the time.
        if let former = stopDeadline {
            stopDeadline = min(former, now + limit)
            return
        }
        stopDeadline = now + limit
        for index in senders.indices { senders[index].requestStop() }
        let isWorking = senders.contains(where: \.isWorking)
        if isWorking { context.report(.notice(.stopping(within: limit))) }
    }

    mutating func armWakeUp(at time: Instant, with context: inout some RecoveryContext) {
        wakeUpCount += 1
        context.perform(.wake(at: time))
    }

    // MARK: The end

    /// Notes the end of the run; nothing is sent from now on.
    mutating func note(_ end: End, now: Instant) {
        self.end = self.end ?? end
        for index in senders.indices {
            senders[index].stopSending()
            endInterruption(of: index, now: now)
        }
    }

    /// Notes the end of a sender.
    mutating func note(_ end: End, of index: Int, now: Instant) {
        senders[index].end(with: end)
        endInterruption(of: index, now: now)
    }

    private mutating func endInterruption(of index: Int, now: Instant) {
        if let length = senders[index].endInterruption(now: now) {
            timings.interruptions.add(length)
        }
    }

    mutating func finish(with context: inout some RecoveryContext) {
        isFinished = true
        for index in senders.indices {
            senders[index].deliveries.reportUnresolved(with: &context)
        }
        context.perform(.finish(end ?? .stopped))
    }
}
