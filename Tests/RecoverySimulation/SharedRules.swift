// What holds between the senders of a run.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
import LinkRecovery

/// Checks that senders share a connection and a window, and nothing else: a fault on one takes nothing from
/// another.
struct SharedRules {
    private(set) var violations: [String] = []
    private var isEnding = false

    /// What one sender has to know of the others.
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
    }

    static func others(of sender: Int, _ all: [Rules]) -> Others {
        var others = Others()
        for index in all.indices where index != sender {
            if all[index].isServed { others.areServed = true }
            if all[index].isAbortDue { others.isAbortDue = true }
            if all[index].ownEnd == nil, all[index].ladder.attempts == 0 {
                others.haveWorked = true
            }
            if all[index].isLeavingDue { others.isLeavingDue = true }
            others.loginRefusals = min(others.loginRefusals, all[index].ladder.loginRefusals)
            if all[index].ownEnd == nil { others.bytes += all[index].ledgerBytes }
            // Also of one that has ended since.
            if let pause = all[index].ladder.pause, all[index].ladder.isPauseShared {
                others.earliestShared = min(others.earliestShared, pause.earliest)
            }
        }
        return others
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
