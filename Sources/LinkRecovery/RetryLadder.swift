// Counts attempts over all rungs: link, session, connection, endpoint.
// SPDX-License-Identifier: Apache-2.0

/// How many attempts there were since something last worked, and how long to wait for the next.
struct RetryLadder {
    private let policy: RetryPolicy
    /// Refusals for so long lead to the next endpoint; nil when there is no other.
    private let refusalLimit: Milliseconds?
    private var random: RandomSource
    /// Attempts since the last reset.
    private(set) var attempts = 0
    /// Of these, attempts that were waited for: only they make the next wait longer.
    private var waits = 0
    /// Attaches in a row that nothing answered.
    private(set) var unansweredAttaches = 0
    /// Sessions in a row that were given up for unanswered attaches.
    private(set) var sessionsGivenUp = 0
    /// The first refusal in a row on this connection.
    private var refusedSince: Instant?
    /// Something has worked since the newest attach: it is no refusal when its link is lost.
    private(set) var hasWorkedSinceAttach = false

    /// Unanswered attaches in a row that lead to the next rung.
    static let attachesPerSession = 3

    init(policy: RetryPolicy, refusalLimit: Milliseconds?, seed: UInt64) {
        self.policy = policy
        self.refusalLimit = refusalLimit
        random = RandomSource(seed: seed)
    }

    /// The wait before the next attempt; nil when the policy allows none.
    mutating func nextDelay() -> Milliseconds? {
        guard countAttempt() else { return nil }
        waits += 1
        return policy.delay(attempt: waits, using: &random)
    }

    /// Counts an attempt that is not waited for.
    ///
    /// Returns false when the policy allows none.
    mutating func countAttempt() -> Bool {
        guard policy.attempts < 0 || attempts < policy.attempts else { return false }
        attempts += 1
        return true
    }

    /// An attach was sent.
    mutating func attached() {
        hasWorkedSinceAttach = false
    }

    /// The link works: the next wait is the first again.
    mutating func reset() {
        hasWorkedSinceAttach = true
        attempts = 0
        waits = 0
        refusedSince = nil
        answered()
    }

    /// An attach was answered, if only with a refusal.
    mutating func answered() {
        unansweredAttaches = 0
        sessionsGivenUp = 0
    }

    /// A link was lost before it was of use.
    ///
    /// Returns whether the next endpoint is to be tried.
    mutating func refused(now: Instant) -> Bool {
        let since = refusedSince ?? now
        refusedSince = since
        guard let refusalLimit else { return false }
        return now - since >= refusalLimit
    }

    /// An attach was not answered.
    ///
    /// Returns whether the session is to be given up.
    mutating func unanswered() -> Bool {
        unansweredAttaches += 1
        guard unansweredAttaches % RetryLadder.attachesPerSession == 0 else { return false }
        sessionsGivenUp += 1
        return true
    }

    /// Another connection begins with nothing held against it.
    mutating func connectionChanged() {
        refusedSince = nil
        answered()
    }
}
