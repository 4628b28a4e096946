// Detaches and their conditions.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

extension LinkStateMachine {
    /// Handles the peer's detach, or its answer to ours.
    ///
    /// Returns what has to be done besides the next attach.
    mutating func detached(
        for condition: ErrorCondition, now: Instant, with context: inout some RecoveryContext
    ) -> LinkDemand? {
        // A detach without an attach answers the attach as well.
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

    /// Handles the detach of a link whose session or connection is lost as well, and leads to the next
    /// attempt.
    ///
    /// Returns what the link's condition means besides another attempt.
    mutating func detachedWithMore(
        for condition: ErrorCondition, now: Instant, with context: inout some RecoveryContext
    ) -> DetachVerdict? {
        guard let attachment = state.attachment else { return nil }
        reportLoss(of: attachment, for: condition, with: &context)
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

    /// Counts a link or session that was lost before it worked; returns whether that has gone on for so long
    /// that the next endpoint is to be tried.
    mutating func isRefusedForLong(now: Instant) -> Bool {
        !ladder.hasWorkedSinceAttach && ladder.refused(now: now)
    }

    /// Gives the link up for this reason, and closes it.
    mutating func giveUp(
        _ attachment: Attachment, for reason: Notice, now: Instant,
        with context: inout some RecoveryContext
    ) {
        context.report(.givenUp(reason, at: attachment.stage), of: id)
        var attachment = attachment
        attachment.giveUp()
        close(attachment, now: now, with: &context)
    }

    func reportLoss(
        of attachment: Attachment, for condition: ErrorCondition,
        with context: inout some RecoveryContext
    ) {
        context.report(
            .lost(condition, at: attachment.stage, wasGivenUp: attachment.isGivenUp), of: id)
    }
}
