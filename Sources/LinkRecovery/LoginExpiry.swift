// A login that ends while the connection is up.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

extension RunStateMachine {
    /// Messages that were accepted so far.
    var acceptedCount: Int {
        senders.reduce(formerSummary.accepted) { $0 + $1.deliveries.tally.accepted }
    }

    /// Why the connection is to be left: a batch says that the login has ended, by rejecting messages on a
    /// connection that has accepted some; nil: it is not.
    mutating func loginExpiry() -> ErrorCondition? {
        guard options.isLoginRenewable, connection.mayReconnect, connection.isOpen, end == nil,
            batch.connectionLoss == nil, acceptedCount > acceptedBeforeLogin
        else { return nil }
        var refusal: ErrorCondition?
        for part in batch.parts where senders[part.sender].end == nil {
            let condition = senders[part.sender].noteLoginRefusals(part.returns)
            refusal = refusal ?? condition
        }
        return refusal.map {
            ErrorCondition(
                name: ConditionName.loginExpired,
                description: "the peer no longer accepts the login: \($0.name): \($0.description)")
        }
    }

    /// Leaves a connection whose login has ended, unless it is gone, or the run at its end.
    mutating func leave(
        for expiry: ErrorCondition, now: Instant, with context: inout some RecoveryContext
    ) {
        guard !isFinished, end == nil, connection.isOpen else { return }
        leaveEndpoint(for: expiry, now: now, with: &context)
    }
}

extension LinkStateMachine {
    /// Notes the rejections of a batch that may be of the login; returns the condition of the first.
    mutating func noteLoginRefusals(_ returns: [Batch.Return]) -> ErrorCondition? {
        var first: ErrorCondition?
        for (tag, outcome, link) in returns where state.isOpen(link) {
            let condition = deliveries.noteLoginRefusal(tag, outcome)
            first = first ?? condition
        }
        return first
    }
}

extension Deliveries {
    /// Notes a rejection that may be one of the login, and not of its message; returns its condition.
    ///
    /// Returns nil if the message was rejected so before.
    mutating func noteLoginRefusal(_ tag: DeliveryTag, _ outcome: Outcome) -> ErrorCondition? {
        guard case .rejected(let condition) = outcome, conditions.mayRefuseLogin(condition),
            case .current(let slot) = ledger.match(tag), ledger[slot].state == .inFlight
        else { return nil }
        let sequence = ledger[slot].sequence
        return loginRefusals.updateValue(sequence, forKey: slot) == sequence ? nil : condition
    }
}
