// What time brings, and how a run ends.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

extension Recovery {
    mutating func checkTime(
        outgoingBytes: Int, isSessionAnswered: Bool, now: Instant, into actions: inout [Action]
    ) {
        link.advancePace(now: now)
        if let stopDeadline, stopDeadline <= now { begin(.stopped, now: now, into: &actions) }
        guard !isFinished else { return }
        checkConnection(now: now, into: &actions)
        if connection.openDueSession(now: now, into: &actions) {
            link.attach(now: now, into: &actions)
        }
        let demand = link.timeCame(
            outgoingBytes: outgoingBytes, isSessionAnswered: isSessionAnswered, ladder: &ladder,
            now: now, into: &actions)
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
            actions.append(
                .report(.notice(connection.isLookingUp ? .lookUpUnanswered : .connectUnanswered)))
            connection.abort(for: unansweredReason, now: now, into: &actions)
        case .closing:
            actions.append(.report(.notice(.closeUnanswered)))
            connection.abort(for: connection.reason(of: .none), now: now, into: &actions)
        case .aborting:
            loseConnection(.transport, .none, now: now, into: &actions)
        }
    }

    private var unansweredReason: ErrorCondition {
        let time = "within \(options.openTimeout) ms"
        return connection.isLookingUp
            ? ErrorCondition(
                name: "name:no-answer", description: "no answer from the name server \(time)")
            : ErrorCondition(description: "no answer to the open \(time)")
    }

    mutating func requestStop(now: Instant, into actions: inout [Action]) {
        guard stopDeadline == nil, end == nil else { return }
        stopDeadline = now + options.drainTimeout
        link.isStopping = true
        if !link.ledger.isEmpty || link.needsFlush || link.isFlushing {
            actions.append(.report(.notice(.stopping(within: options.drainTimeout))))
        }
    }

    // MARK: End

    mutating func endTurn(
        isSourceDelayed: Bool, now: Instant, into actions: inout [Action]
    ) {
        link.endTurn(isSourceDelayed: isSourceDelayed, now: now, into: &actions)
        if end == nil, link.ledger.isEmpty, link.isSourceEnded || stopDeadline != nil {
            conclude(now: now, into: &actions)
        }
        guard !isFinished else { return }
        actions.append(.wake(at: nextDeadline()))
    }

    private mutating func nextDeadline() -> Instant {
        var deadline = min(connection.nextDeadline, link.nextDeadline())
        if let stopDeadline, end == nil { deadline = min(deadline, stopDeadline) }
        return deadline
    }

    /// The run is going to end.
    ///
    /// Outcomes that come until the connection is closed still count.
    mutating func begin(_ end: End, now: Instant, into actions: inout [Action]) {
        guard self.end == nil else { return }
        self.end = end
        link.isEnding = true
        actions.append(.report(.ending(end)))
        if !connection.close(now: now, into: &actions) { finish(end, into: &actions) }
    }

    mutating func finish(_ end: End, into actions: inout [Action]) {
        isFinished = true
        actions.append(.finish(end))
    }
}
