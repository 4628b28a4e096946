// The one entrance to the machines.
// SPDX-License-Identifier: Apache-2.0

/// Decides what a run does next, given what happened and the time.
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
public struct Recovery: Sendable {
    /// The options of the run.
    public let options: RecoveryOptions

    private var connection: ConnectionMachine
    private var link: LinkMachine
    private var ladder: RetryLadder
    private var batch = Batch()
    private var startedAt = Instant(milliseconds: 0)
    private var stopDeadline: Instant?
    private var end: End?
    private var isFinished = false

    /// The events between the first of a batch and its end.
    private struct Batch {
        var isOpen = false
        var linkLoss: Condition?
        /// What was lost that takes the link along.
        var loss: Loss?
    }

    private enum Loss {
        case session(Condition)
        case connection(ConnectionLoss, Condition)
    }

    /// Makes the machines of one run. `seed` drives the jitter.
    public init(
        options: RecoveryOptions, pace: SendPace, endpointCount: Int = 1, seed: UInt64
    ) {
        self.options = options
        connection = ConnectionMachine(options: options, endpointCount: endpointCount)
        link = LinkMachine(options: options, pace: pace)
        ladder = RetryLadder(policy: options.retry, seed: seed)
    }

    /// Whether a message of this encoded size may be taken and sent now.
    public mutating func canTake(size: Int) -> Bool {
        !batch.isOpen && stopDeadline == nil && end == nil && link.canTake(size: size)
    }

    /// The account so far.
    public func summary(now: Instant) -> Summary {
        var summary = Summary()
        link.summarize(into: &summary, now: now)
        summary.reconnects = max(0, connection.openedCount - 1)
        summary.elapsed = now - startedAt
        return summary
    }

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
        case .batchEnded(let id):
            // Also of a connection that was given up, when something of it opened a batch.
            guard batch.isOpen || connection.current == id else { return }
            endBatch(now: now, into: &actions)
        case .timeCame(let outgoingBytes):
            guard !batch.isOpen else { return }
            checkTime(outgoingBytes: outgoingBytes, now: now, into: &actions)
        case .turnEnded:
            guard !batch.isOpen else { return }
            endTurn(now: now, into: &actions)
        case .started:
            startedAt = now
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
        if case .opened = event, link.currentLink == id { connection.served() }
        link.handle(event, on: id, ladder: &ladder, now: now, into: &actions)
    }

    private mutating func handle(
        _ event: ConnectionEvent, of id: ConnectionID, now: Instant,
        into actions: inout [Action]
    ) {
        guard connection.current == id else { return }
        openBatch(now: now)
        switch event {
        case .opened(let peer):
            guard case .connecting = connection.state else { return }
            actions.append(.report(.connectionOpened(peer: peer)))
            connection.opened(id, into: &actions)
            // The link follows at the end of the batch.
        case .lost(let loss, let condition):
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
        batch = Batch()
        link.settleReturns(
            isLost: linkLoss != nil || loss != nil, ladder: &ladder, now: now, into: &actions)
        switch (linkLoss, loss) {
        case (nil, nil):
            attachIfDue(now: now, into: &actions)
        case (let linkLoss?, nil):
            let demand = link.lost(linkLoss, ladder: &ladder, now: now, into: &actions)
            meet(demand, now: now, into: &actions)
        case (let linkLoss, let loss?):
            let fatal = linkLoss.flatMap { link.lostWithMore($0, now: now, into: &actions) }
            lose(loss, fatal: fatal, now: now, into: &actions)
        }
        link.sendWaiting(now: now, into: &actions)
    }

    /// A session that has just been opened has no link yet.
    private mutating func attachIfDue(now: Instant, into actions: inout [Action]) {
        guard end == nil, connection.isOpen, link.state == .detached,
            case .open = connection.session
        else { return }
        link.attach(now: now, into: &actions)
    }

    // MARK: Loss

    /// Handles the loss of more than a link; `fatal` when the link's own condition ends the run.
    private mutating func lose(
        _ loss: Loss, fatal: End?, now: Instant, into actions: inout [Action]
    ) {
        switch loss {
        case .session(let condition):
            if let fatal { begin(fatal, now: now, into: &actions) }
            guard !isFinished else { return }
            loseSession(condition, now: now, into: &actions)
        case .connection(let loss, let condition):
            end = end ?? fatal
            loseConnection(loss, condition, now: now, into: &actions)
        }
    }

    private mutating func loseSession(
        _ condition: Condition, now: Instant, into actions: inout [Action]
    ) {
        link.loseSession(now: now, into: &actions)
        if end != nil {
            connection.dropSession(retryAt: .distantFuture, into: &actions)
            return
        }
        guard let delay = ladder.nextDelay() else {
            connection.dropSession(retryAt: .distantFuture, into: &actions)
            begin(.attemptsUsedUp(ladder.attempts, condition), now: now, into: &actions)
            return
        }
        actions.append(.report(.sessionLost(condition, retryIn: delay)))
        connection.dropSession(retryAt: now + delay, into: &actions)
    }

    private mutating func loseConnection(
        _ loss: ConnectionLoss, _ condition: Condition, now: Instant, into actions: inout [Action]
    ) {
        let condition = connection.reason(of: condition)
        link.loseSession(now: now, into: &actions)
        ladder.connectionChanged()
        if let end {
            connection.lost(retryAt: nil)
            finish(end, into: &actions)
            return
        }
        guard let retryAt = retryTime(after: loss, condition, now: now, into: &actions) else {
            return
        }
        actions.append(.report(.connectionLost(condition, retryIn: retryAt - now)))
        connection.lost(retryAt: retryAt)
    }

    /// When to connect again; nil when the run has ended instead.
    private mutating func retryTime(
        after loss: ConnectionLoss, _ condition: Condition, now: Instant,
        into actions: inout [Action]
    ) -> Instant? {
        let end: End
        if ErrorConditions.refusesAuthentication(loss, condition), !connection.hasEverServed {
            end = .authenticationRefused(condition)
        } else if !options.mayReconnect {
            end = .connectionFailed(condition)
        } else if let delay = ladder.nextDelay() {
            return now + delay
        } else {
            end = .attemptsUsedUp(ladder.attempts, condition)
        }
        actions.append(.report(.connectionLost(condition, retryIn: nil)))
        connection.lost(retryAt: nil)
        begin(end, now: now, into: &actions)
        return nil
    }

    private mutating func meet(
        _ demand: LinkDemand?, now: Instant, into actions: inout [Action]
    ) {
        switch demand {
        case nil:
            break
        case .end(let end):
            begin(end, now: now, into: &actions)
        case .anotherSession:
            link.loseSession(now: now, into: &actions)
            changeSession(now: now, into: &actions)
        case .anotherConnection(let condition):
            link.loseSession(now: now, into: &actions)
            connection.abort(for: condition, now: now, into: &actions)
        }
    }

    /// Nothing answers on this session. The next rung is another connection, where that is
    /// allowed; else the rung of the session repeats.
    private mutating func changeSession(now: Instant, into actions: inout [Action]) {
        if options.mayReconnect, ladder.sessionsGivenUp > 1 {
            let reason = Condition(description: "no attach was answered on two sessions")
            connection.abort(for: reason, now: now, into: &actions)
        } else if let delay = ladder.nextDelay() {
            connection.dropSession(retryAt: now + delay, into: &actions)
        } else {
            begin(.attemptsUsedUp(ladder.attempts, .none), now: now, into: &actions)
        }
    }

    // MARK: Time

    private mutating func checkTime(
        outgoingBytes: Int, now: Instant, into actions: inout [Action]
    ) {
        link.advancePace(now: now)
        if let stopDeadline, stopDeadline <= now { begin(.stopped, now: now, into: &actions) }
        guard !isFinished else { return }
        checkConnection(now: now, into: &actions)
        if connection.openDueSession(now: now, into: &actions) {
            link.attach(now: now, into: &actions)
        }
        let demand = link.timeCame(
            outgoingBytes: outgoingBytes, ladder: &ladder, now: now, into: &actions)
        meet(demand, now: now, into: &actions)
        link.sendWaiting(now: now, into: &actions)
    }

    private mutating func checkConnection(now: Instant, into actions: inout [Action]) {
        guard connection.nextDeadline <= now else { return }
        switch connection.state {
        case .idle, .open:
            break
        case .waiting:
            connection.connect(now: now, into: &actions)
        case .connecting:
            actions.append(.report(.notice(.connectUnanswered)))
            let reason = Condition(
                description: "no answer to the open within \(options.openTimeout) ms")
            connection.abort(for: reason, now: now, into: &actions)
        case .closing:
            actions.append(.report(.notice(.closeUnanswered)))
            connection.abort(for: .none, now: now, into: &actions)
        case .aborting:
            loseConnection(.transport, .none, now: now, into: &actions)
        }
    }

    private mutating func requestStop(now: Instant, into actions: inout [Action]) {
        guard stopDeadline == nil, end == nil else { return }
        stopDeadline = now + options.drainTimeout
        if !link.ledger.isEmpty {
            actions.append(.report(.notice(.stopping(within: options.drainTimeout))))
        }
    }

    // MARK: End

    private mutating func endTurn(now: Instant, into actions: inout [Action]) {
        link.endTurn(now: now, into: &actions)
        if end == nil, link.ledger.isEmpty {
            if link.isSourceEnded {
                begin(.finished, now: now, into: &actions)
            } else if stopDeadline != nil {
                begin(.stopped, now: now, into: &actions)
            }
        }
        guard !isFinished else { return }
        actions.append(.wake(at: nextDeadline()))
    }

    private mutating func nextDeadline() -> Instant {
        var deadline = min(connection.nextDeadline, link.nextDeadline())
        if let stopDeadline, end == nil { deadline = min(deadline, stopDeadline) }
        return deadline
    }

    /// The run is going to end. Outcomes that come until the connection is closed still count.
    private mutating func begin(_ end: End, now: Instant, into actions: inout [Action]) {
        guard self.end == nil else { return }
        self.end = end
        link.isEnding = true
        if !connection.close(now: now, into: &actions) { finish(end, into: &actions) }
    }

    private mutating func finish(_ end: End, into actions: inout [Action]) {
        isFinished = true
        actions.append(.finish(end))
    }
}
