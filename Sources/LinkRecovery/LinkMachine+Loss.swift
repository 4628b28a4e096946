// What the loss of a link leads to.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

extension LinkMachine {
    /// The current link is gone.
    ///
    /// What was in flight is in doubt.
    mutating func lose(now: Instant, into actions: inout [Action]) {
        guard let link = currentLink else { return }
        ledger.loseInFlight()
        // At the end of a run a link is not lost but closed.
        if hasHadCredit, !isEnding {
            tally.linkLosses += 1
            interruption = interruption ?? Interruption(since: now)
        }
        credit = 0
        isDraining = false
        provingSince = nil
        creditlessSince = nil
        idleSince = nil
        creditTimeoutSince = creditTimeoutSince ?? now
        routeLostDeadline = nil
        state = .detached
        if sentOnLink > 0 {
            dropKeptLink(into: &actions)
            keptLink = link
        } else {
            actions.append(.dropLink(link))
        }
    }

    /// The session is gone, and all of its links.
    mutating func loseSession(now: Instant, into actions: inout [Action]) {
        lose(now: now, into: &actions)
        dropKeptLink(into: &actions)
        outgoing = Outgoing()
        state = .detached
    }

    mutating func dropKeptLink(into actions: inout [Action]) {
        guard let keptLink else { return }
        actions.append(.dropLink(keptLink))
        self.keptLink = nil
    }

    /// Reports the loss of a link in the order of the events that a refusal has.
    func reportLoss(_ condition: ErrorCondition, into actions: inout [Action]) {
        if !hasHadCredit, !isStarvationNoticed {
            actions.append(.report(.linkOpened(hasCredit: false)))
        }
        if condition != .none { actions.append(.report(.linkError(condition))) }
        actions.append(.report(.linkClosed))
    }

    /// The peer detached the link, or answered our close.
    ///
    /// Returns what has to be done beyond waiting for the next attach.
    mutating func lost(
        _ condition: ErrorCondition, ladder: inout RetryLadder, now: Instant,
        into actions: inout [Action]
    ) -> LinkDemand? {
        // An attach that is answered with a detach alone is answered.
        ladder.answered()
        switch lostWithMore(condition, now: now, into: &actions) {
        case .fatal(let end)?: return .end(end)
        case .refused(let condition)?: return .refused(condition)
        case nil: break
        }
        if !isProven, ladder.refused(now: now) {
            return .anotherEndpoint(
                ErrorCondition(
                    name: condition.name,
                    description: "the link was refused for \(options.openTimeout) ms"))
        }
        guard let delay = ladder.nextDelay() else {
            return .end(.attemptsUsedUp(ladder.attempts, condition))
        }
        state = .waiting(until: now + delay)
        return nil
    }

    /// The same, when what the link was on is lost as well and leads to the next attempt.
    ///
    /// Returns what the link's condition means beyond another attempt.
    mutating func lostWithMore(
        _ condition: ErrorCondition, now: Instant, into actions: inout [Action]
    ) -> LossVerdict? {
        reportLoss(condition, into: &actions)
        lose(now: now, into: &actions)
        return verdict(on: condition)
    }

    /// What the condition of a lost link means beyond another attempt.
    enum LossVerdict {
        /// The end of the run.
        case fatal(End)
        /// This endpoint will never let us send there.
        case refused(ErrorCondition)
    }

    private mutating func verdict(on condition: ErrorCondition) -> LossVerdict? {
        switch conditions.linkLoss(condition) {
        case .retry:
            return nil
        case .fatal:
            return .fatal(.fatalCondition(condition))
        case .fatalAtFirst:
            let hasWorked = tally.accepted > 0 || options.isPreSettled && hasHeldCredit
            return hasWorked ? nil : .refused(condition)
        case .fatalAtSecond:
            sizeExceededCount += 1
            return sizeExceededCount > 1 ? .fatal(.fatalCondition(condition)) : nil
        }
    }
}
