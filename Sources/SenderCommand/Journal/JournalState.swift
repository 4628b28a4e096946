// The state that a journal's records add up to.
// SPDX-License-Identifier: Apache-2.0

/// The stored content of a message that is not final.
enum JournalContent: Hashable, Sendable {
    /// Its place in a regular file.
    case place(offset: UInt64, length: UInt64)
    /// The encoded message.
    case payload([UInt8])
}

/// The state after all records of a journal.
///
/// Its size grows with the messages that are not final and the runs of those that are.
struct JournalState: Equatable, Sendable {
    /// A bound that no input reaches, so that sums don't overflow.
    static let sequenceMax: UInt64 = 1 << 62

    /// The messages 1 to this one may have been sent.
    private(set) var lastSequence: UInt64 = 0
    /// Offset in a regular file of the message after `lastSequence`.
    private(set) var inputOffset: UInt64 = 0
    /// Identifies that file.
    private(set) var inputFingerprint: InputFingerprint?
    /// The pipe of which a line was read in part.
    private(set) var openLine: PipeIdentity?
    private(set) var finals = FinalRuns()
    /// Contents of messages that are not final; generated ones have none.
    private(set) var contents: [UInt64: JournalContent] = [:]

    /// `doubtfulThrough` at the start of the newest run.
    private var doubtfulAtStart: UInt64 = 0
    /// The first message that the newest run did not take, if it ended in order.
    private var untakenFrom: UInt64?

    /// Messages up to here that are not final may have been sent.
    private var doubtfulThrough: UInt64 {
        guard let untakenFrom else { return lastSequence }
        return max(doubtfulAtStart, untakenFrom - 1)
    }

    /// The number of messages that a resend may deliver twice.
    var doubtfulCount: UInt64 {
        doubtfulThrough - finals.count(through: doubtfulThrough)
    }

    /// Applies a record; false when it contradicts earlier ones.
    ///
    /// With a valid checksum that can only be a bug of the writer.
    mutating func apply(_ record: JournalRecord) -> Bool {
        switch record {
        case .numbered(let first, let last):
            guard first == lastSequence + 1, last >= first, last <= Self.sequenceMax else {
                return false
            }
            lastSequence = last
            return true
        case .placed(let first, let offset, let lengths):
            return place(first, offset: offset, lengths: lengths)
        case .payload(let sequence, let bytes):
            guard admit(first: sequence, count: 1) else { return false }
            contents[sequence] = .payload(bytes)
            return true
        case .settled(let run):
            return settle(run)
        case .flushed:
            return true
        case .untaken(let sequence):
            guard (1...lastSequence + 1).contains(sequence) else { return false }
            untakenFrom = sequence
            return true
        case .runBegan:
            doubtfulAtStart = doubtfulThrough
            untakenFrom = nil
            return true
        case .position(let sequence, let offset):
            guard self == JournalState(), sequence <= Self.sequenceMax,
                sequence > 0 || offset == 0
            else { return false }
            (lastSequence, inputOffset) = (sequence, offset)
            return true
        case .inputFingerprint(let fingerprint):
            inputFingerprint = fingerprint
            return true
        case .openLine(let pipe):
            openLine = pipe
            return true
        }
    }

    /// Whether every message that is not final can be sent again.
    func isComplete(for input: JournalInput) -> Bool {
        switch input {
        case .counted, .content: contents.isEmpty
        case .regularFile, .jsonFile, .pipe, .jsonPipe:
            UInt64(contents.count) == lastSequence - finals.count
        }
    }

    /// The shortest records with the same meaning, for a rewritten journal.
    var summary: [JournalRecord] {
        var records: [JournalRecord] = [
            .position(lastSequence: lastSequence, inputOffset: inputOffset)
        ]
        if let inputFingerprint { records.append(.inputFingerprint(inputFingerprint)) }
        if let openLine { records.append(.openLine(openLine)) }
        records += finals.runs.map { .settled($0) }
        for (sequence, content) in contents.sorted(by: { $0.key < $1.key }) {
            switch content {
            case .place(let offset, let length):
                records.append(.placed(first: sequence, offset: offset, lengths: [length]))
            case .payload(let bytes):
                records.append(.payload(sequence: sequence, bytes: bytes))
            }
        }
        records += [.untaken(from: doubtfulAtStart + 1), .runBegan]
        if let untakenFrom { records.append(.untaken(from: untakenFrom)) }
        return records
    }

    /// Stored messages that are not final, in order.
    var payloads: [(UInt64, [UInt8])] {
        contents.compactMap { sequence, content in
            guard case .payload(let bytes) = content else { return nil }
            return (sequence, bytes)
        }.sorted { $0.0 < $1.0 }
    }

    /// Places of messages that are not final, in order.
    var places: [ReadingPlan.Place] {
        contents.compactMap { sequence, content in
            guard case .place(let offset, let length) = content else { return nil }
            return ReadingPlan.Place(sequence: sequence, offset: offset, byteCount: length)
        }.sorted { $0.sequence < $1.sequence }
    }

    // MARK: Inside

    private mutating func place(_ first: UInt64, offset: UInt64, lengths: [UInt64]) -> Bool {
        var end = offset
        for length in lengths {
            let (sum, isOverflow) = end.addingReportingOverflow(length)
            if isOverflow || length == 0 { return false }
            end = sum
        }
        let isNew = first > lastSequence
        guard isNew ? offset >= inputOffset : end <= inputOffset else { return false }
        guard admit(first: first, count: UInt64(lengths.count)) else { return false }
        if isNew { inputOffset = end }
        var (sequence, start) = (first, offset)
        for length in lengths {
            contents[sequence] = .place(offset: start, length: length)
            sequence += 1
            start += length
        }
        return true
    }

    /// Whether these messages may be added: the next ones or, after a summary, earlier ones that
    /// are not final.
    private mutating func admit(first: UInt64, count: UInt64) -> Bool {
        guard first > 0, count > 0 else { return false }
        let (last, isOverflow) = first.addingReportingOverflow(count - 1)
        guard !isOverflow, last <= Self.sequenceMax else { return false }
        if first == lastSequence + 1 {
            lastSequence = last
            return true
        }
        guard last <= lastSequence else { return false }
        return (first...last).allSatisfy { finals.run(of: $0) == nil && contents[$0] == nil }
    }

    private mutating func settle(_ run: FinalRun) -> Bool {
        guard run.first > 0, run.first <= run.last, run.last <= lastSequence,
            finals.insert(run)
        else { return false }
        if contents.isEmpty { return true }
        if run.count <= UInt64(contents.count) {
            for sequence in run.first...run.last { contents[sequence] = nil }
        } else {
            contents = contents.filter { !(run.first...run.last).contains($0.key) }
        }
        return true
    }
}
