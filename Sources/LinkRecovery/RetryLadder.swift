// Attempts over all rungs: link, session, connection, endpoint.
// SPDX-License-Identifier: Apache-2.0

/// Counts the attempts since something last worked, and computes the delay before the next.
struct RetryLadder {
    private let policy: RetryPolicy
    /// Time that refusals go on before the next endpoint is tried; nil if there is no other.
    private let refusalLimit: Milliseconds?
    private var random: RandomSource
    /// Attempts since the last reset.
    private(set) var attempts = 0
    /// Attempts that had a delay: only they make the next delay longer.
    private var waits = 0
    /// Attaches in a row that nothing answered.
    private(set) var unansweredAttaches = 0
    /// Sessions in a row that were given up because of unanswered attaches.
    private(set) var sessionsGivenUp = 0
    /// The first refusal in a row on this connection.
    private var refusedSince: Instant?
    /// Something has worked since the newest attach, so that the loss of its link is no refusal.
    private(set) var hasWorkedSinceAttach = false

    /// Something had worked when the event at hand began, or since, or when the connection was given up.
    private var hadWorked = false

    /// Unanswered attaches in a row that lead to the next rung.
    static let attachesPerSession = 3

    init(policy: RetryPolicy, refusalLimit: Milliseconds?, seed: UInt64) {
        self.policy = policy
        self.refusalLimit = refusalLimit
        random = RandomSource(seed: seed)
    }

    /// Counts an attempt; returns the delay before it, or nil if the policy allows none.
    mutating func nextDelay() -> Milliseconds? {
        guard countAttempt() else { return nil }
        waits += 1
        return policy.delay(attempt: waits, using: &random)
    }

    /// Counts an attempt without a delay; returns false if the policy allows none.
    mutating func countAttempt() -> Bool {
        guard policy.attempts < 0 || attempts < policy.attempts else { return false }
        attempts += 1
        return true
    }

    /// An attach was sent.
    mutating func attached() {
        hasWorkedSinceAttach = false
    }

    /// The link works: the next delay is the first again.
    mutating func reset() {
        hasWorkedSinceAttach = true
        hadWorked = true
        attempts = 0
        waits = 0
        refusedSince = nil
        answered()
    }

    /// An attach was answered, be it with a refusal.
    mutating func answered() {
        unansweredAttaches = 0
        sessionsGivenUp = 0
    }

    /// Notes before losses whether something works: what one sender loses may end the connection of all, and
    /// their order must not matter.
    mutating func noteWhetherWorking() {
        hadWorked = attempts == 0
    }

    /// Whether something worked when the connection was given up, or works now; the next one begins anew.
    mutating func takeWhetherWorked() -> Bool {
        defer { hadWorked = false }
        return hadWorked || attempts == 0
    }

    /// Counts a link that was lost before it worked; returns whether the next endpoint is to be tried.
    mutating func refused(now: Instant) -> Bool {
        let since = refusedSince ?? now
        refusedSince = since
        guard let refusalLimit else { return false }
        return now - since >= refusalLimit
    }

    /// Counts an unanswered attach; returns whether the session is to be given up.
    mutating func unanswered() -> Bool {
        unansweredAttaches += 1
        guard unansweredAttaches % RetryLadder.attachesPerSession == 0 else { return false }
        sessionsGivenUp += 1
        return true
    }

    /// Another connection begins: refusals and silence of the last one do not count for it.
    mutating func connectionChanged() {
        refusedSince = nil
        answered()
    }
}
