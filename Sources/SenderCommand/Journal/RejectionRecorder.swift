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
        if case .link(let sender, .outcome(let outcome)) = report { record(outcome, of: sender) }
        observer.observe(report)
    }

    func willIdle() {
        file.writeOut()
        observer.willIdle()
    }

    var isHoldingUp: Bool { observer.isHoldingUp }

    private func record(_ outcome: OutcomeReport, of sender: SenderID) {
        switch outcome.kind {
        case .final(.accepted), .final(.unconfirmed), .returned: return
        case .final(.rejected), .final(.givenUp): break
        }
        let id = duplicateID?.value(sequence: outcome.sequence)
        var encoded: [UInt8] = []
        let source = sources[destinations.index(of: sender)]
        source.withEncoded(sequence: outcome.sequence) { encoded = Array($0) }
        let message = Message(encoded: encoded)
        assert(message != nil, "what was encoded here can be read here")
        let rejected = RejectedMessage(
            outcome, address: destinations.addressOfSeveral(sender), message: message,
            duplicateID: id, at: .now)
        if let line = rejected?.line { file.append(line) }
    }
}
