// Values of AMQP's type system.
// SPDX-License-Identifier: Apache-2.0

/// A value of AMQP's type system (§1.6).
public indirect enum AMQPValue: Sendable, Hashable {
    /// The absence of a value.
    case null
    /// A truth value, AMQP boolean.
    case bool(Bool)
    /// An unsigned number of 8 bits.
    case ubyte(UInt8)
    /// An unsigned number of 16 bits.
    case ushort(UInt16)
    /// An unsigned number of 32 bits.
    case uint(UInt32)
    /// An unsigned number of 64 bits.
    case ulong(UInt64)
    /// A signed number of 8 bits.
    case byte(Int8)
    /// A signed number of 16 bits.
    case short(Int16)
    /// A signed number of 32 bits.
    case int(Int32)
    /// A signed number of 64 bits.
    case long(Int64)
    /// A binary floating-point number of 32 bits.
    case float(Float)
    /// A binary floating-point number of 64 bits.
    case double(Double)
    /// The bits of a decimal floating-point number (IEEE 754, decimal32).
    case decimal32(UInt32)
    /// The bits of a decimal floating-point number (IEEE 754, decimal64).
    case decimal64(UInt64)
    /// The bits of a decimal floating-point number (IEEE 754, decimal128), the most significant first.
    case decimal128(high: UInt64, low: UInt64)
    /// A Unicode scalar, AMQP char.
    case char(Unicode.Scalar)
    /// A point in time.
    ///
    /// - Units: milliseconds since 1970-01-01 00:00 UTC.
    case timestamp(milliseconds: Int64)
    /// A universally unique id.
    case uuid(AMQPUUID)
    /// Bytes.
    case binary([UInt8])
    /// Text.
    case string(String)
    /// A name from a constrained domain; it can be encoded only if it is ASCII.
    case symbol(String)
    /// Values in order, of any types.
    case list([AMQPValue])
    /// Keys and values in order; it can be encoded only if no key occurs twice (§1.6.23).
    case map([MapEntry])
    /// Values in order, all of one type; it can be encoded only if they are.
    case array([AMQPValue])
    /// A value with a descriptor, which gives its meaning (§1.1.2).
    case described(descriptor: AMQPValue, value: AMQPValue)
}

/// A key of a map and its value.
public struct MapEntry: Sendable, Hashable {
    /// Key: a string in application properties, a symbol in annotations, of any type elsewhere.
    public var key: AMQPValue
    /// Value.
    public var value: AMQPValue

    /// Makes an entry.
    public init(key: AMQPValue, value: AMQPValue) {
        self.key = key
        self.value = value
    }

    /// Makes an entry whose key is a string.
    public init(key: String, value: AMQPValue) {
        self.init(key: .string(key), value: value)
    }

    /// Makes an entry whose key is a symbol.
    public init(symbol: String, value: AMQPValue) {
        self.init(key: .symbol(symbol), value: value)
    }
}

extension AMQPValue {
    /// The greatest depth of a value: a scalar is 1 deep, a list of scalars 2.
    ///
    /// Encoders and decoders are recursive: a deeper value could exhaust the stack of its reader.
    public static let depthMax = 64

    /// The greatest number of values in one encoding, nested ones included.
    ///
    /// Proton counts in 16 bits: peers that use it can't read more.
    public static let countMax = 65535

    /// Whether the value is a list, a map or an array.
    var isCompound: Bool {
        switch self {
        case .list, .map, .array: true
        default: false
        }
    }

    /// The text of a string or symbol; nil for other types.
    public var text: String? {
        switch self {
        case .string(let text), .symbol(let text): text
        default: nil
        }
    }
}

/// A universally unique id (RFC 4122).
public struct AMQPUUID: Sendable, Hashable {
    /// The first eight of the sixteen bytes, in network order.
    public var high: UInt64
    /// The last eight bytes.
    public var low: UInt64

    /// Makes an id from its bytes.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Parses 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12, with hyphens between; nil for other text.
    public init?(_ text: String) {
        let groups = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard groups.map(\.count) == [8, 4, 4, 4, 12] else { return nil }
        let digits = groups.joined().compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 32 else { return nil }
        func number(_ digits: ArraySlice<Int>) -> UInt64 {
            digits.reduce(0) { $0 << 4 | UInt64($1) }
        }
        self.init(high: number(digits[..<16]), low: number(digits[16...]))
    }
}
