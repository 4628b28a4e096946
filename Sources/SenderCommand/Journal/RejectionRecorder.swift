// Records rejected and given-up messages in the rejected file.
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import ReliableSender

/// Precedes another observer, so that the file has a message before its outcome is reported.
final class RejectionRecorder: SendingObserver {
    private let observer: any SendingObserver
    private let file: RejectedFile
    private let duplicateID: DuplicateID?
    private let destinations: Destinations
    /// By address; each holds every message until its outcome was observed.
    private let sources: [any MessageSource]

    init(
        _ observer: any SendingObserver, file: RejectedFile, duplicateID: DuplicateID?,
        destinations: Destinations, sources: [any MessageSource]
    ) {
        self.destinations = destinations
        self.sources = sources
        self.observer = observer
        self.file = file
        self.duplicateID = duplicateID
    }

    func observe(_ report: Report) {
        if case .link(let sender, .outcome(let outcome)) = report {
            record(outcome.kind, of: outcome.sequences, by: sender)
        }
        observer.observe(report)
    }

    func willIdle() {
        file.writeOut()
        observer.willIdle()
    }

    var isHoldingUp: Bool { observer.isHoldingUp }

    var hasUnwrittenReports: Bool { observer.hasUnwrittenReports }

    private func record(_ kind: OutcomeReport.Kind, of sequences: [UInt64], by sender: SenderID) {
        switch kind {
        case .final(.accepted), .final(.unconfirmed), .returned: return
        case .final(.rejected), .final(.givenUp): break
        }
        let source = sources[destinations.index(of: sender)]
        for sequence in sequences {
            var encoded: [UInt8] = []
            source.withEncoded(sequence: sequence) { encoded = Array($0) }
            let message = Message(encoded: encoded)
            assert(message != nil, "what was encoded here can be read here")
            let rejected = RejectedMessage(
                kind, of: sequence, address: destinations.addressOfSeveral(sender),
                message: message, duplicateID: duplicateID?.value(sequence: sequence), at: .now)
            if let line = rejected?.line { file.append(line) }
        }
    }
}
