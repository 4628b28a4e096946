// The framing of journal records.
// SPDX-License-Identifier: Apache-2.0

/// Checksum (4 bytes), kind (1), length of the body (1 to 4), body.
///
/// The checksum covers the journal's nonce and the record's offset: a copy of a record elsewhere,
/// in another journal or inside a message, is not valid.
struct JournalFrame: Equatable {
    /// Maximum size of a body: what four length bytes hold.
    ///
    /// It bounds the cost of a damaged length.
    static let bodyByteCountMax = 1 << 28 - 1

    /// The result of reading at an offset.
    enum Reading: Equatable {
        case record(JournalRecord, byteCount: Int)
        /// More bytes are needed: this many, from the record's first on.
        case needs(byteCount: Int)
        case damaged
    }

    private static let checksumByteCount = 4
    private static let headByteCountMax = 9

    let nonce: UInt64

    /// Appends a record for this offset; `scratch` avoids an allocation.
    func append(
        _ record: JournalRecord, at position: UInt64, to bytes: inout [UInt8],
        scratch: inout [UInt8]
    ) {
        scratch.removeAll(keepingCapacity: true)
        record.appendBody(to: &scratch)
        precondition(scratch.count <= Self.bodyByteCountMax)
        let start = bytes.count
        bytes.appendFixed(UInt32(0))
        bytes.append(record.kind.rawValue)
        bytes.appendNumber(UInt64(scratch.count))
        bytes.append(contentsOf: scratch)
        let sum = checksum(of: bytes[(start + Self.checksumByteCount)...], at: position)
        for index in 0..<Self.checksumByteCount {
            bytes[start + index] = UInt8(truncatingIfNeeded: sum >> (8 * UInt32(index)))
        }
    }

    /// Reads the record at the start of these bytes, which are at this offset of the file.
    func read(_ bytes: ArraySlice<UInt8>, at position: UInt64) -> Reading {
        var reader = ByteReader(bytes.prefix(Self.headByteCountMax))
        guard let sum = reader.fixed(UInt32.self), let code = reader.byte() else {
            return .needs(byteCount: bytes.count + 1)
        }
        guard let kind = JournalRecord.Kind(rawValue: code) else { return .damaged }
        guard let length = reader.number() else {
            return bytes.count < Self.headByteCountMax
                ? .needs(byteCount: bytes.count + 1) : .damaged
        }
        guard length <= UInt64(Self.bodyByteCountMax) else { return .damaged }
        let bodyStart = reader.rest.startIndex
        let byteCount = bodyStart - bytes.startIndex + Int(length)
        guard byteCount <= bytes.count else { return .needs(byteCount: byteCount) }
        let frame = bytes.prefix(byteCount)
        guard checksum(of: frame.dropFirst(Self.checksumByteCount), at: position) == sum,
            let record = JournalRecord(kind, body: frame[bodyStart...])
        else { return .damaged }
        return .record(record, byteCount: byteCount)
    }

    private func checksum(of bytes: ArraySlice<UInt8>, at position: UInt64) -> UInt32 {
        var sum = CRC32C()
        sum.add(nonce)
        sum.add(position)
        sum.add(bytes)
        return sum.value
    }
}
