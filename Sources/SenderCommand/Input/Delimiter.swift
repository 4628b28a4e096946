// Delimiter of the lines of an input.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender

/// The bytes that end a line.
struct Delimiter: Hashable, Sendable {
    static let newline = Delimiter(UInt8(ascii: "\n"))
    static let byteCountMax = 64

    /// One at least.
    let bytes: [UInt8]
    let count: Int
    private let first: UInt8

    init(_ byte: UInt8) {
        bytes = [byte]
        count = 1
        first = byte
    }

    /// nil for no bytes, and for too many.
    init?(_ bytes: [UInt8]) {
        guard let first = bytes.first, bytes.count <= Self.byteCountMax else { return nil }
        self.bytes = bytes
        count = bytes.count
        self.first = first
    }

    /// Parses text in which \n, \t, \r, \0, \\ and \x with two digits stand for bytes; nil if it is wrong.
    init?(escaped text: String) {
        // Alone it needs no escape.
        self.init(text == "\\" ? [UInt8(ascii: "\\")] : Self.unescaped(text) ?? [])
    }

    /// The place of the first delimiter at or behind `start`.
    func index(in buffer: [UInt8], from start: Int) -> Int? {
        buffer.withUnsafeBytes { bytes in
            count == 1
                ? Self.index(of: first, in: bytes, from: start) : indexOfAll(in: bytes, from: start)
        }
    }

    private static func index(
        of byte: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int
    ) -> Int? {
        guard start < bytes.count, let base = bytes.baseAddress,
            let found = memchr(base + start, Int32(byte), bytes.count - start)
        else { return nil }
        return base.distance(to: UnsafeRawPointer(found))
    }

    private func indexOfAll(in buffer: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var place = start
        while let found = Self.index(of: first, in: buffer, from: place) {
            guard found + count <= buffer.count else { return nil }
            if buffer[found..<found + count].elementsEqual(bytes) { return found }
            place = found + 1
        }
        return nil
    }

    private static func unescaped(_ text: String) -> [UInt8]? {
        var rest = text.utf8[...]
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "t"): bytes.append(UInt8(ascii: "\t"))
            case UInt8(ascii: "r"): bytes.append(UInt8(ascii: "\r"))
            case UInt8(ascii: "0"): bytes.append(0)
            case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "x"):
                guard let high = rest.popFirst().flatMap({ hexValue($0) }),
                    let low = rest.popFirst().flatMap({ hexValue($0) })
                else { return nil }
                bytes.append(high << 4 | low)
            default: return nil
            }
        }
        return bytes
    }
}

extension Delimiter: CustomStringConvertible {
    /// The form that --delimiter takes.
    var description: String {
        bytes.map { byte in
            switch byte {
            case 0: "\\0"
            case UInt8(ascii: "\n"): "\\n"
            case UInt8(ascii: "\t"): "\\t"
            case UInt8(ascii: "\r"): "\\r"
            case UInt8(ascii: "\\"): "\\\\"
            case 0x20..<0x7F: String(UnicodeScalar(byte))
            default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }.joined()
    }
}
