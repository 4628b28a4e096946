// What a loss leads to: the ladder from the session upwards.
// SPDX-License-Identifier: Apache-2.0

extension Recovery {
    /// Handles the loss of more than a link; `fatal` when the link's own condition ends the run.
    mutating func lose(
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
        if link.conditions.isFatal(condition) {
            connection.dropSession(retryAt: .distantFuture, into: &actions)
            begin(.fatalCondition(condition), now: now, into: &actions)
            return
        }
        if !link.isProven, ladder.refused(now: now) {
            leaveEndpoint(for: condition, now: now, into: &actions)
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

    mutating func loseConnection(
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
        let unopened = connection.unopenedEndpoint
        actions.append(
            .report(.connectionLost(condition, retryIn: retryAt - now, unopened: unopened)))
        connection.lost(retryAt: retryAt)
    }

    /// When to connect again; nil when the run has ended instead.
    private mutating func retryTime(
        after loss: ConnectionLoss, _ condition: Condition, now: Instant,
        into actions: inout [Action]
    ) -> Instant? {
        let end: End
        if link.conditions.isFatal(condition) {
            end = .fatalCondition(condition)
        } else if link.conditions.refusesAuthentication(loss, condition), !connection.hasEverServed
        {
            end = .authenticationRefused(condition)
        } else if !connection.mayReconnect {
            end = .connectionFailed(condition)
        } else if connection.isWithinRound(hasWorked: ladder.attempts == 0, now: now) {
            if ladder.countAttempt() { return now }
            end = .attemptsUsedUp(ladder.attempts, condition)
        } else if let delay = ladder.nextDelay() {
            return now + delay
        } else {
            end = .attemptsUsedUp(ladder.attempts, condition)
        }
        let unopened = connection.unopenedEndpoint
        actions.append(.report(.connectionLost(condition, retryIn: nil, unopened: unopened)))
        connection.lost(retryAt: nil)
        begin(end, now: now, into: &actions)
        return nil
    }

    mutating func meet(
        _ demand: LinkDemand?, now: Instant, into actions: inout [Action]
    ) {
        switch demand {
        case nil:
            break
        case .end(let end):
            begin(end, now: now, into: &actions)
        case .endUnflushed(let reason):
            begin(endOfFlush(failure: reason), now: now, into: &actions)
        case .anotherSession:
            link.loseSession(now: now, into: &actions)
            changeSession(now: now, into: &actions)
        case .anotherConnection(let condition):
            link.loseSession(now: now, into: &actions)
            connection.abort(for: condition, now: now, into: &actions)
        case .anotherEndpoint(let condition):
            leaveEndpoint(for: condition, now: now, into: &actions)
        }
    }

    /// The peer answers, but refuses what is wanted: it is left in good order for the next one.
    private mutating func leaveEndpoint(
        for condition: Condition, now: Instant, into actions: inout [Action]
    ) {
        link.loseSession(now: now, into: &actions)
        connection.leave(for: condition, now: now, into: &actions)
    }

    /// Nothing answers on this session.
    ///
    /// The next rung is another connection, where that is allowed; else the rung of the session
    /// repeats.
    private mutating func changeSession(now: Instant, into actions: inout [Action]) {
        if connection.mayReconnect, ladder.sessionsGivenUp > 1 {
            let reason = Condition(description: "no attach was answered on two sessions")
            connection.abort(for: reason, now: now, into: &actions)
        } else if let delay = ladder.nextDelay() {
            connection.dropSession(retryAt: now + delay, into: &actions)
        } else {
            begin(.attemptsUsedUp(ladder.attempts, .none), now: now, into: &actions)
        }
    }
}
