// A source that goes on where the journal says that an earlier run ended.
// SPDX-License-Identifier: Apache-2.0

import Sending

/// A source whose messages a journal can keep.
protocol ResumableSource: MessageSource {
    /// Records that let another run send the messages from `next` on, as far as they are there
    /// now; at least of `next`, and of at most so many.
    func upcoming(countMax: Int) -> [JournalRecord]

    /// Leaves out all messages up to this one.
    func skip(through sequence: UInt64)
}

/// Offers the messages of a source that are not final, and only after the journal has them on the
/// disk.
///
/// A message is on the disk before it can be taken, so before any of its bytes can leave; many at a
/// time, so that a flush serves many. Nothing waits for the disk here: what is on its way there is
/// not offered yet.
final class JournaledSource: MessageSource {
    /// No more of them may arrive a second time after a kill than this, beside the window.
    private static let admittedCountMin = 256
    /// What a fast run notes at once.
    private static let admittedCountMax = 8192
    /// A run is fast when it uses up what was noted in less time.
    private static let fast: Duration = .milliseconds(100)

    private let source: any ResumableSource
    private let journal: Journal
    /// Behind it, nothing can be final before it was taken.
    private let lastFoundFinal: UInt64
    private var lastTaken: UInt64 = 0
    private var admittedCount = admittedCountMin
    private var admittedAt = ContinuousClock.now - fast

    init(_ source: any ResumableSource, journal: Journal) {
        self.source = source
        self.journal = journal
        lastFoundFinal = journal.state.finals.runs.last?.last ?? 0
    }

    var next: NextMessage? {
        skipFinal()
        guard journal.failure == nil, let next = source.next else { return nil }
        if next.sequence > journal.state.lastSequence, !admit() { return nil }
        return journal.isDurable(next.sequence) ? next : nil
    }

    var isDelayed: Bool {
        guard journal.failure == nil, let next = source.next else { return false }
        return !journal.isDurable(next.sequence)
    }

    private func admit() -> Bool {
        let now = ContinuousClock.now
        let isFast = now - admittedAt < Self.fast
        admittedAt = now
        admittedCount =
            isFast ? min(admittedCount * 2, Self.admittedCountMax) : Self.admittedCountMin
        return journal.admit(source.upcoming(countMax: admittedCount))
    }

    var isAtEnd: Bool {
        skipFinal()
        return source.isAtEnd
    }

    func take() {
        // Whoever takes has looked at `next`, which has left out what is final.
        lastTaken = source.next?.sequence ?? lastTaken
        source.take()
    }

    func withEncoded(sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
        source.withEncoded(sequence: sequence, body)
    }

    func forget(sequence: UInt64) {
        source.forget(sequence: sequence)
    }

    /// Closes the journal when the run is over, with what was read and comes only once.
    ///
    /// - Returns: The messages up to this one are in it.
    @discardableResult
    func close() -> UInt64 {
        journal.endFlusher()
        let last = journal.state.lastSequence
        let rest = source.upcoming(countMax: .max).filter { record in
            guard case .payload(let sequence, _) = record else { return false }
            return sequence > last
        }
        if !rest.isEmpty { _ = journal.admit(rest) }
        journal.close(untakenFrom: lastTaken + 1)
        return journal.writtenSequence
    }

    private func skipFinal() {
        guard lastTaken < lastFoundFinal else { return }
        while let next = source.next, next.sequence <= lastFoundFinal,
            let run = journal.state.finals.run(of: next.sequence)
        {
            source.skip(through: run.last)
        }
    }
}

extension CountedMessages: ResumableSource {
    func upcoming(countMax: Int) -> [JournalRecord] {
        guard let first = next?.sequence else { return [] }
        let count = UInt64(min(countMax, remaining))
        return [.numbered(first: first, last: first + count - 1)]
    }
}
