// Conversion between JSON values and AMQP types.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import FoundationEssentials
import ReliableSender

extension AMQPValue {
    /// Converts JSON without an explicit type.
    init(_ json: JSONValue) {
        switch json {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let number): self = .long(number)
        case .largeInteger(let number): self = .ulong(number)
        case .decimal(let number): self = .double(number)
        case .string(let text): self = .string(text)
        case .array(let elements): self = .list(elements.map(AMQPValue.init))
        case .object(let members):
            self = .map(members.map { MapEntry(key: $0.key, value: AMQPValue($0.value)) })
        }
    }
}

/// An AMQP type that JSON input can name, as in `price:int`.
enum ForcedType: String, CaseIterable, Sendable {
    case string, int, long, ulong, double, bool, symbol, uuid, timestamp, binary, list, map, null

    static let names = allCases.map(\.rawValue).joined(separator: ", ")

    /// Converts JSON to this type; `name` is the key, for the error.
    func value(of json: JSONValue, for name: String) throws(BadMessage) -> AMQPValue {
        if let value = value(of: json) { return value }
        throw BadMessage(
            "has \(json.kindWords) for \(quoted(name)), but a \(rawValue) is \(wanted)")
    }

    private func value(of json: JSONValue) -> AMQPValue? {
        switch (self, json) {
        case (.string, .string(let text)): .string(text)
        case (.int, .integer(let number)): Int32(exactly: number).map { .int($0) }
        case (.long, .integer(let number)): .long(number)
        case (.ulong, .integer(let number)): UInt64(exactly: number).map { .ulong($0) }
        case (.ulong, .largeInteger(let number)): .ulong(number)
        case (.double, .decimal(let number)): .double(number)
        case (.double, .integer(let number)): .double(Double(number))
        case (.double, .largeInteger(let number)): .double(Double(number))
        // JSON has no literals for these.
        case (.double, .string("NaN")): .double(.nan)
        case (.double, .string("Infinity")): .double(.infinity)
        case (.double, .string("-Infinity")): .double(-.infinity)
        case (.bool, .bool(let value)): .bool(value)
        case (.symbol, .string(let text)) where text.isPrintableASCII: .symbol(text)
        case (.uuid, .string(let text)): AMQPUUID(text).map { .uuid($0) }
        case (.timestamp, .integer(let number)): .timestamp(milliseconds: number)
        case (.timestamp, .string(let text)):
            millisecondsSince1970(rfc3339: text).map { .timestamp(milliseconds: $0) }
        case (.binary, .string(let text)): bytes(ofBase64: text).map { .binary($0) }
        case (.list, .array), (.map, .object): AMQPValue(json)
        case (.null, .null): .null
        default: nil
        }
    }

    private var wanted: String {
        switch self {
        case .string: "a string"
        case .int: "a whole number of 32 bits"
        case .long: "a whole number from -2^63 to 2^63-1"
        case .ulong: "a whole number from 0 to 2^64-1"
        case .double: "a number, \"NaN\", \"Infinity\" or \"-Infinity\""
        case .bool: "true or false"
        case .symbol: "a string of printable ASCII"
        case .uuid: "a string such as \"123e4567-e89b-12d3-a456-426614174000\""
        case .timestamp: "milliseconds since 1970 or a string such as \"2026-01-31T12:00:00Z\""
        case .binary: "a string of base64"
        case .list: "an array"
        case .map: "an object"
        case .null: "null"
        }
    }
}

extension AMQPValue {
    /// The value as JSON, and its type where JSON alone is ambiguous.
    ///
    /// Inside lists and maps the type is lost: a ulong becomes a plain number.
    var json: (value: JSONValue, type: ForcedType?) {
        switch self {
        case .null: (.null, nil)
        case .bool(let value): (.bool(value), nil)
        case .int(let number): (.integer(Int64(number)), .int)
        case .long(let number): (.integer(number), nil)
        case .ulong(let number):
            if let small = Int64(exactly: number) {
                (.integer(small), .ulong)
            } else {
                (.largeInteger(number), nil)
            }
        case .double(let number):
            if number.isFinite {
                (.decimal(number), nil)
            } else {
                (.string(number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity"), .double)
            }
        case .string(let text): (.string(text), nil)
        case .symbol(let text): (.string(text), .symbol)
        case .binary(let bytes): (.string(Data(bytes).base64EncodedString()), .binary)
        case .uuid(let id): (.string(id.text), .uuid)
        case .timestamp(let time): (.integer(time), .timestamp)
        case .list(let values), .array(let values): (.array(values.map(\.json.value)), nil)
        case .map(let entries):
            (.object(entries.map { .init(key: $0.keyText, value: $0.value.json.value) }), nil)
        // Types that neither options nor JSON input can produce.
        case .ubyte(let number): (.integer(Int64(number)), nil)
        case .ushort(let number): (.integer(Int64(number)), nil)
        case .uint(let number): (.integer(Int64(number)), nil)
        case .byte(let number): (.integer(Int64(number)), nil)
        case .short(let number): (.integer(Int64(number)), nil)
        case .float(let number): AMQPValue.double(Double(number)).json
        case .decimal32, .decimal64, .decimal128: (.string("\(self)"), nil)
        case .char(let scalar): (.string(String(scalar)), nil)
        case .described(_, let value): value.json
        }
    }

    /// The type to append to a key that contains a colon itself.
    fileprivate var ownType: ForcedType? {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .long: .long
        case .ulong: .ulong
        case .double: .double
        case .string: .string
        case .symbol: .symbol
        case .binary: .binary
        case .uuid: .uuid
        case .timestamp: .timestamp
        case .list: .list
        case .map: .map
        default: nil
        }
    }
}

extension MapEntry {
    /// The key as text, for a JSON object.
    fileprivate var keyText: String { key.text ?? "\(key)" }

    /// The entry as a member of application_properties or annotations.
    var jsonMember: JSONValue.Member {
        let (json, type) = value.json
        let name = keyText
        let shown = type ?? (name.contains(":") ? value.ownType : nil)
        return JSONValue.Member(
            key: shown.map { "\(name):\($0.rawValue)" } ?? name, value: json)
    }
}

extension ErrorCondition {
    /// The info map as JSON, with long texts truncated.
    var infoJSON: JSONValue {
        AMQPValue.map(info).json.value.cut()
    }
}

extension JSONValue {
    /// The value with every text truncated and deep nesting dropped.
    fileprivate func cut(depth: Int = 4) -> JSONValue {
        switch self {
        case .string(let text): .string(SenderCommand.cut(text))
        case .array where depth == 0, .object where depth == 0: .null
        case .array(let elements): .array(elements.map { $0.cut(depth: depth - 1) })
        case .object(let members):
            .object(
                members.map {
                    Member(key: SenderCommand.cut($0.key), value: $0.value.cut(depth: depth - 1))
                })
        case .null, .bool, .integer, .largeInteger, .decimal: self
        }
    }
}

extension AMQPUUID {
    /// The usual form of 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
    var text: String {
        func digits(_ number: UInt64, _ count: Int) -> String {
            let text = String(number, radix: 16)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        return [
            digits(high >> 32, 8), digits(high >> 16 & 0xFFFF, 4), digits(high & 0xFFFF, 4),
            digits(low >> 48, 4), digits(low & 0xFFFF_FFFF_FFFF, 12),
        ].joined(separator: "-")
    }
}

/// Decodes base64 (RFC 4648); nil for invalid input.
func bytes(ofBase64 text: String) -> [UInt8]? {
    Data(base64Encoded: text).map(Array.init)
}
