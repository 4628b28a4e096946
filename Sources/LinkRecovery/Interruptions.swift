// Interruptions of one sender.
// SPDX-License-Identifier: Apache-2.0

/// The time from the loss of a link that had credit to the next credit, or to the end of the sender or the run.
struct Interruptions: Sendable {
    /// When the present one began; nil while there is none.
    private(set) var since: Instant?
    private var attempts = 0
    private var longest: Milliseconds = 0

    /// Begins an interruption, unless one goes on.
    mutating func begin(now: Instant) {
        guard since == nil else { return }
        since = now
        attempts = 0
    }

    mutating func countAttempt() {
        attempts += 1
    }

    /// Ends the interruption: credit is back, or the sender or the run ends.
    ///
    /// Returns nil if there was none.
    mutating func end(now: Instant) -> (length: Microseconds, attempts: Int)? {
        guard let since else { return nil }
        self.since = nil
        longest = max(longest, now - since)
        return (now.microseconds(since: since), attempts)
    }

    /// The longest interruption, the present one included.
    func longest(now: Instant) -> Milliseconds {
        max(longest, since.map { now - $0 } ?? 0)
    }
}
