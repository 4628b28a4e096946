// Replay of a journal up to its last sound record.
// SPDX-License-Identifier: Apache-2.0

/// Damage found in a journal.
enum JournalDamage: Error, Hashable {
    case notAJournal
    case newerVersion(UInt8)
    case header
    /// The record here is damaged, though it had been flushed.
    case record(at: UInt64)
    /// The record here contradicts earlier ones, or required records are missing.
    case contradiction(at: UInt64)
    /// The stored message can't be decoded.
    case noMessage(UInt64)
}

/// The header and state of a journal.
struct JournalReplay: Equatable {
    var header: JournalHeader
    /// The version in the file.
    var version: UInt8
    var state: JournalState
    /// End of the last sound record.
    ///
    /// Bytes behind it were being written when the run was killed.
    var end: UInt64

    /// Reads exactly the bytes asked for.
    typealias Read = (_ offset: UInt64, _ byteCount: Int) throws -> [UInt8]

    private static let chunkByteCount = 256 * 1024
    /// Checksum, kind, length, number.
    private static let markByteCountMax = 4 + 1 + 1 + 10

    /// Reads a journal of this size in chunks.
    ///
    /// - Throws: ``JournalDamage``, and what `read` throws.
    init(size: UInt64, read: @escaping Read) throws {
        var buffer = ReadAhead(size: size, read: read)
        (header, version, end) = try Self.readHeader(&buffer, size: size)
        state = JournalState(addressCount: header.addresses.count)
        let frame = JournalFrame(nonce: header.nonce)
        try replay(&buffer, frame, size: size, read: read)
        guard state.isComplete(for: header.input) else {
            throw JournalDamage.contradiction(at: end)
        }
    }

    private mutating func replay(
        _ buffer: inout ReadAhead, _ frame: JournalFrame, size: UInt64, read: Read
    ) throws {
        while end < size {
            switch frame.read(buffer.bytes, at: end) {
            case .record(let record, let byteCount):
                guard record.belongs(to: header.input), state.apply(record) else {
                    throw JournalDamage.contradiction(at: end)
                }
                buffer.drop(byteCount)
                end += UInt64(byteCount)
            case .needs(let byteCount):
                if try buffer.fill(to: byteCount) { continue }
                return try checkTail(frame, size: size, read: read)
            case .damaged:
                return try checkTail(frame, size: size, read: read)
            }
        }
    }

    private static func readHeader(
        _ buffer: inout ReadAhead, size: UInt64
    ) throws -> (JournalHeader, version: UInt8, end: UInt64) {
        while true {
            switch JournalHeader.read(buffer.bytes) {
            case .header(let header, let version, let byteCount):
                buffer.drop(byteCount)
                return (header, version, UInt64(byteCount))
            case .needs(let byteCount):
                // A journal is created with its whole header: a partial one is damage, not a torn tail.
                guard buffer.bytes.count < size else { throw JournalDamage.header }
                _ = try buffer.fill(to: min(byteCount, Int(clamping: size)))
            case .notAJournal: throw JournalDamage.notAJournal
            case .newerVersion(let version): throw JournalDamage.newerVersion(version)
            case .damaged: throw JournalDamage.header
            }
        }
    }

    /// Checks that the damage is a torn tail: bytes that had not been flushed.
    ///
    /// A killed process leaves a partial record; a power cut may leave written blocks next to
    /// unwritten ones. Marks record flushes: a later mark that covers the damaged offset proves
    /// that flushed data was lost.
    private func checkTail(_ frame: JournalFrame, size: UInt64, read: Read) throws {
        var position = end + 1
        while position < size {
            let bytes = try read(position, Int(min(UInt64(Self.chunkByteCount), size - position)))
            for index in bytes.indices.dropLast(5) where Self.mayBeMark(bytes, index) {
                let candidate = bytes[index...].prefix(Self.markByteCountMax)
                if case .record(.flushed(let through), _) = frame.read(
                    candidate, at: position + UInt64(index)), through > end
                {
                    throw JournalDamage.record(at: end)
                }
            }
            if position + UInt64(bytes.count) >= size { return }
            // A mark may span two chunks.
            position += UInt64(bytes.count - Self.markByteCountMax)
        }
    }

    /// A cheap test that rules out most offsets.
    private static func mayBeMark(_ bytes: [UInt8], _ index: Int) -> Bool {
        bytes[index + 4] == JournalRecord.Kind.flushed.rawValue && bytes[index + 5] <= 10
    }

    /// A buffer over the file, filled on demand.
    private struct ReadAhead {
        private(set) var bytes: ArraySlice<UInt8> = []
        private var readEnd: UInt64 = 0
        private let size: UInt64
        private let read: Read

        init(size: UInt64, read: @escaping Read) {
            self.size = size
            self.read = read
        }

        mutating func drop(_ byteCount: Int) {
            bytes = bytes.dropFirst(byteCount)
        }

        /// Makes at least this many bytes available; false at the end of the file.
        mutating func fill(to byteCount: Int) throws -> Bool {
            guard byteCount > bytes.count else { return true }
            let missing = UInt64(byteCount - bytes.count)
            guard missing <= size - readEnd else { return false }
            let wanted = min(max(missing, UInt64(chunkByteCount)), size - readEnd)
            let more = try read(readEnd, Int(wanted))
            bytes = ArraySlice(bytes + more)
            readEnd += wanted
            return true
        }
    }
}
