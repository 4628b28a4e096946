// The consequences of events, by the rules.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
import LinkRecovery

extension Rules {
    mutating func follow(_ event: Event, _ recorder: Recorder) {
        let outgoingBytes = recorder.outgoingBytes
        switch event {
        case .link(let id, let event):
            openBatch()
            if id.sender == sender { follow(event, on: id) }
        case .connection(let id, let event):
            guard id == connection else { return }
            switch event {
            case .opened:
                openBatch()
                if case .connecting = connectionState {
                    connectionState = .open
                    losses.connections += 1
                }
            case .lost(let loss, let condition):
                openBatch()
                batch.isConnectionLost = true
                batch.isLoginRefused = refusesLogin(loss, condition)
            case .lookingUp, .lookedUp:
                break
            }
        case .sessionLost(let id, _):
            guard id == session else {
                // It opens a batch for all when there is such a session.
                if !isAlone, openSessions.contains(id) { openBatch() }
                return
            }
            openBatch()
            batch.isSessionLost = true
        case .batchEnded(let id):
            guard batch.isOpen || id == connection else { return }
            unflushed.look(outgoingBytes: outgoingBytes, now: now)
            followReading(outgoingBytes: outgoingBytes)
            endBatch()
        case .timeCame:
            if !batch.isOpen { credit = min(credit, recorder.credit) }
            unflushed.look(outgoingBytes: outgoingBytes, now: now)
            if !batch.isOpen { followReading(outgoingBytes: outgoingBytes) }
            waiting.unreadBytes = outgoingBytes
            followTime()
        case .sourceEnded(let id):
            if id == sender { isSourceEnded = true }
        case .stopRequested:
            stoppedAt = stoppedAt ?? now
        case .started:
            waiting.creditTimeoutSince = now
        case .turnEnded:
            break
        }
    }

    private mutating func openBatch() {
        guard !batch.isOpen else { return }
        batch.isOpen = true
        beginTurn()
    }

    private mutating func beginTurn() {
        beat.beginTurn(now: now, pace: pace, isUsable: canTakeSomething)
    }

    private mutating func follow(_ event: LinkEvent, on id: LinkID) {
        switch event {
        case .opened(let properties):
            guard id == link, case .attaching = linkState else { return }
            linkState = .open
            hasServed = true
            ladder.loginRefusals = 0
            maxMessageSize = properties.maxMessageSize
            ladder.unanswered = 0
        case .credit(let credit, let isDraining):
            guard id == link, linkState == .open, !batch.isLost else { return }
            followCredit(credit, isDraining: isDraining)
        case .detached(let condition):
            guard id == link, !batch.isLost else { return }
            batch.isLinkLost = true
            batch.linkLoss = condition
        case .handlesUsedUp:
            break
        case .accepted(let tags):
            followAcceptances(of: tags, on: id)
        case .outcome(let tag, .accepted):
            followAcceptances(of: [tag], on: id)
        case .outcome(let tag, let outcome):
            batch.returns.append((tag, outcome, id))
        }
    }

    private mutating func followCredit(_ credit: Int, isDraining: Bool) {
        self.credit = credit
        self.isDraining = isDraining
        guard credit > 0 else { return }
        waiting.creditTimeoutSince = nil
        // Also when it is used up before the turn ends.
        waiting.creditlessSince = nil
        waiting.idleSince = nil
        waiting.isNoticed = false
        if !isProven, routeLostAt == nil { ladder.creditSince = ladder.creditSince ?? now }
        guard !hasHadCredit else { return }
        hasHadCredit = true
        noteLinkWithCredit()
        // A new link clears the pace.
        for sequence in ledger.keys {
            if case .paced? = ledger[sequence]?.state { ledger[sequence]?.state = .ready }
        }
        beat.start(now: now, pace: pace)
    }

    // MARK: Outcomes

    private mutating func followAcceptances(of tags: [DeliveryTag], on id: LinkID) {
        var accepted: Set<UInt64> = []
        for tag in tags {
            // The peer may have said it twice, also of two attempts.
            guard let sequence = sequenceOfTag[tag], ledger[sequence] != nil,
                accepted.insert(sequence).inserted
            else {
                account.late += 1
                continue
            }
            expected[sequence] = .accepted
        }
        account.accepted += accepted.count
        if !accepted.isEmpty, id == link, linkState == .open { prove() }
    }

    /// The link does what it is for.
    mutating func prove() {
        ladder.reset()
        ladder.creditSince = nil
        waiting.outcomeDoublings = 0
        isProven = true
    }

    private mutating func endBatch() {
        isLossAtHand = batch.isLost
        followFlush()
        actionLimit += 3 * batch.returns.count
        let isRouteFound = batch.returns.contains { tag, outcome, id in
            guard case .rejected(let condition) = outcome else { return false }
            return id == link && linkState == .open && isRoutingFailure(condition)
        }
        if isRouteFound, routeLostAt == nil {
            routeLostAt = now
            ladder.creditSince = nil
        }
        for (tag, outcome, id) in batch.returns { settle(tag, outcome, on: id) }
        if batch.isLinkLost { ladder.unanswered = 0 }
        followRefusals()
        if batch.isLost { loseLink() }
        if batch.isSessionLost || batch.isConnectionLost { session = nil }
        // Its next link waits for another session, whatever it waited for before.
        if batch.isSessionLost, !isAlone { levelBefore = 3 }
        if batch.isConnectionLost { loseConnection() }
        batch = Batch()
    }

    /// The login, or the target, is refused for good by this endpoint.
    private mutating func followRefusals() {
        ladder.isLoginRefused = batch.isLoginRefused
        if batch.isLoginRefused { ladder.countRefusal() }
        guard batch.isLinkLost, isRefusal(batch.linkLoss) else { return }
        ladder.isRefusedForGood = true
        ladder.countRefusal()
    }

    private func isOverridden(_ condition: ErrorCondition) -> Bool {
        options.fatalConditions.contains(condition.name)
            || options.retryableConditions.contains(condition.name)
    }

    private func refusesLogin(_ loss: ConnectionLoss, _ condition: ErrorCondition) -> Bool {
        guard !isOverridden(condition) else { return false }
        return loss == .authentication || condition.name == "amqp:unauthorized-access"
    }

    /// Whether the loss of a link means that its endpoint will never let us send there.
    func isRefusal(_ condition: ErrorCondition) -> Bool {
        let names = [
            "amqp:not-found", "amqp:unauthorized-access", "amqp:not-allowed",
            "amqp:not-implemented",
            "amqp:invalid-field", "amqp:decode-error", "amqp:illegal-state",
        ]
        let hasWorked = account.accepted > 0 || options.isPreSettled && hasHeldCredit
        return names.contains(condition.name) && !isOverridden(condition) && !hasWorked
    }

    private mutating func settle(_ tag: DeliveryTag, _ outcome: Outcome, on id: LinkID) {
        guard let sequence = sequenceOfTag[tag], var message = ledger[sequence],
            expected[sequence] == nil
        else {
            account.late += 1
            return
        }
        defer { ledger[sequence] = message }
        if !mayHaveArrived(outcome) {
            message.doubts.remove(tag)
        } else {
            message.hadDoubts = true
        }
        guard message.inFlight == tag else {
            account.late += 1
            return
        }
        message.state = .ready
        account.released += 1
        guard id == link, linkState == .open, routeLostAt == nil, !isLossAtHand else { return }
        switch outcome {
        case .rejected(let condition) where isFinal(condition):
            expected[sequence] = .rejected
            account.rejected += 1
            // Final, it is no return.
            account.released -= 1
            prove()
        case .modified(_, undeliverableHere: true):
            expected[sequence] = .givenUp
            account.givenUp += 1
        default:
            message.returnCount += 1
            if options.redeliveries >= 0, message.returnCount > options.redeliveries {
                expected[sequence] = .givenUp
                account.givenUp += 1
            } else if message.returnCount > 1 {
                let (shortest, longest) = waits(attempt: message.returnCount - 1)
                if longest > 0 { message.state = .paced(now + shortest, now + longest) }
            }
        }
    }

    private func mayHaveArrived(_ outcome: Outcome) -> Bool {
        switch outcome {
        case .released: false
        case .rejected(let condition):
            condition.name == "amqp:precondition-failed"
                && condition.infoText("reason") == "unavailable"
        case .accepted, .modified, .none, .unknown: true
        }
    }

    private func isRoutingFailure(_ condition: ErrorCondition) -> Bool {
        condition.name == "amqp:precondition-failed"
            && condition.description.hasPrefix("Routing failure")
    }

    private func isFinal(_ condition: ErrorCondition) -> Bool {
        if isRoutingFailure(condition) { return false }
        let name = condition.name.isEmpty ? "none" : condition.name
        if options.fatalConditions.contains(name) { return true }
        if options.retryableConditions.contains(name) { return false }
        switch (name, condition.infoText("reason")) {
        case ("amqp:resource-limit-exceeded", let reason):
            return reason == "property-limit-exceeded"
        case ("amqp:precondition-failed", let reason): return reason != "unavailable"
        default: return true
        }
    }

    /// The shortest and the longest wait before an attempt.
    func waits(attempt: Int) -> (Milliseconds, Milliseconds) {
        let longest = options.retry.delay(attempt: attempt)
        return (Milliseconds(Double(longest) * (1 - options.retry.jitter)), longest)
    }

    // MARK: Loss

    mutating func loseLink() {
        guard let id = link else { return }
        noteInterruption()
        doubtInFlight()
        // An attempt on it may still get an outcome, if there was one.
        heldLinks.insert(id)
        link = nil
        credit = 0
        isDraining = false
        routeLostAt = nil
        ladder.creditSince = nil
        waiting.creditlessSince = nil
        waiting.idleSince = nil
        waiting.creditTimeoutSince = waiting.creditTimeoutSince ?? now
    }

    /// Messages in flight are in doubt from now on, and to be sent again.
    mutating func doubtInFlight() {
        for (sequence, message) in ledger where message.inFlight != nil {
            ledger[sequence]?.state = .ready
        }
    }

    mutating func loseConnection() {
        loseLink()
        heldLinks.removeAll()
        session = nil
        openSessions.removeAll()
        connection = nil
        ladder.refusedSince = nil
        ladder.unanswered = 0
    }

    // MARK: Time

    private mutating func followTime() {
        waiting.isTimersTurn = true
        doesTimerChangeSession = true
        beginTurn()
        isTimerStale = armedAt.map { now < $0 } ?? false
        if isCreditTimeoutDue { waiting.hasCreditTimedOut = true }
        if case .aborting(let since) = connectionState, connection != nil,
            since + Rules.abortLimit <= now
        {
            loseConnection()
        }
        let isProofDue = ladder.creditSince.map { $0 + options.retry.maximum <= now } ?? false
        if isProofDue, link != nil, linkState == .open, connectionState == .open {
            ladder.reset()
            ladder.creditSince = nil
            isProven = true
            hasHeldCredit = true
        }
    }

    /// New messages can be taken, if the pace allows.
    var canTakeSomething: Bool {
        isUsable && credit > 0 && ledger.count + unflushed.count < options.window
            && stoppedAt == nil
            && !isSourceEnded && ledger.values.allSatisfy { $0.state != .ready }
    }

    static let abortLimit: Milliseconds = 1_000
}
