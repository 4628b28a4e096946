// Demands of a link on its session and connection.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

extension RunStateMachine {
    /// Whether a sender besides these has credit, or an acceptance since its last loss.
    func isAnyServed(besides others: [Int]) -> Bool {
        senders.count > others.count
            && senders.indices.contains { !others.contains($0) && senders[$0].isServed }
    }

    /// Meets a link's demand, as far as the other senders allow it.
    mutating func meet(
        _ demand: LinkDemand?, of index: Int, now: Instant,
        with context: inout some RecoveryContext
    ) {
        guard let demand else { return }
        let isShared = isAnyServed(besides: [index])
        switch demand {
        case .end(let end):
            self.end(index, with: end, now: now, with: &context)
        case .endUnflushed(let reason):
            let end = senders[index].endOfFlush(failure: reason)
            self.end(index, with: end, now: now, with: &context)
        case .anotherSession(let isAnswered):
            changeSession(of: index, isAnswered: isAnswered, now: now, with: &context)
        case .unreadConnection where isShared:
            changeSession(of: index, isAnswered: true, now: now, with: &context)
        case .unreadConnection:
            let reason = ErrorCondition(description: "the peer does not read what was sent")
            abort(for: reason, now: now, with: &context)
        case .anotherEndpoint(let condition) where isShared:
            let demand = senders[index].waitForAttach(after: condition, now: now)
            meet(demand, of: index, now: now, with: &context)
        case .anotherEndpoint(let condition):
            leaveEndpoint(for: condition, now: now, with: &context)
        case .refused(let condition):
            let isByAll = isRefusedByAll(index)
            if isByAll || isShared {
                end(index, with: .fatalCondition(condition), now: now, with: &context)
            } else {
                leaveEndpoint(for: condition, now: now, with: &context)
            }
        }
    }

    /// Gives all links up before their connection, whose loss is reported later.
    private mutating func loseAllSessions(
        for reason: ErrorCondition, now: Instant, with context: inout some RecoveryContext
    ) {
        wasOpenWhenLeft = senders.contains(where: \.hadCredit)
        // No answer will prove that the peer has read what these sent.
        let flushing = senders.indices.filter { senders[$0].isFlushing && senders[$0].end == nil }
        for index in senders.indices { senders[index].loseSession(now: now, with: &context) }
        guard end == nil else { return }
        let ended = flushing.map { ($0, senders[$0].endOfFlush(failure: reason)) }
        note(ended, now: now, with: &context)
    }

    private mutating func abort(
        for reason: ErrorCondition, now: Instant, with context: inout some RecoveryContext
    ) {
        loseAllSessions(for: reason, now: now, with: &context)
        connection.abort(for: reason, now: now, with: &context)
    }

    /// Leaves a peer that answers, but refuses: closes the connection, and tries the next endpoint.
    mutating func leaveEndpoint(
        for condition: ErrorCondition, now: Instant, with context: inout some RecoveryContext
    ) {
        // Another sender may have led to that.
        guard connection.isOpen else { return }
        loseAllSessions(for: condition, now: now, with: &context)
        connection.leave(for: condition, now: now, with: &context)
    }

    /// Replaces the session of a sender that gets no answer on it.
    ///
    /// On the second such session in a row another connection follows, if that is allowed and takes nothing
    /// from another sender; else another session. A session on which others were answered stays theirs.
    private mutating func changeSession(
        of index: Int, isAnswered: Bool, now: Instant, with context: inout some RecoveryContext
    ) {
        let isLeaving = isAnswered && isSharingSession(index)
        let lost = isLeaving ? [index] : connection.sessions.companions(of: index)
        for index in lost { senders[index].loseSession(now: now, with: &context) }
        if connection.mayReconnect, senders[index].sessionsGivenUp > 1,
            !isAnyServed(besides: lost)
        {
            let reason = ErrorCondition(description: "no attach was answered on two sessions")
            abort(for: reason, now: now, with: &context)
            return
        }
        let living = lost.filter { senders[$0].end == nil }
        guard let delay = nextDelay(of: living, .none, now: now, with: &context) else {
            endUsedUp(living, .none, now: now, with: &context)
            if end == nil, !isLeaving {
                connection.freeSession(of: index, retryAt: .distantFuture, with: &context)
            }
            return
        }
        if isLeaving {
            connection.changeSessions { $0.moveToOwn(index, openAt: now + delay) }
        } else {
            connection.freeSession(of: index, retryAt: now + delay, with: &context)
        }
    }
}
