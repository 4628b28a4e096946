// Puts what was rejected or given up into the rejected file.
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import LinkRecovery
import Sending

/// Stands before another observer, so that the file has a message before that one is told of it.
final class RejectionRecorder: SendingObserver {
    private let observer: any SendingObserver
    private let file: RejectedFile
    private let duplicateID: DuplicateID?

    init(_ observer: any SendingObserver, file: RejectedFile, duplicateID: DuplicateID?) {
        self.observer = observer
        self.file = file
        self.duplicateID = duplicateID
    }

    func observe(_ report: Report) {
        if case .outcome(let outcome) = report { record(outcome) }
        observer.observe(report)
    }

    func willIdle() {
        file.writeOut()
        observer.willIdle()
    }

    var isHoldingUp: Bool { observer.isHoldingUp }

    private func record(_ outcome: OutcomeReport) {
        switch outcome.kind {
        case .accepted, .returned, .unconfirmed: return
        case .rejected, .givenUp: break
        }
        let id = duplicateID?.value(sequence: outcome.sequence)
        if let message = RejectedMessage(outcome, duplicateID: id, at: .now) {
            file.append(message.line)
        }
    }
}
