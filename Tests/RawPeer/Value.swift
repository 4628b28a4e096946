// AMQP's types (§1.6), as far as performatives use them. Shares no code with proton.
// SPDX-License-Identifier: Apache-2.0

/// A value on the wire.
public indirect enum Value: Hashable, Sendable {
    case null
    case bool(Bool)
    case ubyte(UInt8)
    case ushort(UInt16)
    case uint(UInt32)
    case ulong(UInt64)
    case int(Int32)
    case long(Int64)
    case double(Double)
    /// Milliseconds since 1970 began.
    case timestamp(Int64)
    /// Sixteen bytes.
    case uuid([UInt8])
    case string(String)
    case symbol(String)
    case binary([UInt8])
    case list([Value])
    /// Key and value in turn.
    case map([Value])
    case described(UInt64, Value)
    /// Bytes that stand in place of a value, or those of one that is not looked into.
    case raw([UInt8])

    /// An array of symbols (§1.6.24).
    static func symbols(_ texts: [String]) -> Value {
        let items = texts.map { Value.symbol($0).encoded.dropFirst() }
        let content = Value.uint(UInt32(items.count)).encoded.dropFirst() + [0xB3] + items.joined()
        return .raw([0xF0] + Value.uint(UInt32(content.count)).encoded.dropFirst() + content)
    }

    /// Any unsigned number.
    public var number: UInt64? {
        switch self {
        case .ubyte(let value): UInt64(value)
        case .ushort(let value): UInt64(value)
        case .uint(let value): UInt64(value)
        case .ulong(let value): value
        default: nil
        }
    }

    /// A string or symbol.
    public var text: String? {
        switch self {
        case .string(let value), .symbol(let value): value
        default: nil
        }
    }

    /// The value's bytes.
    public var encoded: [UInt8] {
        switch self {
        case .null: [0x40]
        case .bool(let value): [value ? 0x41 : 0x42]
        case .ubyte(let value): [0x50, value]
        case .ushort(let value): [0x60] + bytes(value)
        case .uint(let value): [0x70] + bytes(value)
        case .ulong(let value): [0x80] + bytes(value)
        case .int(let value): [0x71] + bytes(value)
        case .long(let value): [0x81] + bytes(value)
        case .double(let value): [0x82] + bytes(value.bitPattern)
        case .timestamp(let value): [0x83] + bytes(value)
        case .uuid(let value): [0x98] + value
        case .string(let value): [0xB1] + sized([UInt8](value.utf8))
        case .symbol(let value): [0xB3] + sized([UInt8](value.utf8))
        case .binary(let value): [0xB0] + sized(value)
        case .list(let items): [0xD0] + compound(items)
        case .map(let items): [0xD1] + compound(items)
        case .described(let code, let value): [0x00] + Value.ulong(code).encoded + value.encoded
        case .raw(let value): value
        }
    }

    private func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian, Array.init)
    }

    private func sized(_ content: [UInt8]) -> [UInt8] {
        bytes(UInt32(content.count)) + content
    }

    private func compound(_ items: [Value]) -> [UInt8] {
        sized(bytes(UInt32(items.count)) + items.flatMap(\.encoded))
    }
}

/// Reads values one after the other.
public struct Decoder {
    private var rest: ArraySlice<UInt8>

    /// Begins at the first of the bytes.
    public init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// The bytes that were not read yet.
    public var remaining: [UInt8] { [UInt8](rest) }

    /// Reads the next value.
    public mutating func value() throws -> Value {
        let code = try byte()
        switch code {
        case 0x00: return try described()
        case 0x40: return .null
        case 0x41: return .bool(true)
        case 0x42: return .bool(false)
        case 0x43: return .uint(0)
        case 0x44: return .ulong(0)
        case 0x45: return .list([])
        case 0x50: return .ubyte(try byte())
        case 0x52: return .uint(UInt32(try byte()))
        case 0x53: return .ulong(UInt64(try byte()))
        case 0x54: return .int(Int32(Int8(bitPattern: try byte())))
        case 0x55: return .long(Int64(Int8(bitPattern: try byte())))
        case 0x56: return .bool(try byte() != 0)
        // Types that no performative has; a client may give back what it was sent.
        case 0x51: return .raw([code, try byte()])
        case 0x61: return .raw([code] + (try (0..<2).map { _ in try byte() }))
        case 0x72, 0x73, 0x74: return .raw([code] + (try (0..<4).map { _ in try byte() }))
        case 0x84: return .raw([code] + (try (0..<8).map { _ in try byte() }))
        case 0x94: return .raw([code] + (try (0..<16).map { _ in try byte() }))
        case 0x60: return .ushort(try integer())
        case 0x70: return .uint(try integer())
        case 0x71: return .int(Int32(bitPattern: try integer()))
        case 0x80: return .ulong(try integer())
        case 0x81: return .long(Int64(bitPattern: try integer()))
        case 0x82: return .double(Double(bitPattern: try integer()))
        case 0x83: return .timestamp(Int64(bitPattern: try integer()))
        case 0x98: return .uuid(try (0..<16).map { _ in try byte() })
        case 0xA0, 0xB0: return .binary([UInt8](try sized(code)))
        case 0xA1, 0xB1: return .string(String(decoding: try sized(code), as: UTF8.self))
        case 0xA3, 0xB3: return .symbol(String(decoding: try sized(code), as: UTF8.self))
        case 0xC0, 0xD0: return .list(try compound(code))
        case 0xC1, 0xD1: return .map(try compound(code))
        case 0xE0, 0xF0:
            let content = [UInt8](try sized(code))
            let size = code == 0xE0 ? [UInt8(content.count)] : Self.bytes(of: UInt32(content.count))
            return .raw([code] + size + content)
        default: throw PeerError("the type 0x\(String(code, radix: 16)) is not known")
        }
    }

    private mutating func described() throws -> Value {
        let descriptor = try value()
        guard let code = descriptor.number else { throw PeerError("a symbolic descriptor") }
        return .described(code, try value())
    }

    /// The types of one-byte sizes have the high half-byte A, C and E.
    private mutating func sized(_ code: UInt8) throws -> ArraySlice<UInt8> {
        let isShort = [0xA0, 0xC0, 0xE0].contains(code & 0xF0)
        let size = isShort ? Int(try byte()) : Int(try integer() as UInt32)
        guard rest.count >= size else { throw PeerError("a value is cut off") }
        defer { rest = rest.dropFirst(size) }
        return rest.prefix(size)
    }

    private mutating func compound(_ code: UInt8) throws -> [Value] {
        var inner = Decoder(try sized(code))
        let isShort = code & 0xF0 == 0xC0
        let count = isShort ? Int(try inner.byte()) : Int(try inner.integer() as UInt32)
        return try (0..<count).map { _ in try inner.value() }
    }

    private static func bytes(of number: UInt32) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian, Array.init)
    }

    private mutating func byte() throws -> UInt8 {
        guard let byte = rest.popFirst() else { throw PeerError("a value is cut off") }
        return byte
    }

    private mutating func integer<Integer: FixedWidthInteger>() throws -> Integer {
        var value: Integer = 0
        for _ in 0..<Integer.bitWidth / 8 { value = value << 8 | Integer(try byte()) }
        return value
    }
}

/// Why a peer's script ended before its end.
public struct PeerError: Error, CustomStringConvertible {
    /// The reason.
    public let description: String

    /// Makes an error.
    public init(_ description: String) {
        self.description = description
    }
}
