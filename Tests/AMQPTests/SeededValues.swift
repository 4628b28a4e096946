// Values of every type and size class, from a seed.
// SPDX-License-Identifier: Apache-2.0

import AMQP

/// Draws AMQP values, the same ones from the same seed.
struct SeededValues {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    /// A value of any type; what it holds is nested at most this deep.
    mutating func value(depth: Int = 4) -> AMQPValue {
        let kind = below(depth > 1 ? 26 : 22)
        return kind < 22 ? scalar(kind) : compound(kind, depth: depth)
    }

    /// A message with any of its fields.
    mutating func message() -> Message {
        var message = Message(body: flip() ? .value(value()) : .data(bytes()))
        message.isDurable = flip()
        message.priority = flip() ? UInt8(truncatingIfNeeded: next()) : nil
        message.timeToLive = flip() ? UInt32(truncatingIfNeeded: number()) : nil
        message.id = flip() ? id() : nil
        message.userID = flip() ? bytes() : nil
        message.to = flip() ? text() : nil
        message.subject = flip() ? text() : nil
        message.replyTo = flip() ? text() : nil
        message.correlationID = flip() ? id() : nil
        message.contentType = flip() ? name() : nil
        message.contentEncoding = flip() ? name() : nil
        message.absoluteExpiryTime = flip() ? Int64(bitPattern: number()) : nil
        message.creationTime = flip() ? Int64(bitPattern: number()) : nil
        message.groupID = flip() ? text() : nil
        message.groupSequence = flip() ? UInt32(truncatingIfNeeded: number()) : nil
        message.replyToGroupID = flip() ? text() : nil
        for index in 0..<below(4) {
            message.annotations.append(MapEntry(symbol: "x-opt-\(index)", value: value(depth: 3)))
        }
        for index in 0..<below(300) where flip() {
            message.applicationProperties.append(
                MapEntry(key: "\(index)\(text())", value: scalar(below(22))))
        }
        return message
    }

    private mutating func scalar(_ kind: Int) -> AMQPValue {
        let bits = number()
        return switch kind {
        case 0: .null
        case 1: .bool(flip())
        case 2: .ubyte(UInt8(truncatingIfNeeded: bits))
        case 3: .ushort(UInt16(truncatingIfNeeded: bits))
        case 4: .uint(UInt32(truncatingIfNeeded: bits))
        case 5: .ulong(bits)
        case 6: .byte(Int8(truncatingIfNeeded: bits))
        case 7: .short(Int16(truncatingIfNeeded: bits))
        case 8: .int(Int32(truncatingIfNeeded: bits))
        case 9: .long(Int64(bitPattern: bits))
        case 10: .float(Float(Int32(truncatingIfNeeded: bits)) / 256)
        case 11: .double(Double(Int64(bitPattern: bits)) / 65536)
        case 12: .decimal32(UInt32(truncatingIfNeeded: bits))
        case 13: .decimal64(bits)
        case 14: .decimal128(high: bits, low: next())
        case 15: .char(Unicode.Scalar(UInt32(truncatingIfNeeded: bits)) ?? "x")
        case 16: .timestamp(milliseconds: Int64(bitPattern: bits))
        case 17: .uuid(AMQPUUID(high: bits, low: next()))
        case 18: .binary(bytes())
        case 19, 20: .string(text())
        default: .symbol(name())
        }
    }

    private mutating func compound(_ kind: Int, depth: Int) -> AMQPValue {
        let count = [0, 1, 2, 5, 40, 300][below(6)] / (depth == 4 ? 1 : 10)
        switch kind {
        case 22: return .list((0..<count).map { _ in value(depth: depth - 1) })
        case 23:
            return .map(
                (0..<count).map {
                    MapEntry(key: .int(Int32($0)), value: value(depth: depth - 1))
                })
        case 24:
            // One directly inside of another is misread by proton 0.37.
            let inside = flip() ? scalar(below(22)) : .list([value(depth: depth - 1)])
            return .described(descriptor: .ulong(next()), value: inside)
        default: return .array(elements(count: count))
        }
    }

    private mutating func elements(count: Int) -> [AMQPValue] {
        let kind = below(22)
        return (0..<count).map { _ in scalar(kind) }
    }

    private mutating func id() -> AMQPValue {
        switch below(4) {
        case 0: .ulong(number())
        case 1: .uuid(AMQPUUID(high: next(), low: next()))
        case 2: .binary(bytes())
        default: .string(text())
        }
    }

    /// A number of any size: the small ones have encodings of their own.
    private mutating func number() -> UInt64 {
        switch below(5) {
        case 0: UInt64(below(2))
        case 1: UInt64(below(256))
        case 2: ~UInt64(below(200))
        default: next() >> UInt64(below(64))
        }
    }

    private mutating func size() -> Int {
        [0, 1, 20, 254, 255, 256, 1000][below(7)]
    }

    private mutating func bytes() -> [UInt8] {
        (0..<size()).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    private mutating func text() -> String {
        let characters: [Character] = ["a", "\0", "\u{e9}", "\u{1F600}"]
        return String((0..<size()).map { _ in characters[below(4)] })
    }

    private mutating func name() -> String {
        String((0..<size()).map { _ in Character(Unicode.Scalar(UInt8(below(128)))) })
    }

    private mutating func flip() -> Bool { below(2) == 0 }

    private mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// SplitMix64.
    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
