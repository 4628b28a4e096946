// Records final messages in the journal.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery
import ReliableSender

/// Precedes another observer and delays its reports until they are written: nothing is printed as
/// final before the journal has it.
final class JournalingObserver: SendingObserver {
    private static let heldCountMax = 256

    private let observer: any SendingObserver
    private let journal: Journal
    private let rejectedFile: RejectedFile?
    private var held: [Report] = []
    /// Messages that the rejected file may not have on the disk yet: recorded as final now, a power
    /// cut would lose them.
    private var unrecorded: [(sequence: UInt64, final: FinalState, lineEnd: UInt64)] = []

    init(
        _ observer: any SendingObserver, journal: Journal, rejectedFile: RejectedFile? = nil
    ) {
        self.observer = observer
        self.journal = journal
        self.rejectedFile = rejectedFile
    }

    func observe(_ report: Report) {
        if case .link(_, .outcome(let report)) = report, case .final(let outcome) = report.kind {
            settle(report.sequence, as: FinalState(outcome))
        }
        held.append(report)
        guard held.count >= Self.heldCountMax else { return }
        settleRecorded()
        journal.writeOut()
        passOn()
    }

    func willIdle() {
        settleRecorded()
        journal.writeOut()
        passOn()
        journal.endTurn()
        observer.willIdle()
    }

    private func settle(_ sequence: UInt64, as final: FinalState) {
        switch final {
        case .rejected, .givenUp:
            unrecorded.append((sequence, final, rejectedFile?.appendedEnd ?? 0))
        case .accepted, .unconfirmed:
            journal.settle(sequence, as: final)
        }
    }

    private func settleRecorded() {
        guard !unrecorded.isEmpty else { return }
        let end = rejectedFile?.durableEnd() ?? 0
        let recorded = unrecorded.prefix { $0.lineEnd <= end }
        for (sequence, final, _) in recorded { journal.settle(sequence, as: final) }
        unrecorded.removeFirst(recorded.count)
    }

    /// Holds up the run while reports wait: their number is bounded by the window.
    private func passOn() {
        guard !journal.isHeld else { return }
        held.forEach(observer.observe)
        held.removeAll(keepingCapacity: true)
    }

    var isHoldingUp: Bool { observer.isHoldingUp }
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
