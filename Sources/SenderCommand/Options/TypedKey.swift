// Keys with the AMQP type of their value.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// The AMQP types that options can name (§1.6).
enum ValueType: String, CaseIterable {
    case string, int, long, ulong, double, bool, symbol, uuid, timestamp, binary

    /// Parses a text as this type; nil if it is invalid.
    func value(of text: String) -> AMQPValue? {
        switch self {
        case .string: .string(text)
        case .int: Int32(text).map(AMQPValue.int)
        case .long: Int64(text).map(AMQPValue.long)
        case .ulong: UInt64(text).map(AMQPValue.ulong)
        case .double: decimal(text).map(AMQPValue.double)
        case .bool: Bool(text).map(AMQPValue.bool)
        case .symbol: text.isPrintableASCII ? .symbol(text) : nil
        case .uuid: AMQPUUID(text).map(AMQPValue.uuid)
        case .timestamp:
            (Int64(text) ?? millisecondsSince1970(rfc3339: text))
                .map(AMQPValue.timestamp(milliseconds:))
        case .binary: bytes(ofBase64: text).map(AMQPValue.binary)
        }
    }

    /// The form of a valid text, for errors.
    var form: String {
        switch self {
        case .string: "text"
        case .int: "a whole number from \(Int32.min) to \(Int32.max)"
        case .long: "a whole number from \(Int64.min) to \(Int64.max)"
        case .ulong: "a whole number from 0 to \(UInt64.max)"
        case .double: "a decimal number such as -1.5 or 2e9, or NaN, Infinity or -Infinity"
        case .bool: "true or false"
        case .symbol: "printable ASCII characters"
        case .uuid: "hexadecimal digits in groups of 8-4-4-4-12"
        case .timestamp:
            "milliseconds since 1970 or a time such as 2026-01-31T23:59:59.5Z"
        case .binary: "base64 such as 3q2+7w=="
        }
    }

    /// The names, for help and errors.
    static let names = allCases.map(\.rawValue).joined(separator: ", ").withLastCommaAsOr

    private func decimal(_ text: String) -> Double? {
        switch text {
        case "NaN": return .nan
        case "Infinity": return .infinity
        case "-Infinity": return -.infinity
        default: break
        }
        // Double would also parse hexadecimal digits, infinity and NaN.
        let isPlain = text.utf8.allSatisfy { isDigit($0) || "+-.eE".utf8.contains($0) }
        guard isPlain, let number = Double(text), number.isFinite else { return nil }
        return number
    }
}

/// A parsed `KEY` or `KEY:TYPE`.
///
/// The text behind the last colon is always the type, so that a mistyped one is an error and not
/// part of the key. A key that contains a colon needs a type.
struct TypedKey: Hashable {
    /// The error in a key.
    enum Mistake: Error, Hashable {
        case isEmpty
        case typeIsUnknown(String)
    }

    var name: String
    /// The default is string.
    var type: ValueType

    init(_ text: String) throws(Mistake) {
        name = text
        type = .string
        if let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) {
            let typeName = String(text[text.utf8.index(after: colon)...])
            guard let type = ValueType(rawValue: typeName) else {
                throw .typeIsUnknown(typeName)
            }
            name = String(text[..<colon])
            self.type = type
        }
        guard !name.isEmpty else { throw .isEmpty }
    }
}

extension MapEntry {
    /// Compared as bytes: the two forms of é are different keys.
    func hasKey(_ key: String) -> Bool {
        self.key.text?.utf8.elementsEqual(key.utf8) ?? false
    }
}

extension TypedKey.Mistake {
    /// Continues an error sentence behind "but".
    func words(key: String) -> String {
        switch self {
        case .isEmpty:
            "has no key"
        case .typeIsUnknown(let type):
            "\(quoted(type)) is no type: give \(ValueType.names), also behind a key that has a "
                + "colon itself, as in \(quoted(key + ":string"))"
        }
    }
}
