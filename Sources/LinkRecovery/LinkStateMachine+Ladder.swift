// The retry ladder of one sender, for what loses more than its link.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

extension LinkStateMachine {
    /// Attempts since something last worked.
    var attempts: Int { ladder.attempts }

    /// Sessions in a row that were given up because of unanswered attaches.
    var sessionsGivenUp: Int { ladder.sessionsGivenUp }

    /// Notes before losses whether the sender works.
    mutating func noteWhetherWorking() {
        ladder.noteWhetherWorking()
    }

    /// Whether the sender worked when the connection was given up, or works now; the next one begins anew.
    mutating func takeWhetherWorked() -> Bool { ladder.takeWhetherWorked() }

    /// Counts an attempt; returns the delay before it, or nil if the policy allows none.
    mutating func nextDelay() -> Milliseconds? { ladder.nextDelay() }

    /// Counts an attempt without a delay; returns false if the policy allows none.
    mutating func countAttempt() -> Bool { ladder.countAttempt() }

    /// Counts that an endpoint refuses this sender's target for good.
    mutating func refused(on connection: ConnectionID, roundStart: ConnectionID) {
        refusals.forget(before: roundStart)
        refusals.add(connection)
    }
}
