// The state that a journal's records add up to.
// SPDX-License-Identifier: Apache-2.0

/// The stored content of a message that is not final.
enum JournalContent: Hashable, Sendable {
    /// Its place in a regular file.
    case place(offset: UInt64, length: UInt64)
    /// The encoded message, and the address that its line names.
    case payload([UInt8], address: String? = nil)
}

/// The account of the messages for one address.
struct AddressState: Equatable, Sendable {
    /// The messages 1 to this one may have been sent.
    fileprivate(set) var lastSequence: UInt64 = 0
    fileprivate(set) var finals = FinalRuns()
    /// `doubtfulThrough` at the start of the newest run.
    fileprivate var doubtfulAtStart: UInt64 = 0
    /// The first message that the newest run did not take, if it ended in order.
    fileprivate var untakenFrom: UInt64?

    /// Messages up to here that are not final may have been sent.
    fileprivate var doubtfulThrough: UInt64 {
        guard let untakenFrom else { return lastSequence }
        return max(doubtfulAtStart, untakenFrom - 1)
    }

    /// The number of messages that a resend may deliver twice.
    var doubtfulCount: UInt64 {
        doubtfulThrough - finals.count(through: doubtfulThrough)
    }
}

/// The state after all records of a journal.
///
/// Its size grows with the messages that are not final and the runs of those that are.
struct JournalState: Equatable, Sendable {
    /// A bound that no input reaches, so that sums don't overflow.
    static let sequenceMax: UInt64 = 1 << 62

    /// By address, in the order of the header.
    private(set) var addresses: [AddressState]
    /// Offset in a regular file behind the last message, and what was passed over behind it.
    private(set) var inputOffset: UInt64 = 0
    /// Identifies that file.
    private(set) var inputFingerprint: InputFingerprint?
    /// The pipe of which a line was read in part.
    private(set) var openLine: PipeIdentity?
    /// Contents of messages that are not final for all addresses; generated ones have none.
    private(set) var contents: [UInt64: JournalContent] = [:]

    /// The address that records are about, where they are about one.
    private(set) var current = 0

    init(addressCount: Int = 1) {
        addresses = Array(repeating: AddressState(), count: addressCount)
    }

    /// The last message read from the input, which goes to every address.
    var lastSequence: UInt64 { addresses[0].lastSequence }

    /// By address, the last message that may have been sent.
    var lastSequences: [UInt64] { addresses.map(\.lastSequence) }

    /// Whether a message is final for every address.
    private func isFinal(_ sequence: UInt64) -> Bool {
        addresses.allSatisfy { $0.finals.run(of: sequence) != nil }
    }

    /// Applies a record; false when it contradicts earlier ones.
    ///
    /// With a valid checksum that can only be a bug of the writer.
    mutating func apply(_ record: JournalRecord) -> Bool {
        switch record {
        case .address(let index):
            guard index < addresses.count else { return false }
            current = Int(index)
            return true
        case .numbered(let first, let last):
            guard first == addresses[current].lastSequence + 1, last >= first,
                last <= Self.sequenceMax
            else { return false }
            addresses[current].lastSequence = last
            return true
        case .placed(let first, let offset, let lengths):
            return place(first, offset: offset, lengths: lengths)
        case .payload(let sequence, let bytes, let address):
            guard admit(first: sequence, count: 1) else { return false }
            contents[sequence] = .payload(bytes, address: address)
            return true
        case .settled(let run):
            return settle(run)
        case .flushed:
            return true
        case .untaken(let sequence):
            let last = addresses[current].lastSequence
            guard (1...last + 1).contains(sequence) else { return false }
            addresses[current].untakenFrom = sequence
            return true
        case .runBegan:
            for index in addresses.indices {
                addresses[index].doubtfulAtStart = addresses[index].doubtfulThrough
                addresses[index].untakenFrom = nil
            }
            return true
        case .position(let sequence, let offset):
            return begin(at: sequence, offset: offset)
        case .inputFingerprint(let fingerprint):
            inputFingerprint = fingerprint
            return true
        case .openLine(let pipe):
            openLine = pipe
            return true
        case .passed(let offset):
            guard offset >= inputOffset, offset <= UInt64(Int64.max) else { return false }
            inputOffset = offset
            return true
        }
    }

    /// Whether every message that is not final can be sent again.
    func isComplete(for input: JournalInput) -> Bool {
        switch input {
        case .counted, .content: contents.isEmpty
        case .regularFile, .jsonFile, .pipe, .jsonPipe:
            addresses.allSatisfy { $0.lastSequence == lastSequence }
                && UInt64(contents.count) == lastSequence - finalCount
        }
    }

    /// Messages that are final for every address.
    private var finalCount: UInt64 {
        guard addresses.count > 1 else { return addresses[0].finals.count }
        let common = addresses.dropFirst().reduce(addresses[0].finals.ranges) {
            commonRanges($0, $1.finals.ranges)
        }
        return common.reduce(0) { $0 + UInt64($1.count) }
    }

    /// The shortest records with the same meaning, for a rewritten journal.
    var summary: [JournalRecord] {
        var records = ofEach { index, address in
            [
                .position(
                    lastSequence: address.lastSequence, inputOffset: index == 0 ? inputOffset : 0)
            ]
        }
        if let inputFingerprint { records.append(.inputFingerprint(inputFingerprint)) }
        if let openLine { records.append(.openLine(openLine)) }
        records += ofEach { _, address in address.finals.runs.map { .settled($0) } }
        for (sequence, content) in contents.sorted(by: { $0.key < $1.key }) {
            switch content {
            case .place(let offset, let length):
                records.append(.placed(first: sequence, offset: offset, lengths: [length]))
            case .payload(let bytes, let address):
                records.append(.payload(sequence: sequence, bytes: bytes, address: address))
            }
        }
        records += ofEach { _, address in [.untaken(from: address.doubtfulAtStart + 1)] }
        records.append(.runBegan)
        records += ofEach { _, address in address.untakenFrom.map { [.untaken(from: $0)] } ?? [] }
        return records
    }

    /// The records of each address, with those that say which it is.
    private func ofEach(
        _ records: (Int, AddressState) -> [JournalRecord]
    ) -> [JournalRecord] {
        addresses.enumerated().flatMap { index, address in
            let own = records(index, address)
            return own.isEmpty || addresses.count == 1 ? own : [.address(UInt64(index))] + own
        }
    }

    /// Stored messages that are not final, in order.
    var payloads: [(UInt64, EncodedLine)] {
        contents.compactMap { sequence, content in
            guard case .payload(let bytes, let address) = content else { return nil }
            return (sequence, EncodedLine(encoded: bytes, address: address))
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

    /// Takes the first record of a rewritten journal, or of an address in it.
    private mutating func begin(at sequence: UInt64, offset: UInt64) -> Bool {
        var new = JournalState(addressCount: addresses.count)
        new.current = current
        let isNew = current == 0 ? self == new : addresses[current] == AddressState() && offset == 0
        guard isNew, sequence <= Self.sequenceMax else { return false }
        addresses[current].lastSequence = sequence
        if current == 0 { inputOffset = offset }
        return true
    }

    /// Whether these messages may be added: the next ones or, after a summary, earlier ones that
    /// are not final.
    private mutating func admit(first: UInt64, count: UInt64) -> Bool {
        guard first > 0, count > 0 else { return false }
        let (last, isOverflow) = first.addingReportingOverflow(count - 1)
        guard !isOverflow, last <= Self.sequenceMax else { return false }
        if first == lastSequence + 1 {
            for index in addresses.indices {
                guard addresses[index].lastSequence + 1 == first else { return false }
                addresses[index].lastSequence = last
            }
            return true
        }
        guard last <= lastSequence else { return false }
        return (first...last).allSatisfy { !isFinal($0) && contents[$0] == nil }
    }

    private mutating func settle(_ run: FinalRun) -> Bool {
        guard run.first > 0, run.first <= run.last, run.last <= addresses[current].lastSequence,
            addresses[current].finals.insert(run)
        else { return false }
        if contents.isEmpty { return true }
        if run.count <= UInt64(contents.count) {
            for sequence in run.first...run.last where isFinal(sequence) {
                contents[sequence] = nil
            }
        } else {
            contents = contents.filter {
                !(run.first...run.last).contains($0.key) || !isFinal($0.key)
            }
        }
        return true
    }
}

extension FinalRuns {
    fileprivate var ranges: [ClosedRange<UInt64>] { runs.map { $0.first...$0.last } }
}

/// Returns the ranges that two sorted lists have in common.
private func commonRanges(
    _ left: [ClosedRange<UInt64>], _ right: [ClosedRange<UInt64>]
) -> [ClosedRange<UInt64>] {
    var common: [ClosedRange<UInt64>] = []
    var (left, right) = (left[...], right[...])
    while let one = left.first, let other = right.first {
        if one.overlaps(other) { common.append(one.clamped(to: other)) }
        if one.upperBound < other.upperBound { left.removeFirst() } else { right.removeFirst() }
    }
    return common
}
