// Records rejected and given-up messages in the rejected file.
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import LinkRecovery
import ReliableSender

/// Precedes another observer, so that the file has a message before its outcome is reported.
final class RejectionRecorder: SendingObserver {
    private let observer: any SendingObserver
    private let file: RejectedFile
    private let duplicateID: DuplicateID?
    /// Holds every message until its outcome was observed.
    private let source: any MessageSource

    init(
        _ observer: any SendingObserver, file: RejectedFile, duplicateID: DuplicateID?,
        source: any MessageSource
    ) {
        self.source = source
        self.observer = observer
        self.file = file
        self.duplicateID = duplicateID
    }

    func observe(_ report: Report) {
        if case .link(_, .outcome(let outcome)) = report { record(outcome) }
        observer.observe(report)
    }

    func willIdle() {
        file.writeOut()
        observer.willIdle()
    }

    var isHoldingUp: Bool { observer.isHoldingUp }

    private func record(_ outcome: OutcomeReport) {
        switch outcome.kind {
        case .final(.accepted), .final(.unconfirmed), .returned: return
        case .final(.rejected), .final(.givenUp): break
        }
        let id = duplicateID?.value(sequence: outcome.sequence)
        var encoded: [UInt8] = []
        source.withEncoded(sequence: outcome.sequence) { encoded = Array($0) }
        let message = Message(encoded: encoded)
        assert(message != nil, "what was encoded here can be read here")
        if let line = RejectedMessage(outcome, message: message, duplicateID: id, at: .now)?.line {
            file.append(line)
        }
    }
}
