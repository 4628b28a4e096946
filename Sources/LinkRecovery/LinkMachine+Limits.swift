// Nothing waits for ever: attach, close, credit and outcome each have a limit.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

extension LinkMachine {
    /// Does what is due.
    ///
    /// Returns what the connection has to do.
    mutating func timeCame(
        outgoingBytes: Int, isSessionAnswered: Bool, ladder: inout RetryLadder, now: Instant,
        into actions: inout [Action]
    ) -> LinkDemand? {
        guard !isEnding else { return nil }
        if creditTimeoutDeadline <= now {
            return .end(.creditTimedOut(after: options.creditTimeout))
        }
        switch state {
        case .detached:
            return nil
        case .waiting(let until):
            if until <= now { attach(now: now, into: &actions) }
            return nil
        case .attaching(_, let deadline):
            guard deadline <= now else { return nil }
            return attachUnanswered(
                outgoingBytes: outgoingBytes, isSessionAnswered: isSessionAnswered, ladder: &ladder,
                now: now, into: &actions)
        case .closing(_, let deadline):
            guard deadline <= now else { return nil }
            if isFlushing { return flushUnanswered }
            actions.append(.report(.notice(.closeUnanswered)))
            return outgoingBytes == 0 ? .anotherSession : LinkMachine.anotherConnection
        case .open(let link):
            if provingDeadline <= now { proveByCredit(&ladder) }
            if outgoingDeadline <= now { return LinkMachine.anotherConnection }
            checkOpenLink(link, outgoingBytes: outgoingBytes, now: now, into: &actions)
            return nil
        }
    }

    private var flushUnanswered: LinkDemand {
        let limit = options.outcomeTimeout
        return .endUnflushed(
            ErrorCondition(description: "no answer to the close of the link within \(limit) ms"))
    }

    /// With bytes that do not leave, our detach has not left either, nor would the session's end.
    private static let anotherConnection = LinkDemand.anotherConnection(
        ErrorCondition(description: "the peer does not read what was sent"))

    private mutating func attachUnanswered(
        outgoingBytes: Int, isSessionAnswered: Bool, ladder: inout RetryLadder, now: Instant,
        into actions: inout [Action]
    ) -> LinkDemand? {
        let isSessionGivenUp = ladder.unanswered()
        let attempt = ladder.unansweredAttaches
        actions.append(
            .report(
                .notice(
                    isSessionAnswered
                        ? .attachUnanswered(attempt: attempt) : .beginUnanswered(attempt: attempt)))
        )
        lose(now: now, into: &actions)
        guard outgoingBytes == 0 else { return LinkMachine.anotherConnection }
        if isSessionGivenUp {
            actions.append(.report(.notice(.sessionGivenUp)))
            return .anotherSession
        }
        guard let delay = ladder.nextDelay() else {
            return .end(.attemptsUsedUp(ladder.attempts, .none))
        }
        state = .waiting(until: now + delay)
        return nil
    }

    /// Credit has been held for long enough, whatever else is due by now.
    private mutating func proveByCredit(_ ladder: inout RetryLadder) {
        provingSince = nil
        isProven = true
        hasHeldCredit = true
        if options.isPreSettled { sizeExceededCount = 0 }
        ladder.reset()
    }

    private mutating func checkOpenLink(
        _ link: LinkID, outgoingBytes: Int, now: Instant, into actions: inout [Action]
    ) {
        if let routeLostDeadline, routeLostDeadline <= now {
            close(link, now: now, into: &actions)
        } else if outcomeDeadline <= now {
            actions.append(
                .report(
                    .notice(
                        outgoingBytes == 0
                            ? .outcomeOverdue(after: outcomeLimit)
                            : .windowClosed(after: outcomeLimit))))
            outcomeDoublings = min(outcomeDoublings + 1, 4)
            close(link, now: now, into: &actions)
        } else if starvationDeadline <= now {
            starve(link, now: now, into: &actions)
        }
    }

    private mutating func starve(_ link: LinkID, now: Instant, into actions: inout [Action]) {
        if noticeDeadline <= now {
            isStarvationNoticed = true
            if !hasHadCredit { actions.append(.report(.linkOpened(hasCredit: false))) }
            actions.append(.report(.notice(.noCredit(after: options.creditNotice))))
        }
        guard reopenDeadline <= now else { return }
        actions.append(.report(.notice(.reopenedForCredit)))
        close(link, now: now, into: &actions)
    }

    /// Gives the link up.
    ///
    /// What is in flight is in doubt from now on; the peer's detach is awaited before another link
    /// is opened.
    private mutating func close(_ link: LinkID, now: Instant, into actions: inout [Action]) {
        ledger.loseInFlight()
        if hasHadCredit { interruption = interruption ?? Interruption(since: now) }
        credit = 0
        isDraining = false
        provingSince = nil
        routeLostDeadline = nil
        state = .closing(link, deadline: now + max(options.drainTimeout, 1))
        actions.append(.closeLink(link))
    }

    // MARK: When

    /// Credit that has been held for so long proves the link.
    private var provingLength: Milliseconds { options.retry.maximum }

    var provingDeadline: Instant {
        provingSince.map { $0 + provingLength } ?? .distantFuture
    }

    private var outcomeLimit: Milliseconds { options.outcomeTimeout << Int64(outcomeDoublings) }

    /// Counts from the oldest delivery in flight, and again from when its bytes were last seen to leave;
    /// doubled after each expiry, for a slow broker is not a dead one.
    var outcomeDeadline: Instant {
        guard options.outcomeTimeout > 0, let oldest = ledger.oldestInFlight else {
            return .distantFuture
        }
        return outcomeStart(oldest) + outcomeLimit
    }

    private func outcomeStart(_ oldest: Ledger.Entry) -> Instant {
        max(oldest.sentAt, reading.progressAt ?? oldest.sentAt)
    }

    /// Half way to the limit: whether the oldest delivery has left by then has to be known.
    var readingLookDue: Instant {
        guard options.outcomeTimeout > 0, let oldest = ledger.oldestInFlight,
            reading.isUnknown(endOffset: oldest.endOffset)
        else { return .distantFuture }
        return outcomeStart(oldest) + outcomeLimit / 2
    }

    /// Looks at what has not left of what was sent on this link.
    mutating func lookAtBytes(outgoing outgoingBytes: Int, now: Instant) {
        outgoing.look(outgoingBytes: outgoingBytes, now: now)
        reading.look(
            outgoingBytes: outgoingBytes, oldestEnd: ledger.oldestInFlight?.endOffset ?? 0,
            now: now)
    }

    /// What was sent settled has to leave.
    var outgoingDeadline: Instant {
        guard options.outcomeTimeout > 0, outgoing.count > 0 else { return .distantFuture }
        return outgoing.since + options.outcomeTimeout
    }

    /// The notice first, then, with nothing in flight, another link.
    var starvationDeadline: Instant {
        guard wantsCredit, routeLostDeadline == nil else { return .distantFuture }
        return min(noticeDeadline, reopenDeadline)
    }

    private var noticeDeadline: Instant {
        guard options.creditNotice > 0, !isStarvationNoticed, let creditlessSince else {
            return .distantFuture
        }
        return creditlessSince + options.creditNotice
    }

    private var reopenDeadline: Instant {
        guard options.creditReopen > 0, let idleSince else { return .distantFuture }
        return idleSince + options.creditReopen
    }

    var creditTimeoutDeadline: Instant {
        guard options.creditTimeout > 0, wantsCredit, let creditTimeoutSince else {
            return .distantFuture
        }
        return creditTimeoutSince + options.creditTimeout
    }
}
