// What a loss leads to: the ladder from the session upwards.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

extension Recovery {
    /// Handles the loss of a link together with what it was on.
    mutating func lose(
        link linkLoss: ErrorCondition?, and loss: Loss, done: End?, now: Instant,
        into actions: inout [Action]
    ) {
        let flushEnd = link.isFlushing ? endOfFlush(linkLoss: linkLoss, loss: loss) : nil
        let verdict = linkLoss.flatMap { link.lostWithMore($0, now: now, into: &actions) }
        switch (flushEnd ?? done, verdict) {
        case (let end?, _), (nil, .fatal(let end)?):
            lose(loss, fatal: end, now: now, into: &actions)
        case (nil, .refused(let condition)?) where connection.countRefusal():
            lose(loss, fatal: .fatalCondition(condition), now: now, into: &actions)
        case (nil, .refused(let condition)?):
            if case .session = loss {
                leaveEndpoint(for: condition, now: now, into: &actions)
            } else {
                lose(loss, fatal: nil, now: now, into: &actions)
            }
        case (nil, nil):
            lose(loss, fatal: nil, now: now, into: &actions)
        }
    }

    /// `fatal` when the link's own condition, or the end of the work, ends the run.
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
        _ condition: ErrorCondition, now: Instant, into actions: inout [Action]
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
        _ loss: ConnectionLoss, _ condition: ErrorCondition, now: Instant,
        into actions: inout [Action]
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
        after loss: ConnectionLoss, _ condition: ErrorCondition, now: Instant,
        into actions: inout [Action]
    ) -> Instant? {
        let end: End
        let isLoginRefused = link.conditions.refusesAuthentication(loss, condition)
        if link.conditions.isFatal(condition) {
            end = .fatalCondition(condition)
        } else if isLoginRefused, isRefusalFinal() {
            end = .authenticationRefused(condition)
        } else if !connection.mayReconnect {
            end = .connectionFailed(condition)
        } else if connection.isWithinRound(hasWorked: ladder.attempts == 0, now: now) {
            if ladder.countAttempt() { return now }
            end = .attemptsUsedUp(ladder.attempts, condition)
        } else if let delay = ladder.nextDelay() {
            return now + (isLoginRefused ? max(delay, connection.loginDelay()) : delay)
        } else {
            end = .attemptsUsedUp(ladder.attempts, condition)
        }
        let unopened = connection.unopenedEndpoint
        actions.append(.report(.connectionLost(condition, retryIn: nil, unopened: unopened)))
        connection.lost(retryAt: nil)
        begin(end, now: now, into: &actions)
        return nil
    }

    /// Whether a refused login ends the run: every endpoint has refused it in this round, and none has ever
    /// served, or no further connection may be made.
    private mutating func isRefusalFinal() -> Bool {
        let isByAll = connection.countRefusal()
        return connection.hasEverServed ? !connection.mayReconnect : isByAll
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
        case .refused(let condition):
            refuse(condition, now: now, into: &actions)
        }
    }

    /// What is wanted of this endpoint is refused for good: the next one is asked, until all have
    /// refused it in a round.
    private mutating func refuse(
        _ condition: ErrorCondition, now: Instant, into actions: inout [Action]
    ) {
        if connection.countRefusal() {
            begin(.fatalCondition(condition), now: now, into: &actions)
        } else {
            leaveEndpoint(for: condition, now: now, into: &actions)
        }
    }

    /// The peer answers, but refuses what is wanted: it is left in good order for the next one.
    private mutating func leaveEndpoint(
        for condition: ErrorCondition, now: Instant, into actions: inout [Action]
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
            let reason = ErrorCondition(description: "no attach was answered on two sessions")
            connection.abort(for: reason, now: now, into: &actions)
        } else if let delay = ladder.nextDelay() {
            connection.dropSession(retryAt: now + delay, into: &actions)
        } else {
            begin(.attemptsUsedUp(ladder.attempts, .none), now: now, into: &actions)
        }
    }
}
