// What the events mean, by the rules.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery

extension Rules {
    mutating func follow(_ event: Event) {
        switch event {
        case .link(let id, let event):
            openBatch()
            follow(event, on: id)
        case .connection(let id, let event):
            guard id == connection else { return }
            switch event {
            case .opened:
                openBatch()
                if case .connecting = connectionState {
                    connectionState = .open
                    losses.connections += 1
                }
            case .lost:
                openBatch()
                batch.isConnectionLost = true
            case .lookingUp, .lookedUp:
                break
            }
        case .sessionLost(let id, _):
            guard id == session else { return }
            openBatch()
            batch.isSessionLost = true
        case .batchEnded(let id, let outgoingBytes):
            guard batch.isOpen || id == connection else { return }
            outgoing.look(outgoingBytes: outgoingBytes, now: now)
            endBatch()
        case .message(let sequence, let size):
            takeMessage(sequence, size)
        case .timeCame(let outgoingBytes, let left, _):
            if !batch.isOpen { credit = min(credit, left) }
            outgoing.look(outgoingBytes: outgoingBytes, now: now)
            followTime()
        case .sourceEnded:
            isSourceEnded = true
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
        case .opened(_, let size, _):
            guard id == link, case .attaching = linkState else { return }
            linkState = .open
            maxMessageSize = size
            ladder.unanswered = 0
        case .credit(let credit, let isDraining):
            guard id == link, linkState == .open, !batch.isLost else { return }
            followCredit(credit, isDraining: isDraining)
        case .lost(let condition):
            guard id == link, !batch.isLost else { return }
            batch.isLinkLost = true
            batch.linkLoss = condition
        case .outcome(let tag, .accepted):
            followAcceptance(of: tag, on: id)
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

    private mutating func followAcceptance(of tag: Tag, on id: LinkID) {
        guard let sequence = sequenceOfTag[tag], ledger[sequence] != nil else {
            account.late += 1
            return
        }
        expected[sequence] = .accepted
        account.accepted += 1
        if id == link, linkState == .open { prove() }
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
        if batch.isLost { loseLink() }
        if batch.isSessionLost || batch.isConnectionLost { session = nil }
        if batch.isConnectionLost { loseConnection() }
        batch = Batch()
    }

    private mutating func settle(_ tag: Tag, _ outcome: Outcome, on id: LinkID) {
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
        case .modified(isUndeliverableHere: true):
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
        case .released, .rejected: false
        case .accepted, .modified, .none: true
        }
    }

    private func isRoutingFailure(_ condition: Condition) -> Bool {
        condition.name == "amqp:precondition-failed"
            && condition.description.hasPrefix("Routing failure")
    }

    private func isFinal(_ condition: Condition) -> Bool {
        if isRoutingFailure(condition) { return false }
        if options.fatalConditions.contains(condition.name) { return true }
        return condition.name != "amqp:resource-limit-exceeded"
            && !options.retryableConditions.contains(condition.name)
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

    /// What is in flight is in doubt from now on, and to be sent again.
    mutating func doubtInFlight() {
        for (sequence, message) in ledger where message.inFlight != nil {
            ledger[sequence]?.state = .ready
        }
    }

    mutating func loseConnection() {
        loseLink()
        heldLinks.removeAll()
        session = nil
        connection = nil
        ladder.refusedSince = nil
        ladder.unanswered = 0
    }

    // MARK: Time

    private mutating func followTime() {
        waiting.isTimersTurn = true
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
        }
    }

    /// New messages can be taken, if the pace allows.
    var canTakeSomething: Bool {
        isUsable && credit > 0 && ledger.count + outgoing.count < options.window && stoppedAt == nil
            && !isSourceEnded && ledger.values.allSatisfy { $0.state != .ready }
    }

    static let abortLimit: Milliseconds = 1_000
}
