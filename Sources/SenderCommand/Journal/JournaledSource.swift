// A source that resumes where the journal says that an earlier run ended.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// A source that a journal can resume.
protocol ResumableSource: MessageSource {
    /// Records from which another run can send the messages available from `next` on: one at
    /// least, `countMax` at most.
    func upcoming(countMax: Int) -> [JournalRecord]

    /// Skips all messages up to this one.
    func skip(through sequence: UInt64)
}

/// Offers messages that are not final, once the journal has them on the disk.
///
/// Messages are journaled in batches, so that one flush serves many. Nothing blocks on the disk:
/// messages are not offered until they are flushed.
final class JournaledSource: MessageSource {
    /// Maximum batch: bounds the repeats after a kill, besides the window.
    private static let admittedCountMin = 256
    /// The batch of a fast run.
    private static let admittedCountMax = 8192
    /// A run that uses up a batch in less time is fast.
    private static let fast: Duration = .milliseconds(100)

    private let source: any ResumableSource
    let journal: Journal
    /// The address of generated messages, as an index in the journal; those of an input go to all.
    private let address: Int
    /// Later messages can't be final before they were taken.
    private let lastFoundFinal: UInt64
    private(set) var lastTaken: UInt64 = 0
    /// Up to this one messages were on the disk when ``next`` last looked.
    ///
    /// The disk may be done before ``isDelayed`` is asked for: what was not offered is still delayed then, and not
    /// missing.
    private var lastDurable: UInt64
    private var admittedCount = admittedCountMin
    private var admittedAt = ContinuousClock.now - fast

    /// Messages for one address; those that are final are left out.
    init(_ source: any ResumableSource, journal: Journal, for address: Int = 0) {
        self.source = source
        self.journal = journal
        self.address = address
        lastFoundFinal = journal.state.addresses[address].finals.runs.last?.last ?? 0
        lastDurable = journal.durableSequence(for: address)
    }

    /// Messages of an input for all addresses, which has none that are final for all.
    init(input source: any ResumableSource, journal: Journal) {
        self.source = source
        self.journal = journal
        address = 0
        lastFoundFinal = 0
        lastDurable = journal.durableSequence(for: address)
    }

    var next: NextMessage? {
        skipFinal()
        guard journal.failure == nil, let next = source.next else { return nil }
        if next.sequence > journal.state.addresses[address].lastSequence, !admit() { return nil }
        let isDurable = journal.isDurable(next.sequence, for: address)
        lastDurable = journal.durableSequence(for: address)
        return isDurable ? next : nil
    }

    var availableCount: Int {
        guard next != nil else { return 0 }
        return min(source.availableCount, Int(clamping: lastDurable - min(lastDurable, lastTaken)))
    }

    var isDelayed: Bool {
        guard journal.failure == nil else { return false }
        guard let next = source.next else { return source.isDelayed }
        return next.sequence > lastDurable
    }

    private func admit() -> Bool {
        let now = ContinuousClock.now
        let isFast = now - admittedAt < Self.fast
        admittedAt = now
        admittedCount =
            isFast ? min(admittedCount * 2, Self.admittedCountMax) : Self.admittedCountMin
        return journal.admit(source.upcoming(countMax: admittedCount), for: address)
    }

    var isAtEnd: Bool {
        skipFinal()
        return source.isAtEnd
    }

    func take() {
        // The caller has asked for `next`, which skips final messages.
        lastTaken = source.next?.sequence ?? lastTaken
        source.take()
    }

    func withEncoded(sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
        source.withEncoded(sequence: sequence, body)
    }

    func withPiece(
        of sequence: UInt64, from offset: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        source.withPiece(of: sequence, from: offset, body)
    }

    func free(_ sequences: [UInt64]) {
        source.free(sequences)
    }

    /// Records, after the run, what of a pipe was not taken.
    ///
    /// - Returns: The last message that the journal holds.
    func recordRest() -> UInt64 {
        journal.endFlusher()
        let last = journal.state.lastSequence
        let rest = source.upcoming(countMax: .max).filter { record in
            guard case .payload(let sequence, _, _) = record else { return false }
            return sequence > last
        }
        if !rest.isEmpty { _ = journal.admit(rest) }
        return journal.writtenSequence()
    }

    private func skipFinal() {
        guard lastTaken < lastFoundFinal else { return }
        while let next = source.next, next.sequence <= lastFoundFinal,
            let run = journal.state.addresses[address].finals.run(of: next.sequence)
        {
            source.skip(through: run.last)
        }
    }
}

extension CountedMessages: ResumableSource {
    func upcoming(countMax: Int) -> [JournalRecord] {
        guard let first = next?.sequence else { return [] }
        let count = UInt64(min(countMax, availableCount))
        return [.numbered(first: first, last: first + count - 1)]
    }
}
