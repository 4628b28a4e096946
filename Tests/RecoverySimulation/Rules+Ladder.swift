// Rule 8: how long attempts are waited for, and what makes the next wait the first again.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery

extension Rules {
    struct LadderModel {
        /// Since something last worked.
        var attempts = 0
        var waits = 0
        /// Attempts that may have been counted besides: a sender that leaves a session, or whose link is lost,
        /// has counted one before the connection is given up for another.
        var slack = 0
        /// The next attempt is made between these two.
        var pause: (earliest: Instant, latest: Instant)?
        /// The pause is for a session or connection: the shortest of its senders' pauses holds.
        var isPauseShared = false
        /// Credit has been held since then, on a link that is not proven yet.
        var creditSince: Instant?
        var unanswered = 0
        var refusedSince: Instant?
        /// The last connection was closed, and had not refused for long.
        var hasLeftTooSoon = false
        var connectedAt = Instant.distantFuture
        var connectsInRound = 0
        /// Endpoints of the round that refuse for good who we are or what we want.
        var refusalsInRound = 0
        var isRefusalCounted = false
        /// The target is refused for good by this connection's endpoint.
        var isRefusedForGood = false
        /// The event at hand is a refused login.
        var isLoginRefused = false
        var loginRefusals = 0

        mutating func reset() {
            attempts = 0
            waits = 0
            slack = 0
            refusedSince = nil
            unanswered = 0
        }

        mutating func connected(now: Instant) {
            connectedAt = now
            connectsInRound += 1
            isRefusalCounted = false
            isRefusedForGood = false
        }

        mutating func countRefusal() {
            if !isRefusalCounted { refusalsInRound += 1 }
            isRefusalCounted = true
        }
    }

    /// An attempt has begun: not before its time.
    mutating func requirePause() {
        // The others do not wait for one that has ended.
        guard ownEnd == nil, let pause = ladder.pause else { return }
        let earliest =
            ladder.isPauseShared ? min(pause.earliest, others.earliestShared) : pause.earliest
        require(now >= earliest, "rule 8: tried again before its time")
    }

    /// The rung that was lost by the event at hand is opened again after a pause.
    mutating func followLadder() {
        guard level < levelBefore else {
            if level == 3 { ladder.pause = nil }
            return
        }
        if isLossAtHand, level > 0, !isProven { followRefusal() }
        let policy = options.retry
        require(
            policy.attempts < 0 || ladder.attempts < policy.attempts,
            "rule 8: more attempts than are allowed")
        let isWithinRound = level == 0 && beginsWithinRound()
        ladder.attempts += 1
        ladder.isPauseShared = level == 0 || session == nil
        guard !isWithinRound else {
            ladder.pause = (now, now)
            return
        }
        ladder.waits += 1
        var shortest = waits(attempt: ladder.waits).0
        var longest = waits(attempt: ladder.waits + ladder.slack).1
        if level == 0, ladder.isLoginRefused {
            // One that has ended has not seen the latest.
            let least = Self.loginPause(min(ladder.loginRefusals, others.loginRefusals))
            let most = Self.loginPause(ladder.loginRefusals)
            ladder.loginRefusals += 1
            (shortest, longest) = (max(shortest, least), max(longest, most))
        }
        ladder.pause = (now + shortest, now + longest)
    }

    private static func loginPause(_ refusals: Int) -> Milliseconds {
        min(5_000 << Int64(min(refusals, 4)), 60_000)
    }

    /// Refusals for one open timeout lead to the next endpoint.
    private mutating func followRefusal() {
        let since = ladder.refusedSince ?? now
        ladder.refusedSince = since
        if ladder.isRefusedForGood || others.areServed || wereOthersServed { return }
        require(!isLeavingDue, "rule 10: refused for long, and not left", UInt64(now - since))
    }

    var isLeavingDue: Bool {
        if endpointCount > 1, ladder.isRefusedForGood { return true }
        guard endpointCount > 1, options.openTimeout > 0, let since = ladder.refusedSince else {
            return false
        }
        return now - since >= options.openTimeout
    }

    private mutating func beginsWithinRound() -> Bool {
        let hasWorked = ladder.attempts == 0 || others.haveWorked
        if hasWorked, now - ladder.connectedAt >= options.retry.interval {
            ladder.connectsInRound = 1
            ladder.refusalsInRound = ladder.isRefusalCounted ? 1 : 0
        }
        if ladder.connectsInRound < endpointCount { return true }
        ladder.connectsInRound = 0
        ladder.refusalsInRound = 0
        return false
    }
}
