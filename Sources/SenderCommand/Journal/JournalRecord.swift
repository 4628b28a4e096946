// Records of a journal.
// SPDX-License-Identifier: Apache-2.0

/// One record.
enum JournalRecord: Hashable, Sendable {
    /// These generated messages may be sent from now on.
    case numbered(first: UInt64, last: UInt64)
    /// Consecutive messages of a regular file: the offset of the first, and the length of each
    /// including its delimiter.
    case placed(first: UInt64, offset: UInt64, lengths: [UInt64])
    /// An encoded message of a pipe, and the address that its line names.
    case payload(sequence: UInt64, bytes: [UInt8], address: String? = nil)
    /// Messages that are final.
    case settled(FinalRun)
    /// The journal is on the disk up to this offset.
    case flushed(through: UInt64)
    /// The run ended in order and sent nothing from this message on.
    case untaken(from: UInt64)
    /// A run begins.
    case runBegan
    /// First record of a rewritten journal: position in the input.
    case position(lastSequence: UInt64, inputOffset: UInt64)
    /// Identifies the regular file of the messages.
    case inputFingerprint(InputFingerprint)
    /// A line of this pipe was read in part; nil: no longer.
    case openLine(PipeIdentity?)
    /// The address, by its index in the header, that the records behind this one are about: those of
    /// generated and final messages, of positions and of what was not taken.
    case address(UInt64)
    /// There is no message in a regular file from the last one to this offset.
    case passed(through: UInt64)
}

/// Identifies a pipe.
struct PipeIdentity: Hashable, Sendable {
    var device: UInt64
    var inode: UInt64
}

/// Identifies a regular file by a checksum of the first bytes read.
struct InputFingerprint: Hashable, Sendable {
    static let byteCountMax = 1024

    /// Offset at which reading began.
    var offset: UInt64
    /// Bytes under the checksum: fewer than the maximum if the file was shorter, or fewer had been
    /// taken when a run ended.
    var byteCount: UInt64
    var checksum: UInt32
}

extension JournalRecord {
    /// The code of a record in the file.
    ///
    /// Zero is invalid: blocks that were never written are zeros.
    enum Kind: UInt8, CaseIterable {
        case numbered = 1
        case placed, payload, settled, flushed, untaken, runBegan, position, inputFingerprint,
            openLine, address, passed, addressedPayload
    }

    var kind: Kind {
        switch self {
        case .numbered: .numbered
        case .placed: .placed
        case .payload(_, _, let address): address == nil ? .payload : .addressedPayload
        case .settled: .settled
        case .flushed: .flushed
        case .untaken: .untaken
        case .runBegan: .runBegan
        case .position: .position
        case .inputFingerprint: .inputFingerprint
        case .openLine: .openLine
        case .address: .address
        case .passed: .passed
        }
    }

    /// Whether a journal of this input may hold it: messages are stored only if they can be read
    /// only once.
    func belongs(to input: JournalInput) -> Bool {
        switch self {
        case .numbered: input == .counted || input == .content
        case .placed, .passed: input == .regularFile || input == .jsonFile
        case .payload(_, _, let address):
            input == .pipe && address == nil || input == .jsonPipe
        case .settled, .flushed, .untaken, .runBegan, .position, .inputFingerprint, .openLine,
            .address:
            true
        }
    }

    func appendBody(to bytes: inout [UInt8]) {
        switch self {
        case .numbered(let first, let last):
            bytes.appendNumber(first)
            bytes.appendNumber(last - first)
        case .placed(let first, let offset, let lengths):
            bytes.appendNumber(first)
            bytes.appendNumber(offset)
            for length in lengths { bytes.appendNumber(length) }
        case .payload(let sequence, let payload, let address):
            bytes.appendNumber(sequence)
            if let address { bytes.appendText(address) }
            bytes.append(contentsOf: payload)
        case .settled(let run):
            bytes.append(run.state.code)
            bytes.appendNumber(run.first)
            bytes.appendNumber(run.last - run.first)
        case .flushed(let offset):
            bytes.appendNumber(offset)
        case .untaken(let sequence):
            bytes.appendNumber(sequence)
        case .runBegan:
            break
        case .position(let lastSequence, let inputOffset):
            bytes.appendNumber(lastSequence)
            bytes.appendNumber(inputOffset)
        case .inputFingerprint(let fingerprint):
            bytes.appendNumber(fingerprint.offset)
            bytes.appendNumber(fingerprint.byteCount)
            bytes.appendFixed(fingerprint.checksum)
        case .openLine(let pipe):
            bytes.append(pipe == nil ? 0 : 1)
            guard let pipe else { return }
            bytes.appendNumber(pipe.device)
            bytes.appendNumber(pipe.inode)
        case .address(let index):
            bytes.appendNumber(index)
        case .passed(let offset):
            bytes.appendNumber(offset)
        }
    }

    /// Parses a whole body; nil when it does not fit the kind.
    init?(_ kind: Kind, body: ArraySlice<UInt8>) {
        var reader = ByteReader(body)
        guard let record = Self.read(kind, from: &reader), reader.isAtEnd else { return nil }
        self = record
    }

    private static func read(_ kind: Kind, from reader: inout ByteReader) -> JournalRecord? {
        switch kind {
        case .numbered:
            guard let (first, last) = reader.range() else { return nil }
            return .numbered(first: first, last: last)
        case .placed:
            guard let first = reader.number(), let offset = reader.number() else { return nil }
            var lengths: [UInt64] = []
            while !reader.isAtEnd {
                guard let length = reader.number() else { return nil }
                lengths.append(length)
            }
            return .placed(first: first, offset: offset, lengths: lengths)
        case .payload:
            guard let sequence = reader.number(),
                let bytes = reader.bytes(count: UInt64(reader.rest.count))
            else { return nil }
            return .payload(sequence: sequence, bytes: Array(bytes))
        case .addressedPayload:
            guard let sequence = reader.number(), let address = reader.text(),
                EncodedLine.isAddress(address),
                let bytes = reader.bytes(count: UInt64(reader.rest.count))
            else { return nil }
            return .payload(sequence: sequence, bytes: Array(bytes), address: address)
        case .settled:
            guard let code = reader.byte(), let state = FinalState(code: code),
                let (first, last) = reader.range()
            else { return nil }
            return .settled(FinalRun(state: state, first: first, last: last))
        case .flushed:
            return reader.number().map { .flushed(through: $0) }
        case .untaken:
            return reader.number().map { .untaken(from: $0) }
        case .runBegan:
            return .runBegan
        case .position:
            guard let sequence = reader.number(), let offset = reader.number() else { return nil }
            return .position(lastSequence: sequence, inputOffset: offset)
        case .inputFingerprint:
            guard let offset = reader.number(), let byteCount = reader.number(),
                let checksum = reader.fixed(UInt32.self),
                offset <= UInt64(Int64.max), byteCount <= UInt64(InputFingerprint.byteCountMax)
            else { return nil }
            return .inputFingerprint(
                InputFingerprint(offset: offset, byteCount: byteCount, checksum: checksum))
        case .openLine:
            guard let count = reader.byte(), count <= 1 else { return nil }
            if count == 0 { return .openLine(nil) }
            guard let device = reader.number(), let inode = reader.number() else { return nil }
            return .openLine(PipeIdentity(device: device, inode: inode))
        case .address:
            return reader.number().map { .address($0) }
        case .passed:
            return reader.number().map { .passed(through: $0) }
        }
    }
}

extension ByteReader {
    fileprivate mutating func range() -> (first: UInt64, last: UInt64)? {
        guard let first = number(), let more = number() else { return nil }
        let (last, isOverflow) = first.addingReportingOverflow(more)
        return isOverflow ? nil : (first, last)
    }
}

extension FinalState {
    fileprivate var code: UInt8 {
        switch self {
        case .accepted: 1
        case .rejected: 2
        case .givenUp: 3
        case .unconfirmed: 4
        }
    }

    fileprivate init?(code: UInt8) {
        guard let state = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = state
    }
}
