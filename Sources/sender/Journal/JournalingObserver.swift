// Notes in the journal what becomes final.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery
import Sending

/// Stands before another observer, so that nothing is printed as final that is not written as such.
final class JournalingObserver: SendingObserver {
    private let observer: any SendingObserver
    private let journal: Journal

    init(_ observer: any SendingObserver, journal: Journal) {
        self.observer = observer
        self.journal = journal
    }

    func observe(_ report: Report) {
        if case .outcome(let outcome) = report, let final = FinalState(outcome.kind) {
            journal.settle(outcome.sequence, as: final)
        }
        observer.observe(report)
    }

    func willIdle() {
        journal.endTurn()
        observer.willIdle()
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
        case .returned: return nil
        }
    }
}
