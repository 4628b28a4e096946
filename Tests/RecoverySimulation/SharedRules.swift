// The rules between the senders of a run.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
import LinkRecovery

/// Checks that senders share a connection and a window, and nothing else: a fault on one takes nothing from
/// another.
struct SharedRules {
    private(set) var violations: [String] = []
    private var isEnding = false

    /// State of the others that one sender has to know.
    struct Others {
        var areServed = false
        var isAbortDue = false
        var isLeavingDue = false
        var haveWorked = false
        /// In their ledgers.
        var bytes = 0
        /// When the first of them may try again what is shared.
        var earliestShared = Instant.distantFuture
        /// Refused logins in a row, as the one has seen them that was served last.
        var loginRefusals = Int.max

        mutating func add(_ other: Others) {
            areServed = areServed || other.areServed
            isAbortDue = isAbortDue || other.isAbortDue
            isLeavingDue = isLeavingDue || other.isLeavingDue
            haveWorked = haveWorked || other.haveWorked
            bytes += other.bytes
            earliestShared = min(earliestShared, other.earliestShared)
            loginRefusals = min(loginRefusals, other.loginRefusals)
        }
    }

    private mutating func require(_ holds: Bool, _ sentence: StaticString, _ number: UInt64 = 0) {
        if !holds { violations.append("\(sentence) (\(number))") }
    }

    /// Looks at an action before it is done.
    mutating func check(_ action: Action, _ all: [Rules]) {
        guard all.count > 1 else { return }
        switch action {
        case .report(.ending): isEnding = true
        case .closeConnection(let id), .abortConnection(let id):
            guard !isEnding else { return }
            let served = all.indices.filter {
                all[$0].isServed && !all[$0].isAbortDue && !all[$0].isLeavingDue
            }
            let isOpen = all[0].connectionState == .open
            require(
                !isOpen || served.isEmpty, "rule 10: a connection is given up that serves a sender",
                id.number)
        case .freeSession(let id):
            let served = all.contains { $0.session == id && $0.isServed && !$0.isLossAtHand }
            require(
                isEnding || !served, "rule 10: a session is given up that serves a sender",
                id.number)
        default: break
        }
    }

    mutating func check(_ summary: Summary, _ all: [Rules]) {
        guard all.count > 1 else { return }
        require(summary.addsUp, "rule 1: the account of all does not add up")
        let taken = all.reduce(0) { $0 + $1.account.taken }
        require(summary.taken == taken, "rule 1: what all have taken is miscounted", UInt64(taken))
    }
}

extension Rules {
    /// Returns the state that the others have to know.
    ///
    /// It changes nothing: it is mutating to be called in place, as a copy of the rules costs more than a
    /// step of the machines.
    mutating func seenByOthers() -> SharedRules.Others {
        var seen = SharedRules.Others()
        seen.areServed = isServed
        seen.isAbortDue = isAbortDue
        seen.isLeavingDue = isLeavingDue
        if ownEnd == nil {
            seen.haveWorked = ladder.attempts == 0
            seen.bytes = ledgerBytes
        }
        // Also of one that has ended since.
        if let pause = ladder.pause, ladder.isPauseShared { seen.earliestShared = pause.earliest }
        seen.loginRefusals = ladder.loginRefusals
        return seen
    }
}
