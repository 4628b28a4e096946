// A JSON parser.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// A strict parser of RFC 8259.
///
/// It also refuses what AMQP can't represent: duplicate keys, numbers out of range of every AMQP
/// type, unpaired surrogates; and nesting deeper than ``depthMax``, which bounds the stack.
struct JSONReader {
    static let depthMax = 128

    /// Borrowed for the length of ``read(_:)``.
    private let bytes: UnsafeRawBufferPointer
    private var index = 0
    private var depth = 0

    private init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// Parses a text that holds one value.
    static func read(_ bytes: ArraySlice<UInt8>) throws(JSONFault) -> JSONValue {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(JSONFault) in try read(bytes) }
        }
        return try result.get()
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) throws(JSONFault) -> JSONValue {
        var reader = JSONReader(bytes)
        reader.skipSpace()
        guard reader.peek != nil else { throw reader.fault("there is no JSON in it") }
        let value = try reader.value()
        reader.skipSpace()
        guard reader.peek == nil else {
            throw reader.fault("something follows the value: a line holds one")
        }
        return value
    }

    /// Whether a text holds nothing but JSON's white space.
    static func isBlank(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.allSatisfy(isSpace)
    }

    // MARK: Bytes

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    /// Whether a byte is JSON's white space.
    static func isSpace(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D: true
        default: false
        }
    }

    private mutating func skipSpace() {
        while let byte = peek, Self.isSpace(byte) { index += 1 }
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        index += 1
        return true
    }

    private func fault(_ reason: String) -> JSONFault {
        JSONFault(reason: reason, offset: index)
    }

    private func unexpected(_ wanted: String) -> JSONFault {
        guard peek != nil else { return fault("it ends where \(wanted) is missing") }
        return fault("\(wanted) is missing")
    }

    // MARK: Values

    private mutating func value() throws(JSONFault) -> JSONValue {
        switch peek {
        case UInt8(ascii: "{"):
            return try nested { reader throws(JSONFault) in try reader.object() }
        case UInt8(ascii: "["): return try nested { reader throws(JSONFault) in try reader.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-")?: return try number()
        case let byte? where isDigit(byte): return try number()
        default: throw unexpected("a value")
        }
    }

    private mutating func nested(
        _ read: (inout JSONReader) throws(JSONFault) -> JSONValue
    ) throws(JSONFault) -> JSONValue {
        guard depth < Self.depthMax else {
            throw fault("it is nested more than \(Self.depthMax) deep")
        }
        depth += 1
        defer { depth -= 1 }
        index += 1
        skipSpace()
        return try read(&self)
    }

    private mutating func array() throws(JSONFault) -> JSONValue {
        var elements: [JSONValue] = []
        if skip(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            elements.append(try value())
            skipSpace()
            if skip(UInt8(ascii: "]")) { return .array(elements) }
            guard skip(UInt8(ascii: ",")) else { throw unexpected("\",\" or \"]\"") }
            skipSpace()
        }
    }

    private mutating func object() throws(JSONFault) -> JSONValue {
        var members: [JSONValue.Member] = []
        var keys = KeySet()
        if skip(UInt8(ascii: "}")) { return .object(members) }
        while true {
            guard peek == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
            let start = index
            let key = try string()
            guard keys.insert(key, among: members) else {
                index = start
                throw fault("the key \(quoted(key)) comes twice")
            }
            skipSpace()
            guard skip(UInt8(ascii: ":")) else { throw unexpected("\":\"") }
            skipSpace()
            members.append(JSONValue.Member(key: key, value: try value()))
            skipSpace()
            if skip(UInt8(ascii: "}")) { return .object(members) }
            guard skip(UInt8(ascii: ",")) else { throw unexpected("\",\" or \"}\"") }
            skipSpace()
        }
    }

    private mutating func word(
        _ word: StaticString, _ value: JSONValue
    ) throws(JSONFault) -> JSONValue {
        let text = word.description.utf8
        guard bytes[index...].starts(with: text) else { throw unexpected("a value") }
        index += text.count
        return value
    }

    // MARK: Numbers

    private mutating func number() throws(JSONFault) -> JSONValue {
        let start = index
        let isNegative = skip(UInt8(ascii: "-"))
        let hasLeadingZero = peek == UInt8(ascii: "0")
        let digitCount = skipDigits()
        guard digitCount > 0 else { throw unexpected("a digit") }
        if hasLeadingZero, digitCount > 1 {
            index = start
            throw fault("a number begins with a needless 0")
        }
        var isWhole = true
        if skip(UInt8(ascii: ".")) {
            isWhole = false
            guard skipDigits() > 0 else { throw unexpected("a digit") }
        }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            isWhole = false
            if !skip(UInt8(ascii: "-")) { _ = skip(UInt8(ascii: "+")) }
            guard skipDigits() > 0 else { throw unexpected("a digit") }
        }
        // Digits, signs, a point and an e: always UTF-8.
        let text = String(
            decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<index]), as: UTF8.self)
        if isWhole {
            if let number = Int64(text) { return .integer(number) }
            if !isNegative, let number = UInt64(text) { return .largeInteger(number) }
            index = start
            throw fault("the number \(quoted(text)) does not fit 64 bits")
        }
        guard let number = Double(text), number.isFinite else {
            index = start
            throw fault("the number \(quoted(text)) is too large")
        }
        return .decimal(number)
    }

    private mutating func skipDigits() -> Int {
        let start = index
        while let byte = peek, isDigit(byte) { index += 1 }
        return index - start
    }

    // MARK: Strings

    private mutating func string() throws(JSONFault) -> String {
        index += 1
        var text = ""
        while true {
            let start = index
            while let byte = peek, byte >= 0x20, byte != UInt8(ascii: "\""),
                byte != UInt8(ascii: "\\")
            {
                index += 1
            }
            if index > start {
                let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<index])
                guard let piece = String(validUTF8: piece) else {
                    index = start
                    throw fault("a string is not valid UTF-8")
                }
                if text.isEmpty { text = piece } else { text += piece }
            }
            if skip(UInt8(ascii: "\"")) { return text }
            guard skip(UInt8(ascii: "\\")) else {
                throw peek == nil
                    ? fault("it ends inside a string")
                    : fault("a string holds a control character that is not written as \\u")
            }
            text.unicodeScalars.append(try escaped())
        }
    }

    private mutating func escaped() throws(JSONFault) -> Unicode.Scalar {
        guard let byte = peek else { throw fault("it ends inside a string") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try escapedScalar()
        default:
            index -= 1
            throw fault("a string holds an escape that JSON does not have")
        }
    }

    /// Parses the digits behind `\u`; for a scalar above U+FFFF, a surrogate pair.
    private mutating func escapedScalar() throws(JSONFault) -> Unicode.Scalar {
        let start = index
        let first = try fourHexDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        if UTF16.isLeadSurrogate(first), skip(UInt8(ascii: "\\")), skip(UInt8(ascii: "u")) {
            let second = try fourHexDigits()
            if UTF16.isTrailSurrogate(second) {
                return UTF16.decode(UTF16.EncodedScalar([first, second]))
            }
        }
        index = start
        throw fault("a string holds half of a surrogate pair")
    }

    private mutating func fourHexDigits() throws(JSONFault) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = hexValue(byte) else {
                throw unexpected("a hexadecimal digit")
            }
            unit = unit << 4 | UInt16(digit)
            index += 1
        }
        return unit
    }
}

/// The keys of one object.
///
/// By their bytes: two that only look the same are two. A set only when it pays.
private struct KeySet {
    private static let scannedCountMax = 16

    private var keys: Set<[UInt8]> = []

    /// Says whether a key is new.
    mutating func insert(_ key: String, among members: [JSONValue.Member]) -> Bool {
        guard members.count >= Self.scannedCountMax else {
            return !members.contains {
                $0.key.utf8.count == key.utf8.count && $0.key.utf8.elementsEqual(key.utf8)
            }
        }
        if keys.isEmpty { keys = Set(members.map { Array($0.key.utf8) }) }
        return keys.insert(Array(key.utf8)).inserted
    }
}
