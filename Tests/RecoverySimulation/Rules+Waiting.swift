// Rules 7 and 10: one armed wake-up, and nothing waits for ever, for longer or for shorter than is
// said.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery

extension Rules {
    struct WaitingModel {
        /// Of this link: bytes that were sent, and that have left, and when some of the oldest message did.
        var sentBytes = 0
        var leftBytes = 0
        var sentAtLook = 0
        var readAt: Instant?
        /// No credit though it is wanted; and with nothing in flight besides.
        var creditlessSince: Instant?
        var idleSince: Instant?
        var creditTimeoutSince: Instant?
        var hasCreditTimedOut = false
        var isNoticed = false
        var outcomeDoublings = 0
        var armedInTurn = 0
        /// Bytes that the peer has not read, by the last look.
        var unreadBytes = 0
        /// The turn at hand was begun by the timer.
        var isTimersTurn = false
    }

    mutating func checkTimer(actions: Int) {
        require(
            !isTimerStale || actions == 0, "rule 7: a stale timer did something", UInt64(actions))
        isTimerStale = false
    }

    /// Keeps since when credit is missing; only a link that is open can miss it.
    mutating func followCredit() {
        guard isUsable else { return }
        if credit == 0, !options.isPreSettled { ladder.creditSince = nil }
        let hasRoom =
            stoppedAt == nil && !isSourceEnded && ledger.count + unflushed.count < options.window
        let hasWaiting = ledger.values.contains { $0.inFlight == nil }
        guard credit == 0, hasRoom || hasWaiting else {
            waiting.creditlessSince = nil
            waiting.creditTimeoutSince = nil
            waiting.idleSince = nil
            return
        }
        waiting.creditlessSince = waiting.creditlessSince ?? now
        waiting.creditTimeoutSince = waiting.creditTimeoutSince ?? now
        let isIdle = !ledger.values.contains { $0.inFlight != nil }
        waiting.idleSince = isIdle ? waiting.idleSince ?? now : nil
    }

    // MARK: What is waited for

    mutating func checkWaiting() {
        require(waiting.armedInTurn == 1, "rule 7: not one wake-up", UInt64(waiting.armedInTurn))
        waiting.armedInTurn = 0
        waiting.isTimersTurn = false
        let latest = latestWake
        guard let armedAt else { return }
        require(armedAt <= latest, "rule 10: waits for too long")
    }

    /// When the machines have to look again at the latest, by all limits together.
    private var latestWake: Instant {
        var latest = connectionLimit
        if let stoppedAt, !isConnectionEnding {
            latest = min(latest, stoppedAt + options.drainTimeout)
        }
        if level < 3, let pause = ladder.pause { latest = min(latest, pause.latest) }
        guard link != nil, connectionState == .open else { return latest }
        return min(latest, linkLimit)
    }

    private var connectionLimit: Instant {
        guard connection != nil else { return .distantFuture }
        return switch connectionState {
        case .connecting(let since): limit(options.openTimeout, since)
        case .open: .distantFuture
        case .closing(let since): since + options.drainTimeout
        case .aborting(let since): since + Rules.abortLimit
        }
    }

    private var linkLimit: Instant {
        switch linkState {
        case .attaching(let since):
            return limit(options.openTimeout, since)
        case .closing(let since):
            if isFlushing { return limit(options.outcomeTimeout, since) }
            return since + max(options.drainTimeout, 1)
        case .open:
            if let routeLostAt { return min(routeLostAt + options.retry.interval, outcomeLimit) }
            return min(outcomeLimit, creditLimit, beatLimit, outgoingLimit)
        }
    }

    private func limit(_ length: Milliseconds, _ since: Instant?) -> Instant {
        guard length > 0, let since else { return .distantFuture }
        return since + length
    }

    /// When the oldest message in flight was sent, and the bytes of its link up to its end.
    private var oldestInFlight: (since: Instant, endOffset: Int)? {
        var oldest: (since: Instant, endOffset: Int)?
        for message in ledger.values {
            guard case .inFlight(_, let since) = message.state else { continue }
            if oldest.map({ (message.endOffset, since) < ($0.endOffset, $0.since) }) ?? true {
                oldest = (since, message.endOffset)
            }
        }
        return oldest
    }

    private var outcomeLimit: Instant {
        let since = oldestInFlight.map { max($0.since, waiting.readAt ?? $0.since) }
        return limit(options.outcomeTimeout << Int64(waiting.outcomeDoublings), since)
    }

    /// A peer that still reads the oldest message in flight has time to answer.
    mutating func followReading(outgoingBytes: Int) {
        let end = oldestInFlight?.endOffset ?? 0
        let left = max(waiting.leftBytes, waiting.sentBytes - outgoingBytes)
        let wasSeen = end <= waiting.sentAtLook && end > waiting.leftBytes
        if left > waiting.leftBytes, wasSeen { waiting.readAt = now }
        waiting.leftBytes = left
        waiting.sentAtLook = waiting.sentBytes
    }

    private var creditLimit: Instant {
        if credit > 0 {
            let held = ladder.creditSince.map { $0 + options.retry.maximum }
            return min(held ?? .distantFuture, pacedLimit)
        }
        let notice = waiting.isNoticed ? .distantFuture : noticeLimit
        return min(
            notice, limit(options.creditReopen, waiting.idleSince),
            limit(options.creditTimeout, waiting.creditTimeoutSince))
    }

    /// Credit has been missing for as long as is allowed.
    var isCreditTimeoutDue: Bool {
        limit(options.creditTimeout, waiting.creditTimeoutSince) <= now
    }

    private var noticeLimit: Instant { limit(options.creditNotice, waiting.creditlessSince) }

    private var pacedLimit: Instant {
        var earliest = Instant.distantFuture
        for message in ledger.values {
            if case .paced(_, let latest) = message.state { earliest = min(earliest, latest) }
        }
        return earliest
    }

    private var beatLimit: Instant {
        guard let tick = beat.nextTick, canTakeSomething else { return .distantFuture }
        return tick
    }

    // MARK: What is said to have taken too long

    /// Whether a connection may be ended without its peer.
    var isAbortDue: Bool {
        if case .connecting = connectionState { return true }
        let isStuck =
            options.outcomeTimeout > 0 && unflushed.count > 0
            && unflushed.since + options.outcomeTimeout <= now
        return isGivingUp || isStuck || options.drainTimeout == 0
    }

    /// Whether a link may be closed, be it in order.
    var isCloseDue: Bool {
        let isRouteLostDue = routeLostAt.map { $0 + options.retry.interval <= now } ?? false
        return isGivingUp || isRouteLostDue || ownEnd != nil
            || options.isPreSettled && hasWorkEnded
    }

    mutating func checkNotice(_ notice: Notice) {
        switch notice {
        case .lookUpUnanswered, .connectUnanswered, .attachUnanswered, .beginUnanswered,
            .outcomeOverdue, .windowClosed,
            .reopenedForCredit,
            .closeUnanswered:
            isGivingUp = true
        case .sessionGivenUp, .noCredit, .routeLost, .stopping, .unknownState,
            .rejectionReturned:
            break
        }
        switch notice {
        case .lookUpUnanswered, .connectUnanswered:
            guard case .connecting(let since) = connectionState else { return requireDue(nil) }
            requireDue(limit(options.openTimeout, since))
        case .attachUnanswered(let attempt), .beginUnanswered(let attempt):
            guard case .attaching(let since) = linkState else { return requireDue(nil) }
            requireDue(limit(options.openTimeout, since))
            ladder.unanswered += 1
            require(attempt == ladder.unanswered, "rule 10: unanswered attaches are miscounted")
        case .sessionGivenUp:
            require(ladder.unanswered % 3 == 0, "rule 10: a session is given up too soon")
        case .outcomeOverdue, .windowClosed:
            requireDue(outcomeLimit)
            waiting.outcomeDoublings = min(waiting.outcomeDoublings + 1, 4)
        case .noCredit:
            requireDue(noticeLimit)
            waiting.isNoticed = true
        case .reopenedForCredit:
            requireDue(limit(options.creditReopen, waiting.idleSince))
        case .routeLost:
            require(
                routeLostAt != nil || isLossAtHand, "rule 5: a route is said to be lost, and is not"
            )
        case .closeUnanswered, .stopping, .unknownState, .rejectionReturned:
            break
        }
    }

    private mutating func requireDue(_ limit: Instant?) {
        require(limit.map { $0 <= now } ?? false, "rule 10: given up before its limit")
    }
}
