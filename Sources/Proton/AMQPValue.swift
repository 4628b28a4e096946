// The types that a message is made of.
// SPDX-License-Identifier: Apache-2.0

/// A value of AMQP's type system (§1.6).
public enum AMQPValue: Sendable, Hashable {
    /// Nothing.
    case null
    /// A truth value, AMQP boolean.
    case bool(Bool)
    /// A number of 32 bits.
    case int(Int32)
    /// A number of 64 bits.
    case long(Int64)
    /// A number of 64 bits without a sign.
    case ulong(UInt64)
    /// A floating-point number of 64 bits.
    case double(Double)
    /// Text.
    case string(String)
    /// A name from a constrained domain.
    ///
    /// Encoded only if it is ASCII.
    case symbol(String)
    /// Bytes.
    case binary([UInt8])
    /// A universally unique id.
    case uuid(AMQPUUID)
    /// A moment, in milliseconds since 1970 began, in UTC.
    case timestamp(milliseconds: Int64)
    /// Values, one after the other.
    case list([AMQPValue])
    /// Keys and values, in this order.
    ///
    /// Encoded only if no key stands twice (§1.6.23).
    case map([MapEntry])
}

/// A key of a map and its value.
public struct MapEntry: Sendable, Hashable {
    /// Key, an AMQP string; in annotations an AMQP symbol.
    public var key: String
    /// Value.
    public var value: AMQPValue

    /// Makes a pair.
    public init(key: String, value: AMQPValue) {
        self.key = key
        self.value = value
    }
}

/// A universally unique id (RFC 4122), as AMQP's type of that name.
public struct AMQPUUID: Sendable, Hashable {
    /// The first eight of its sixteen bytes, the most significant first.
    public var high: UInt64
    /// The last eight.
    public var low: UInt64

    /// Makes an id of its bytes.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads the usual form of 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
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
