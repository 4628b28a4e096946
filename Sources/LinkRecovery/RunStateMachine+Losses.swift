// Losses and their escalation, from the link upwards.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

extension RunStateMachine {
    /// Handles the losses of a batch, and its refusals.
    mutating func handleLosses(
        of batch: Batch, now: Instant, with context: inout some RecoveryContext
    ) {
        noteWhetherWorking()
        if let (loss, condition) = batch.connectionLoss {
            _ = endSenders(Array(senders.indices), of: batch, condition, now: now, with: &context)
            loseConnection(loss, condition, now: now, with: &context)
            return
        }
        let lost = loseSessions(of: batch, now: now, with: &context)
        guard !isFinished else { return }
        let parts = batch.parts.filter { !lost.contains($0.sender) }
        // A sender's demand may end the links of all: before, each has heard of its own detach.
        var demands: [(sender: Int, LinkDemand)] = []
        for part in parts {
            if let condition = part.detach {
                let demand = detach(part.sender, for: condition, now: now, with: &context)
                if let demand { demands.append((part.sender, demand)) }
            } else if let end = part.refusedMode {
                self.end(part.sender, with: end, now: now, with: &context)
            }
        }
        for (sender, demand) in demands { meet(demand, of: sender, now: now, with: &context) }
        for part in parts where connection.isOpen && part.detach == nil && part.refusedMode == nil {
            guard let condition = part.handlesUsedUp else { continue }
            moveForHandle(part.sender, condition, now: now, with: &context)
        }
    }

    /// Notes which senders work, on a connection that has not been given up.
    mutating func noteWhetherWorking() {
        guard connection.isOpen else { return }
        for index in senders.indices { senders[index].noteWhetherWorking() }
    }

    // MARK: A link

    /// The end of a sender whose work is done, which a loss in the same batch does not change; nil for others.
    private func endOfWork(_ index: Int) -> End? {
        let sender = senders[index]
        guard end == nil, sender.end == nil, sender.isDone, !sender.needsFlush, !sender.isFlushing
        else { return nil }
        return sender.endOfWork
    }

    /// Handles the peer's detach, or its answer to ours; returns what the connection has to do.
    private mutating func detach(
        _ index: Int, for condition: ErrorCondition, now: Instant,
        with context: inout some RecoveryContext
    ) -> LinkDemand? {
        if senders[index].hasLeft {
            senders[index].lose(now: now, with: &context)
        } else if senders[index].isFlushing, end == nil {
            senders[index].flushed(condition, now: now, with: &context)
            let failure = condition == .none ? nil : condition
            let end = senders[index].endOfFlush(failure: failure)
            self.end(index, with: end, now: now, with: &context)
        } else if let done = endOfWork(index) {
            senders[index].stopSending()
            _ = senders[index].detachedWithMore(for: condition, now: now, with: &context)
            end(index, with: done, now: now, with: &context)
        } else {
            return senders[index].detached(for: condition, now: now, with: &context)
        }
        return nil
    }

    /// Moves a sender whose session has no handle left to another; replaces the session if it has no other
    /// sender.
    private mutating func moveForHandle(
        _ index: Int, _ condition: ErrorCondition, now: Instant,
        with context: inout some RecoveryContext
    ) {
        guard isSharingSession(index) else {
            let companions = connection.sessions.companions(of: index)
            loseSession(companions, of: companions, condition, now: now, with: &context)
            return
        }
        senders[index].loseSession(now: now, with: &context)
        connection.changeSessions { $0.moveToNext(index, openAt: now) }
        connection.openDueSessions(now: now, with: &context)
    }

    /// Closes the link of a sender that has ended alone.
    mutating func leave(_ index: Int, now: Instant, with context: inout some RecoveryContext) {
        if connection.isOpen { senders[index].leave(now: now, with: &context) }
    }

    // MARK: Senders that end with a loss above them

    /// Ends the senders whose own detach, or whose finished work, decides so in a batch that lost more.
    ///
    /// Returns a refusal that leads to the next endpoint.
    private mutating func endSenders(
        _ lost: [Int], of batch: Batch, _ condition: ErrorCondition, now: Instant,
        with context: inout some RecoveryContext
    ) -> ErrorCondition? {
        var refusal: ErrorCondition?
        var ended: [(Int, End)] = []
        for index in lost where senders[index].end == nil || end != nil {
            let detach = senders[index].hasLeft ? nil : batch.part(of: index)?.detach
            var flushEnd: End?
            if senders[index].isFlushing {
                let failure = detach ?? connection.reason(of: condition)
                flushEnd = senders[index].endOfFlush(
                    failure: detach == ErrorCondition.none ? nil : failure)
            }
            let done = endOfWork(index)
            if done != nil { senders[index].stopSending() }
            let verdict = detach.flatMap {
                senders[index].detachedWithMore(for: $0, now: now, with: &context)
            }
            if let end = flushEnd ?? done {
                ended.append((index, end))
            } else if case .fatal(let end)? = verdict {
                ended.append((index, end))
            } else if case .refused(let condition)? = verdict {
                if isRefusedByAll(index) {
                    ended.append((index, .fatalCondition(condition)))
                } else {
                    refusal = refusal ?? condition
                }
            }
        }
        if end == nil { note(ended, now: now, with: &context) }
        return refusal
    }

    /// Notes the ends of senders whose links are gone, or go with what they are on.
    ///
    /// If they are the last, the run ends once that is lost.
    mutating func note(
        _ ended: [(Int, End)], now: Instant, with context: inout some RecoveryContext
    ) {
        for (index, end) in ended { note(end, of: index, now: now) }
        guard endOfAll == nil else { return }
        for (index, end) in ended { reportEnd(end, of: index, with: &context) }
    }

    /// Counts that this endpoint refuses a sender's target; returns whether all have in this round.
    mutating func isRefusedByAll(_ index: Int) -> Bool {
        senders[index].refused(on: connection.newest, roundStart: connection.roundStart)
        return connection.areAllRefusing(senders[index].refusals)
    }

    // MARK: A session

    /// Handles the lost sessions of a batch; returns the senders on them.
    ///
    /// All that a batch says of them counts, whichever session is looked at first: each sender hears of its own
    /// detach, a fatal condition is met before an endpoint is left, and none of them is served any more.
    private mutating func loseSessions(
        of batch: Batch, now: Instant, with context: inout some RecoveryContext
    ) -> Set<Int> {
        let conditions = ConditionTable(options: options)
        let known = batch.sessionLosses.compactMap { id, condition in
            connection.sessions.senders(on: id).map { (id: id, condition: condition, senders: $0) }
        }
        let sessions =
            known.filter { conditions.isFatal($0.condition) }
            + known.filter { !conditions.isFatal($0.condition) }
        let lost = sessions.flatMap(\.senders)
        let refusals = sessions.map {
            endSenders($0.senders, of: batch, $0.condition, now: now, with: &context)
        }
        if !lost.isEmpty, end == nil, let end = endOfAll { begin(end, now: now, with: &context) }
        for (session, refusal) in zip(sessions, refusals) where !isFinished {
            // The loss of another may have led to the next endpoint.
            guard end != nil || connection.sessions.senders(on: session.id) != nil else { continue }
            if end == nil, let refusal, !isAnyServed(besides: lost) {
                leaveEndpoint(for: refusal, now: now, with: &context)
            } else {
                loseSession(
                    session.senders, of: lost, session.condition, now: now, with: &context)
            }
        }
        return Set(lost)
    }

    /// Handles the loss of a session with these senders; `allLost` are those of all that the batch has lost.
    private mutating func loseSession(
        _ lost: [Int], of allLost: [Int], _ condition: ErrorCondition, now: Instant,
        with context: inout some RecoveryContext
    ) {
        guard let first = lost.first else { return }
        let wasOpen = lost.contains { senders[$0].hadCredit }
        for index in lost { senders[index].loseSession(now: now, with: &context) }
        if end != nil {
            connection.freeSession(of: first, retryAt: .distantFuture, with: &context)
            return
        }
        if ConditionTable(options: options).isFatal(condition) {
            connection.freeSession(of: first, retryAt: .distantFuture, with: &context)
            for index in lost {
                end(index, with: .fatalCondition(condition), now: now, with: &context)
            }
            return
        }
        let living = lost.filter { senders[$0].end == nil }
        let refused = living.filter { senders[$0].isRefusedForLong(now: now) }
        if !refused.isEmpty, !isAnyServed(besides: allLost) {
            leaveEndpoint(for: condition, now: now, with: &context)
            return
        }
        guard let delay = nextDelay(of: living, condition, now: now, with: &context) else {
            connection.freeSession(of: first, retryAt: .distantFuture, with: &context)
            endUsedUp(living, condition, now: now, with: &context)
            return
        }
        context.report(.sessionLost(condition, retryIn: delay, wasOpen: wasOpen))
        connection.freeSession(of: first, retryAt: now + delay, with: &context)
    }

    /// The delay before the next attempt at a session or connection; nil if its senders have used all
    /// attempts up.
    ///
    /// It is the shortest delay of its senders, so that none is held up by one that does not work. A sender
    /// that has used its attempts up ends, unless all have.
    mutating func nextDelay(
        of living: [Int], _ condition: ErrorCondition, now: Instant,
        with context: inout some RecoveryContext
    ) -> Milliseconds? {
        var shortest: Milliseconds?
        var usedUp: [Int] = []
        for index in living {
            if let delay = senders[index].nextDelay() {
                shortest = min(shortest ?? delay, delay)
            } else {
                usedUp.append(index)
            }
        }
        if shortest != nil { endUsedUp(usedUp, condition, now: now, with: &context) }
        return shortest
    }

    mutating func endUsedUp(
        _ usedUp: [Int], _ condition: ErrorCondition, now: Instant,
        with context: inout some RecoveryContext
    ) {
        for index in usedUp {
            let attempts = senders[index].attempts
            end(index, with: .attemptsUsedUp(attempts, condition), now: now, with: &context)
        }
    }

    // MARK: The connection

    mutating func loseConnection(
        _ loss: ConnectionLoss, _ condition: ErrorCondition, now: Instant,
        with context: inout some RecoveryContext
    ) {
        let condition = connection.reason(of: condition)
        let wasOpen = wasOpenWhenLeft || senders.contains(where: \.hadCredit)
        wasOpenWhenLeft = false
        for index in senders.indices { senders[index].loseConnection(now: now, with: &context) }
        if end == nil, let end = endOfAll { note(end, now: now) }
        if end != nil {
            connection.lost(retryAt: nil)
            finish(with: &context)
            return
        }
        let unopened = connection.unopenedEndpoint
        switch afterLoss(loss, condition, now: now, with: &context) {
        case .retry(let at):
            context.report(
                .connectionLost(
                    condition, retryIn: at - now, unopened: unopened, wasOpen: wasOpen))
            connection.lost(retryAt: at)
        case .end(let end):
            context.report(
                .connectionLost(condition, retryIn: nil, unopened: unopened, wasOpen: wasOpen))
            connection.lost(retryAt: nil)
            begin(end, now: now, with: &context)
        }
    }

    private enum AfterLoss {
        case retry(at: Instant)
        case end(End)
    }

    private mutating func afterLoss(
        _ loss: ConnectionLoss, _ condition: ErrorCondition, now: Instant,
        with context: inout some RecoveryContext
    ) -> AfterLoss {
        let conditions = ConditionTable(options: options)
        let worked = senders.indices.filter { senders[$0].takeWhetherWorked() }
        let isLoginRefused = conditions.refusesAuthentication(loss, condition)
        if conditions.isFatal(condition) { return .end(.fatalCondition(condition)) }
        if isLoginRefused, isLoginRefusalFinal() { return .end(.authenticationRefused(condition)) }
        if !connection.mayReconnect { return .end(.connectionFailed(condition)) }
        let living = senders.indices.filter { senders[$0].end == nil }
        if living.isEmpty { return .retry(at: now + options.retry.interval) }
        let hasWorked = living.contains { worked.contains($0) }
        if connection.isWithinRound(hasWorked: hasWorked, now: now) {
            let mayTry = living.filter { senders[$0].countAttempt() }
            if mayTry.isEmpty { return usedUp(living, condition, now: now) }
            endUsedUp(living.filter { !mayTry.contains($0) }, condition, now: now, with: &context)
            return .retry(at: now)
        }
        guard let delay = nextDelay(of: living, condition, now: now, with: &context) else {
            return usedUp(living, condition, now: now)
        }
        // A token that was renewed is to be used soon.
        let isSlow = isLoginRefused && !options.isLoginRenewable
        return .retry(at: now + (isSlow ? max(delay, connection.loginDelay()) : delay))
    }

    private mutating func usedUp(
        _ living: [Int], _ condition: ErrorCondition, now: Instant
    ) -> AfterLoss {
        var attempts = 0
        for index in living {
            attempts = max(attempts, senders[index].attempts)
            note(.attemptsUsedUp(senders[index].attempts, condition), of: index, now: now)
        }
        return .end(endOfAll ?? .attemptsUsedUp(attempts, condition))
    }

    /// Counts a refused login; returns whether it ends the run: if no connection has served yet, once every
    /// endpoint has refused in this round; else if no other connection may follow.
    private mutating func isLoginRefusalFinal() -> Bool {
        let isByAll = connection.refusedLogin()
        return connection.hasEverServed ? !connection.mayReconnect : isByAll
    }
}
