// The source of messages read from standard input.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// Offers the messages that an ``InputReader`` has queued, and stores those taken.
///
/// - Isolation: the container's loop.
final class StandardInputSource: StoringSource {
    private let queue: InputQueue
    /// The journal notes places in a regular file, and whole messages of anything else.
    private let isRegularFile: Bool
    /// Messages fetched; those before `head` are taken.
    private var ready: [EncodedMessage]
    private var head = 0
    /// Messages before it, in `ready`, may name addresses; those from it on do not.
    private var unaddressedFrom = 0
    private var hasAsked = false
    /// Messages in `ready` that came from the journal, not through the queue.
    private var storedCount: Int
    /// Taken or skipped and not yet released to the queue: a release costs a lock.
    private var released = (count: 0, byteCount: 0)
    var kept = KeptMessages()
    /// End of the newest taken message, or bad line, in the input.
    private(set) var takenEnd: UInt64?
    /// The newest taken message.
    private(set) var lastTaken: UInt64 = 0
    /// nil: a bad line ends the input.
    private let badLines: BadLines?
    /// Messages behind bad lines wait until those are recorded.
    private var isBehindUnrecorded = false
    /// Bad lines passed over in one turn at most, in batches.
    private static let badBatchCountMax = 16

    /// Begins with messages that the journal kept from an earlier run.
    init(
        _ queue: InputQueue, isRegularFile: Bool, stored: [(UInt64, EncodedLine)] = [],
        badLines: BadLines? = nil
    ) {
        self.queue = queue
        self.badLines = badLines
        self.isRegularFile = isRegularFile
        ready = stored.map {
            EncodedMessage(
                sequence: $0.0, encoded: $0.1.encoded, address: $0.1.address, offset: 0,
                byteCount: 0)
        }
        storedCount = ready.count
        findAddresses()
    }

    var next: NextMessage? {
        if !hasAsked { queue.want() }
        hasAsked = true
        refill()
        guard head < ready.count else { return nil }
        return NextMessage(sequence: ready[head].sequence, size: ready[head].encodedByteCount)
    }

    /// The address that the line of ``next`` names.
    var nextAddress: String? { head < ready.count ? ready[head].address : nil }

    /// The offset of the line of ``next``; 0 for a message of the journal.
    var nextOffset: UInt64 { head < ready.count ? ready[head].offset : 0 }

    /// Whether no message that is at hand names an address.
    var isUnaddressed: Bool { head >= unaddressedFrom }

    private func findAddresses() {
        unaddressedFrom = ready.lastIndex(where: \.hasAddress).map { $0 + 1 } ?? 0
    }

    var isAtEnd: Bool {
        // The last lines may be bad, and no message asks for them.
        if badLines != nil, hasAsked { refill() }
        // After a stop, more input may be left unread.
        guard head == ready.count, let end = queue.end else { return false }
        return !end.isStopped
    }

    var availableCount: Int { next == nil ? 0 : ready.count - head }

    var isDelayed: Bool { isBehindUnrecorded }

    func take() {
        take(1)
    }

    private func take(_ count: Int) {
        let messages = ready[head..<head + count]
        kept.append(messages)
        lastTaken = messages.last?.sequence ?? lastTaken
        takenEnd = messages.reduce(takenEnd ?? 0) { max($0, $1.offset + $1.byteCount) }
        advance(count)
    }

    /// Ends before a message that names an address: it may not be for who asks.
    func offer(
        while hasRoom: (_ size: Int) -> Bool,
        to send: (_ sequence: UInt64, _ encoded: UnsafeRawBufferPointer) -> Void
    ) {
        while next != nil {
            let taken = Self.lend(ready[head...], while: hasRoom, to: send)
            let isAll = head + taken == ready.count
            take(taken)
            guard isAll else { return }
        }
    }

    /// Lends messages while there is room; returns how many.
    private static func lend(
        _ messages: ArraySlice<EncodedMessage>, while hasRoom: (_ size: Int) -> Bool,
        to send: (_ sequence: UInt64, _ encoded: UnsafeRawBufferPointer) -> Void
    ) -> Int {
        var count = 0
        for message in messages {
            guard !message.hasAddress, hasRoom(message.encodedByteCount) else { break }
            message.encoded.withUnsafeBytes { send(message.sequence, $0) }
            count += 1
        }
        return count
    }

    func upcoming(countMax: Int) -> [JournalRecord] {
        refill()
        let messages = ready[head...].prefix(countMax)
        return isRegularFile
            ? places(of: messages)
            : messages.map {
                .payload(sequence: $0.sequence, bytes: $0.encoded, address: $0.address)
            }
    }

    func skip(through sequence: UInt64) {
        while let next, next.sequence <= sequence { advance(1) }
    }

    /// Fetches the rest once the reader has ended, and counts what was not taken.
    func close() -> InputEnd {
        let (rest, bad) = takeRest()
        var end = queue.end ?? InputEnd()
        ready = Array(ready[head...] + rest + end.behind)
        head = 0
        if isRegularFile {
            end.waitingCount = ready.count
        } else {
            end.lostCount = ready.count
            // Another run finds those of a file, but not these.
            badLines?.add(bad)
        }
        end.behind = []
        badLines?.reportRest()
        end.badLineCount = badLines?.count ?? 0
        end.areBadLinesKept = badLines?.areKept ?? false
        return end
    }

    private func takeRest() -> ([EncodedMessage], [BadLine]) {
        var messages: [EncodedMessage] = []
        var bad: [BadLine] = []
        while true {
            var (more, moreBad): ([EncodedMessage], [BadLine]) = ([], [])
            queue.take(&more, badLines: &moreBad)
            if more.isEmpty, moreBad.isEmpty { return (messages, bad) }
            messages += more
            bad += moreBad
        }
    }

    /// The number of untaken messages up to this one, after ``close()``.
    func untakenCount(through sequence: UInt64) -> Int {
        ready[head...].count { $0.sequence <= sequence }
    }

    private func advance(_ count: Int) {
        let fetched = ready[max(head, min(storedCount, head + count))..<head + count]
        released.count += fetched.count
        released.byteCount += fetched.reduce(0) { $0 + $1.cost }
        head += count
        // Early, so that the reader refills the queue before it is empty.
        if head == ready.count || released.count >= InputQueue.countMax / 8
            || released.byteCount >= InputQueue.byteCountMax / 8
        {
            queue.release(count: released.count, byteCount: released.byteCount)
            released = (0, 0)
        }
    }

    private func refill() {
        guard head == ready.count else { return }
        unaddressedFrom = 0
        if isBehindUnrecorded {
            guard badLines?.areRecorded ?? true else { return }
            isBehindUnrecorded = false
        }
        storedCount = 0
        ready.removeAll(keepingCapacity: true)
        head = 0
        var bad: [BadLine] = []
        queue.take(&ready, badLines: &bad)
        if !bad.isEmpty { passOver(&bad) }
        if queue.hasAddresses { findAddresses() }
    }

    /// Passes bad lines over, up to the next message.
    private func passOver(_ bad: inout [BadLine]) {
        var batchCount = 0
        while !bad.isEmpty {
            badLines?.add(bad)
            takenEnd = bad.reduce(takenEnd ?? 0) { max($0, $1.end) }
            queue.release(count: bad.count, byteCount: bad.reduce(0) { $0 + $1.cost })
            bad.removeAll(keepingCapacity: true)
            guard badLines?.areRecorded ?? true else {
                isBehindUnrecorded = true
                return
            }
            batchCount += 1
            guard batchCount < Self.badBatchCountMax else { return queue.wakeLoop() }
            queue.take(&ready, badLines: &bad)
        }
    }

    /// One record per contiguous range: a skipped line leaves a gap.
    private func places(of messages: ArraySlice<EncodedMessage>) -> [JournalRecord] {
        var records: [JournalRecord] = []
        var run: (first: UInt64, offset: UInt64, lengths: [UInt64])?
        var end: UInt64 = 0
        for message in messages {
            if run == nil || message.offset != end {
                if let run { records.append(.placed(run)) }
                run = (message.sequence, message.offset, [])
            }
            run?.lengths.append(message.byteCount)
            end = message.offset + message.byteCount
        }
        if let run { records.append(.placed(run)) }
        return records
    }
}

extension JournalRecord {
    fileprivate static func placed(
        _ run: (first: UInt64, offset: UInt64, lengths: [UInt64])
    ) -> JournalRecord {
        .placed(first: run.first, offset: run.offset, lengths: run.lengths)
    }
}
