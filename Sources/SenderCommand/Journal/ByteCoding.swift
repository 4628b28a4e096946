// The journal's encoding of numbers and byte strings.
// SPDX-License-Identifier: Apache-2.0

extension [UInt8] {
    /// Appends a LEB128 number: seven bits a byte, lowest first; the high bit marks continuation.
    mutating func appendNumber(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    /// Appends a fixed-width number, little-endian.
    mutating func appendFixed<Number: FixedWidthInteger>(_ number: Number) {
        for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
            append(UInt8(truncatingIfNeeded: number >> Number(shift)))
        }
    }

    /// Appends the length, then the text in UTF-8.
    mutating func appendText(_ text: String) {
        appendNumber(UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }
}

/// Reads from the front of bytes; nil at their end or for invalid encodings.
struct ByteReader {
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() -> UInt8? {
        rest.popFirst()
    }

    /// Reads a LEB128 number in its shortest form; a longer form is damage.
    mutating func number() -> UInt64? {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = byte() else { return nil }
            let bits = UInt64(byte & 0x7F)
            guard (bits << shift) >> shift == bits else { return nil }
            number |= bits << shift
            if byte & 0x80 == 0 { return byte == 0 && shift > 0 ? nil : number }
        }
        return nil
    }

    mutating func fixed<Number: FixedWidthInteger & UnsignedInteger>(_: Number.Type) -> Number? {
        guard let bytes = bytes(count: UInt64(Number.bitWidth / 8)) else { return nil }
        return bytes.reversed().reduce(0) { $0 << 8 | Number($1) }
    }

    mutating func bytes(count: UInt64) -> ArraySlice<UInt8>? {
        guard count <= UInt64(rest.count) else { return nil }
        defer { rest = rest.dropFirst(Int(count)) }
        return rest.prefix(Int(count))
    }

    mutating func text() -> String? {
        guard let count = number(), let bytes = bytes(count: count) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}
