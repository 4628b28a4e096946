// Notes in the journal what becomes final.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery
import Sending

/// Stands before another observer, and holds what happens until it is written: nothing is printed as
/// final that the journal does not have.
final class JournalingObserver: SendingObserver {
    private static let heldCountMax = 256

    private let observer: any SendingObserver
    private let journal: Journal
    private var held: [Report] = []

    init(_ observer: any SendingObserver, journal: Journal) {
        self.observer = observer
        self.journal = journal
    }

    func observe(_ report: Report) {
        if case .outcome(let outcome) = report, let final = FinalState(outcome.kind) {
            journal.settle(outcome.sequence, as: final)
        }
        held.append(report)
        guard held.count >= Self.heldCountMax else { return }
        journal.writeOut()
        passOn()
    }

    func willIdle() {
        journal.endTurn()
        passOn()
        observer.willIdle()
    }

    private func passOn() {
        held.forEach(observer.observe)
        held.removeAll(keepingCapacity: true)
    }

    var isHoldingUp: Bool { observer.isHoldingUp }
}

extension FinalState {
    /// nil for what is sent again.
    init?(_ kind: OutcomeReport.Kind) {
        switch kind {
        case .accepted: self = .accepted
        case .rejected: self = .rejected
        case .givenUp: self = .givenUp
        case .unconfirmed: self = .unconfirmed
        case .returned: return nil
        }
    }
}
