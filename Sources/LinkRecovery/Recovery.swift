// The one entrance to the machines.
// SPDX-License-Identifier: Apache-2.0

public import AMQP

/// Decides what a run does next, given what happened and the time.
///
/// What is lost is opened again after a wait, and what does not answer a rung higher: three attaches
/// lead to another session, two such sessions to another connection, and that is to the next
/// endpoint. What refuses stays on its rung, but for another endpoint when there is one. Endpoints
/// are tried in turn, without a wait within a round.
///
/// A pure value: no I/O, clock, lock or randomness of its own, so that a run can be replayed. The
/// rules that it keeps after every event:
///
/// 1. taken = accepted + rejected + given up + unconfirmed + in the ledger.
/// 2. A tag is unique among unsettled deliveries and new for every attempt; so is a link's number.
/// 3. Nothing is sent without credit, and the ledger never holds more than the window.
/// 4. After a loss, what is unsettled is sent again, in sequence order, before anything new; and
///    nothing is sent before a whole batch of events was handled.
/// 5. What a living link returns is sent again, at once the first time, then at the retry policy's
///    pace. A rejection is final, unless it is the peer's lack of room or the router's lost route.
/// 6. The first of acceptance, rejection and giving up is final; what comes later is counted only.
/// 7. There is at most one live link and one armed wake-up; a stale one does nothing.
/// 8. The attempts are counted from the last acceptance or rejection, or from credit that lasted.
/// 9. With a dead peer, memory does not grow.
/// 10. Nothing waits for ever.
/// 11. At the end of the source, and after a stop, recovery goes on until its limits.
///
/// Where messages are pre-settled, a message that is sent is final, as unconfirmed: it never enters a
/// window again, and is lost in silence with what it was on. The rules that then hold instead:
///
/// - 3: No more is sent than may wait to leave, and nobody says when it has left: so it is looked.
/// - 8: Credit that was used up counts as held. What is fatal until a first acceptance is so until
///   credit was held.
/// - 10: What does not leave within the outcome timeout goes with its connection.
/// - 11: At the end the link is closed, and the peer's answer awaited, for one outcome timeout at
///   most: who answers has read everything.
public struct Recovery: Sendable {
    /// The options of the run.
    public let options: RecoveryOptions

    var connection: ConnectionMachine
    var link: LinkMachine
    var ladder: RetryLadder
    var batch = Batch()
    private var startedAt = Instant(milliseconds: 0)
    var stopDeadline: Instant?
    var end: End?
    var isFinished = false

    /// The events between the first of a batch and its end.
    struct Batch {
        var isOpen = false
        var linkLoss: ErrorCondition?
        /// What was lost that takes the link along.
        var loss: Loss?
        /// The end that the link's mode of settling means.
        var modeRefused: End?
    }

    enum Loss {
        case session(ErrorCondition)
        case connection(ConnectionLoss, ErrorCondition)
    }

    /// Makes the machines of one run.
    ///
    /// `seed` drives the jitter.
    public init(
        options: RecoveryOptions, pace: SendPace, endpointCount: Int = 1, seed: UInt64
    ) {
        self.options = options
        connection = ConnectionMachine(options: options, endpointCount: endpointCount)
        link = LinkMachine(options: options, pace: pace)
        let hasOthers = endpointCount > 1 && options.openTimeout > 0
        ladder = RetryLadder(
            policy: options.retry, refusalLimit: hasOthers ? options.openTimeout : nil, seed: seed)
    }

    /// Whether a message of this encoded size may be taken and sent now.
    public func canTake(size: Int) -> Bool {
        !batch.isOpen && link.canTake(size: size)
    }

    /// The connection that lives, or is being asked for.
    public var currentConnection: ConnectionID? { connection.current }

    /// The account so far.
    public func summary(now: Instant) -> Summary {
        var summary = Summary()
        link.summarize(into: &summary, now: now)
        summary.reconnects = max(0, connection.openedCount - 1)
        summary.elapsed = now - startedAt
        return summary
    }

    /// What is kept, in elements: bounded by the window, however long a peer stays dead.
    package var footprint: Int { link.ledger.footprint + link.returns.count }

    /// Takes an event in, and appends what is to be done to `actions`.
    public mutating func handle(_ event: Event, now: Instant, into actions: inout [Action]) {
        guard !isFinished else { return }
        switch event {
        case .link(let id, let event):
            handle(event, on: id, now: now, into: &actions)
        case .message(let sequence, let size):
            link.take(sequence: sequence, size: size, now: now, into: &actions)
        case .connection(let id, let event):
            handle(event, of: id, now: now, into: &actions)
        case .sessionLost(let id, let condition):
            guard case .open(id) = connection.session else { return }
            openBatch(now: now)
            if case .connection? = batch.loss { return }
            batch.loss = .session(condition)
        case .batchEnded(let id, let outgoingBytes):
            // Also of a connection that was given up, when something of it opened a batch.
            guard batch.isOpen || connection.current == id else { return }
            link.lookAtBytes(outgoing: outgoingBytes, now: now)
            endBatch(now: now, into: &actions)
        case .timeCame(let outgoingBytes, let credit, let isSessionAnswered):
            guard !batch.isOpen else { return }
            link.limitCredit(to: credit)
            link.lookAtBytes(outgoing: outgoingBytes, now: now)
            checkTime(
                outgoingBytes: outgoingBytes, isSessionAnswered: isSessionAnswered, now: now,
                into: &actions)
        case .turnEnded(let isSourceDelayed):
            guard !batch.isOpen else { return }
            endTurn(isSourceDelayed: isSourceDelayed, now: now, into: &actions)
        case .started:
            startedAt = now
            link.start(now: now)
            if !link.isSourceEnded { connection.connect(now: now, into: &actions) }
        case .sourceEnded:
            link.isSourceEnded = true
        case .stopRequested:
            requestStop(now: now, into: &actions)
        }
    }

    // MARK: A batch

    private mutating func handle(
        _ event: LinkEvent, on id: LinkID, now: Instant, into actions: inout [Action]
    ) {
        openBatch(now: now)
        if case .lost(let condition) = event {
            guard link.currentLink == id, batch.loss == nil else { return }
            batch.linkLoss = batch.linkLoss ?? condition
            return
        }
        // Credit behind the end of the link is for nobody.
        if case .credit = event, batch.linkLoss != nil || batch.loss != nil { return }
        if case .opened(let hasTarget, _, let settleMode) = event, link.currentLink == id {
            connection.served()
            batch.modeRefused = hasTarget ? refusal(of: settleMode) : nil
        }
        link.handle(event, on: id, ladder: &ladder, now: now, into: &actions)
    }

    private mutating func handle(
        _ event: ConnectionEvent, of id: ConnectionID, now: Instant,
        into actions: inout [Action]
    ) {
        guard connection.current == id else { return }
        switch event {
        // These two come from no peer, and are no part of a batch.
        case .lookingUp:
            connection.isLookingUp = true
        case .lookedUp:
            connection.isLookingUp = false
        case .opened(let peer):
            openBatch(now: now)
            guard case .connecting = connection.state else { return }
            actions.append(.report(.connectionOpened(peer: peer)))
            connection.opened(id, into: &actions)
        // The link follows at the end of the batch.
        case .lost(let loss, let condition):
            openBatch(now: now)
            batch.loss = .connection(loss, condition)
        }
    }

    private mutating func openBatch(now: Instant) {
        guard !batch.isOpen else { return }
        batch.isOpen = true
        // Ticks that came before these events count by what was possible then.
        link.advancePace(now: now)
    }

    private mutating func endBatch(now: Instant, into actions: inout [Action]) {
        let (linkLoss, loss) = (batch.linkLoss, batch.loss)
        let modeRefused = batch.modeRefused
        batch = Batch()
        link.settleReturns(
            isLost: linkLoss != nil || loss != nil, ladder: &ladder, now: now, into: &actions)
        let done = endOfWork
        if done != nil { link.isEnding = true }
        switch (linkLoss, loss) {
        case (nil, nil):
            if let modeRefused { begin(modeRefused, now: now, into: &actions) }
            attachIfDue(now: now, into: &actions)
        case (let linkLoss?, nil) where link.isFlushing && end == nil:
            link.endFlush(linkLoss, now: now, into: &actions)
            begin(endOfFlush(linkLoss: linkLoss, loss: nil), now: now, into: &actions)
        case (let linkLoss?, nil) where done != nil:
            _ = link.lostWithMore(linkLoss, now: now, into: &actions)
            begin(done ?? .finished, now: now, into: &actions)
        case (let linkLoss?, nil):
            let demand = link.lost(linkLoss, ladder: &ladder, now: now, into: &actions)
            meet(demand, now: now, into: &actions)
        case (let linkLoss, let loss?):
            lose(link: linkLoss, and: loss, done: done, now: now, into: &actions)
        }
        link.sendWaiting(now: now, into: &actions)
    }

    /// The end, when all that was taken is final and nothing more will be: whatever is lost in the same
    /// batch does not change it (rule 11).
    private var endOfWork: End? {
        guard end == nil, link.ledger.isEmpty, link.isSourceEnded || stopDeadline != nil,
            !link.needsFlush, !link.isFlushing
        else { return nil }
        return link.isSourceEnded ? .finished : .stopped
    }

    private func refusal(of mode: SenderSettleMode) -> End? {
        switch mode {
        case .unsettled: options.isPreSettled ? .settledRefused : nil
        case .settled: options.isPreSettled ? nil : .unsettledRefused
        case .mixed: nil
        }
    }

    /// A session that has just been opened has no link yet.
    private mutating func attachIfDue(now: Instant, into actions: inout [Action]) {
        guard end == nil, connection.isOpen, link.state == .detached,
            case .open = connection.session
        else { return }
        link.attach(now: now, into: &actions)
    }
}
