// Records final messages in the journal.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// Precedes another observer and delays its reports until they are written: nothing is printed as
/// final before the journal has it.
final class JournalingObserver: SendingObserver {
    private static let heldCountMax = 256

    private let observer: any SendingObserver
    private let journal: Journal
    private let rejectedFile: RejectedFile?
    /// Returns the address of a sender, as an index in the journal.
    private let address: (SenderID) -> Int
    private var held: [Report] = []
    /// Number of messages that they report.
    private var heldCount = 0
    /// Messages that the rejected file may not have on the disk yet: recorded as final now, a power
    /// cut would lose them.
    private var unrecorded: [Unrecorded] = []

    private struct Unrecorded {
        var sequence: UInt64
        var final: FinalState
        var address: Int
        /// The end of its line in the rejected file.
        var lineEnd: UInt64
    }

    init(
        _ observer: any SendingObserver, journal: Journal, rejectedFile: RejectedFile? = nil,
        address: @escaping (SenderID) -> Int = { _ in 0 }
    ) {
        self.address = address
        self.observer = observer
        self.journal = journal
        self.rejectedFile = rejectedFile
    }

    func observe(_ report: Report) {
        if case .link(let sender, .outcome(let report)) = report,
            case .final(let outcome) = report.kind
        {
            settle(report.sequences, as: FinalState(outcome), for: address(sender))
        }
        held.append(report)
        heldCount += report.messageCount
        guard heldCount >= Self.heldCountMax else { return }
        settleRecorded()
        passOn()
    }

    func willIdle() {
        settleRecorded()
        passOn()
        journal.endTurn()
        observer.willIdle()
    }

    private func settle(_ sequences: [UInt64], as final: FinalState, for address: Int) {
        switch final {
        case .rejected, .givenUp:
            unrecorded += sequences.map {
                Unrecorded(
                    sequence: $0, final: final, address: address,
                    lineEnd: rejectedFile?.appendedEnd ?? 0)
            }
        case .accepted, .unconfirmed:
            journal.settle(sequences, as: final, for: address)
        }
    }

    private func settleRecorded() {
        guard !unrecorded.isEmpty else { return }
        let end = rejectedFile?.durableEnd() ?? 0
        let recorded = unrecorded.prefix { $0.lineEnd <= end }
        for message in recorded {
            journal.settle([message.sequence], as: message.final, for: message.address)
        }
        unrecorded.removeFirst(recorded.count)
    }

    /// Writes what was noted, and passes on the reports of it.
    ///
    /// They wait while the journal is held: their number is bounded by the window.
    private func passOn() {
        // One look: another thread ends the rewriting that holds it.
        guard !journal.isHeld else { return }
        journal.writeOut()
        held.forEach(observer.observe)
        held.removeAll(keepingCapacity: true)
        heldCount = 0
    }

    var isHoldingUp: Bool { observer.isHoldingUp }

    var hasUnwrittenReports: Bool { !held.isEmpty || observer.hasUnwrittenReports }
}

extension Report {
    /// Messages that it tells of; 1 if it is about something else.
    fileprivate var messageCount: Int {
        switch self {
        case .link(_, .sent(_, let count)): count
        case .link(_, .outcome(let outcome)): outcome.sequences.count
        default: 1
        }
    }
}

extension FinalState {
    init(_ outcome: FinalOutcome) {
        switch outcome {
        case .accepted: self = .accepted
        case .rejected: self = .rejected
        case .givenUp: self = .givenUp
        case .unconfirmed: self = .unconfirmed
        }
    }
}
