// Deadlines of a run.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

extension RunStateMachine {
    /// Handles each deadline that has passed; one that has not does nothing.
    mutating func checkTime(now: Instant, with context: inout some RecoveryContext) {
        for index in senders.indices { senders[index].advancePace(now: now) }
        if let stopDeadline, stopDeadline <= now { begin(.stopped, now: now, with: &context) }
        guard !isFinished else { return }
        noteWhetherWorking()
        checkConnection(now: now, with: &context)
        if connection.openDueSessions(now: now, with: &context) {
            attachDetached(now: now, with: &context)
        }
        for index in senders.indices {
            let demand = senders[index].timeCame(now: now, with: &context)
            meet(demand, of: index, now: now, with: &context)
            if end == nil, senders[index].isAttachDue(now: now),
                let session = connection.sessions.open(for: index)
            {
                senders[index].attach(on: session, now: now, with: &context)
            }
        }
        for index in senders.indices { senders[index].sendWaiting(now: now, with: &context) }
    }

    private mutating func checkConnection(
        now: Instant, with context: inout some RecoveryContext
    ) {
        guard connection.nextDeadline <= now else { return }
        switch connection.state {
        case .idle, .open:
            break
        case .waiting:
            connection.connect(now: now, with: &context)
        case .connecting:
            context.report(
                .notice(connection.isLookingUp ? .lookUpUnanswered : .connectUnanswered))
            connection.abort(for: unansweredReason, now: now, with: &context)
        case .closing:
            context.report(.notice(.closeUnanswered))
            connection.abort(for: connection.reason(of: .none), now: now, with: &context)
        case .aborting:
            loseConnection(.transport, .none, now: now, with: &context)
        }
    }

    private var unansweredReason: ErrorCondition {
        let time = "within \(options.openTimeout) ms"
        return connection.isLookingUp
            ? ErrorCondition(
                name: ConditionName.lookUpUnanswered,
                description: "no answer from the name server \(time)")
            : ErrorCondition(description: "no answer to the open \(time)")
    }
}
