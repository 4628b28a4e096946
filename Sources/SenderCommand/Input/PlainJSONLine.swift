// Lines of JSON that are nothing but texts.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender

/// A line that is an object of plain texts: ASCII without an escape, each for one of a few keys.
///
/// Most lines are, and their texts are read where they stand. Any other line, also a wrong one, is read by
/// ``JSONReader``.
struct PlainJSONLine {
    private var scanner: Scanner
    private var body: UnsafeRawBufferPointer?
    private var to: UnsafeRawBufferPointer?
    private var subject: UnsafeRawBufferPointer?
    private var replyTo: UnsafeRawBufferPointer?
    private var groupID: UnsafeRawBufferPointer?
    private var address: UnsafeRawBufferPointer?

    /// The texts of a line, and the address that it names; nil for a line that is not plain, or has no body.
    static func texts(
        of line: UnsafeRawBufferPointer
    ) -> (texts: TextTemplate.Texts, address: UnsafeRawBufferPointer?)? {
        var line = PlainJSONLine(scanner: Scanner(bytes: line))
        guard line.read(), let body = line.body else { return nil }
        var texts = TextTemplate.Texts(body: body)
        texts.to = line.to
        texts.subject = line.subject
        texts.replyTo = line.replyTo
        texts.groupID = line.groupID
        return (texts, line.address)
    }

    private mutating func read() -> Bool {
        guard scanner.skip(UInt8(ascii: "{")) else { return false }
        while true {
            guard let key = scanner.text(), scanner.skip(UInt8(ascii: ":")),
                let value = scanner.text(), keep(value, for: key)
            else { return false }
            if scanner.skip(UInt8(ascii: "}")) { return scanner.isAtEnd() }
            guard scanner.skip(UInt8(ascii: ",")) else { return false }
        }
    }

    /// Returns false for another key, and for one that comes twice.
    private mutating func keep(
        _ value: UnsafeRawBufferPointer, for key: UnsafeRawBufferPointer
    ) -> Bool {
        if key.isEqual(to: "body") { return Self.keep(value, in: &body) }
        if key.isEqual(to: "subject") { return Self.keep(value, in: &subject) }
        if key.isEqual(to: "group_id") { return Self.keep(value, in: &groupID) }
        if key.isEqual(to: "to") { return Self.keep(value, in: &to) }
        if key.isEqual(to: "address") { return Self.keep(value, in: &address) }
        if key.isEqual(to: "reply_to") { return Self.keep(value, in: &replyTo) }
        return false
    }

    private static func keep(
        _ value: UnsafeRawBufferPointer, in place: inout UnsafeRawBufferPointer?
    ) -> Bool {
        guard place == nil else { return false }
        place = value
        return true
    }
}

extension PlainJSONLine {
    /// Reads what stands next, behind JSON's white space.
    private struct Scanner {
        let bytes: UnsafeRawBufferPointer
        private var index = 0

        init(bytes: UnsafeRawBufferPointer) {
            self.bytes = bytes
        }

        private mutating func skipSpace() {
            while index < bytes.count, JSONReader.isSpace(bytes[index]) { index += 1 }
        }

        mutating func isAtEnd() -> Bool {
            skipSpace()
            return index == bytes.count
        }

        mutating func skip(_ byte: UInt8) -> Bool {
            skipSpace()
            guard index < bytes.count, bytes[index] == byte else { return false }
            index += 1
            return true
        }

        /// A plain string; nil for anything else.
        mutating func text() -> UnsafeRawBufferPointer? {
            guard skip(UInt8(ascii: "\"")) else { return nil }
            let start = index
            while index < bytes.count {
                let byte = bytes[index]
                if byte == UInt8(ascii: "\"") {
                    index += 1
                    return UnsafeRawBufferPointer(rebasing: bytes[start..<index - 1])
                }
                guard byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\\") else { return nil }
                index += 1
            }
            return nil
        }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func isEqual(to text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount
            && memcmp(baseAddress ?? UnsafeRawPointer(text.utf8Start), text.utf8Start, count) == 0
    }
}
