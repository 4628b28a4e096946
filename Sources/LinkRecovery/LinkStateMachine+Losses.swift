// Detaches, and what their conditions mean.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

extension LinkStateMachine {
    /// The peer detached the link, or answered our close.
    ///
    /// Returns what has to be done beyond waiting for the next attach.
    mutating func detached(
        for condition: ErrorCondition, now: Instant, with context: inout some RecoveryContext
    ) -> LinkDemand? {
        // An attach that is answered with a detach alone is answered.
        ladder.answered()
        switch detachedWithMore(for: condition, now: now, with: &context) {
        case .fatal(let end)?: return .end(end)
        case .refused(let condition)?: return .refused(condition)
        case nil: break
        }
        if isRefusedForLong(now: now) {
            return .anotherEndpoint(
                ErrorCondition(
                    name: condition.name,
                    description: "the link was refused for \(options.openTimeout) ms"))
        }
        return waitForAttach(after: condition, now: now)
    }

    /// The same, when what the link was on is lost as well and leads to the next attempt.
    ///
    /// Returns what the link's condition means beyond another attempt.
    mutating func detachedWithMore(
        for condition: ErrorCondition, now: Instant, with context: inout some RecoveryContext
    ) -> DetachVerdict? {
        guard let attachment = state.attachment else { return nil }
        context.report(.lost(condition, at: attachment.stage), of: id)
        lose(now: now, with: &context)
        return verdict(on: condition)
    }

    private mutating func verdict(on condition: ErrorCondition) -> DetachVerdict? {
        switch conditions.linkLoss(condition) {
        case .retry:
            return nil
        case .fatal:
            return .fatal(.fatalCondition(condition))
        case .fatalAtFirst:
            let hasWorked = deliveries.tally.accepted > 0 || options.isPreSettled && hasHeldCredit
            return hasWorked ? nil : .refused(condition)
        case .fatalAtSecond:
            sizeExceededCount += 1
            return sizeExceededCount > 1 ? .fatal(.fatalCondition(condition)) : nil
        }
    }

    /// A link, or its session, was lost before it worked; returns whether that has gone on for so long that
    /// the next endpoint is to be tried.
    mutating func isRefusedForLong(now: Instant) -> Bool {
        !ladder.hasWorkedSinceAttach && ladder.refused(now: now)
    }
}
