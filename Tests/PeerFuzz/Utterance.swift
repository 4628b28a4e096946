// A frame that a peer is about to send, and the damage done to it.
// SPDX-License-Identifier: Apache-2.0

internal import RawPeer

/// One frame, or bytes that are hardly one.
struct Utterance {
    /// The frame that is meant.
    var frame: Frame
    /// Of a disposition: what its state says.
    var verdict = Verdict.nothing
    /// Bytes that are sent instead of the frame.
    var bytes: [UInt8]?

    init(_ frame: Frame, verdict: Verdict = .nothing) {
        self.frame = frame
        self.verdict = verdict
    }

    init(bytes: [UInt8]) {
        frame = Frame(.flow, [])
        self.bytes = bytes
    }

    var isDisposition: Bool { bytes == nil && frame.performative == .disposition }

    /// The bytes on the wire, in one of the encodings that mean the same.
    func encoded(by dice: inout Dice) -> [UInt8] {
        if let bytes { return bytes }
        guard dice.chance(1, of: 2) else { return frame.encoded }
        let body = dice.encoding(of: .described(frame.performative.rawValue, .list(frame.fields)))
        return Self.frameBytes(
            type: frame.isSASL ? 1 : 0, channel: frame.channel, body.encoded + frame.payload)
    }

    static func frameBytes(
        size: UInt32? = nil, offset: UInt8 = 2, type: UInt8 = 0, channel: UInt16 = 0,
        _ body: [UInt8]
    ) -> [UInt8] {
        let size = size ?? UInt32(8 + body.count)
        return withUnsafeBytes(of: size.bigEndian, Array.init) + [offset, type]
            + withUnsafeBytes(of: channel.bigEndian, Array.init) + body
    }
}

extension Dice {
    /// Spoils a frame.
    ///
    /// A disposition is spoiled in a way that leaves known what it says.
    mutating func damage(_ utterance: Utterance) -> Utterance {
        guard utterance.bytes == nil else { return utterance }
        if utterance.isDisposition { return damageDisposition(utterance) }
        var damaged = utterance
        switch count(0...15) {
        case 0: damaged.frame.channel = pick([0, 1, 2, 3, 99, 100, 101, 32767, 32768, 65535])
        case 1...6: damageField(&damaged.frame.fields)
        case 7: damaged.frame.fields = Array(damaged.frame.fields.prefix(count(0...4)))
        case 8: damaged.frame.fields += (0...count(0...3)).map { _ in oddValue() }
        case 9: damaged.frame.payload += bytes(count(1...40))
        default: damaged.bytes = damagedBytes(of: utterance.frame)
        }
        return damaged
    }

    private mutating func damageField(_ fields: inout [Value]) {
        guard !fields.isEmpty else {
            fields = [oddValue()]
            return
        }
        let index = count(0...fields.count - 1)
        switch fields[index] {
        case .described(let code, .list(var inner)) where chance(3, of: 4):
            damageField(&inner)
            fields[index] = .described(code, .list(inner))
        case .list(var inner) where chance(1, of: 2):
            damageField(&inner)
            fields[index] = .list(inner)
        case .uint(let number) where chance(1, of: 2):
            fields[index] = .uint(uint(near: number))
        default:
            fields[index] = oddValue()
        }
    }

    /// Only behind the descriptor: what is sent stays what it was called.
    private mutating func damagedBytes(of frame: Frame) -> [UInt8] {
        let type: UInt8 = frame.isSASL ? 1 : 0
        let body = frame.encoded.dropFirst(8)
        let code = frame.performative.rawValue
        let list = Value.list(frame.fields)
        func sealed(_ body: [UInt8]) -> [UInt8] {
            Utterance.frameBytes(type: type, channel: frame.channel, body)
        }
        switch count(0...13) {
        case 0:
            return sealed(
                [0x00] + Value.symbol("amqp:\(frame.performative):list").encoded + list.encoded)
        case 1: return sealed(Value.described(pick([0, 0x0F, 0x18, 0x45, .max]), list).encoded)
        case 2: return sealed([0x00] + Value.uint(UInt32(code)).encoded + list.encoded)
        case 3:
            return sealed(
                Value.described(code, pick([.null, .map([]), .map(frame.fields), .bool(true)]))
                    .encoded)
        case 4: return sealed(Value.described(code, oddValue()).encoded)
        case 5: return sealed(Value.described(code, .described(code, list)).encoded)
        case 6: return sealed(list.encoded)
        case 7: return sealed(oddValue().encoded)
        case 8: return sealed(Array(body.prefix(count(0...body.count))))
        case 9: return sealed(Array(body.prefix(11)) + bytes(count(0...60)))
        case 10: return sealed(flipped(Array(body)))
        case 11:
            return Utterance.frameBytes(
                offset: pick([0, 1, 3, 255]), type: type, channel: frame.channel,
                bytes(4) + Array(body))
        case 12:
            return Utterance.frameBytes(
                type: pick([1 - type, 2, 255]), channel: frame.channel, Array(body))
        default:
            let size = pick([
                0, 4, 7, 8, UInt32(7 + body.count), UInt32(9 + body.count), 65537, .max,
            ])
            return Utterance.frameBytes(size: size, type: type, channel: frame.channel, Array(body))
        }
    }

    private mutating func flipped(_ body: [UInt8]) -> [UInt8] {
        var body = body
        // The descriptor of the performative has ten bytes.
        guard body.count > 10 else { return body }
        for _ in 0...count(0...3) { body[count(10...body.count - 1)] ^= 1 << UInt8(count(0...7)) }
        return body
    }

    private mutating func damageDisposition(_ utterance: Utterance) -> Utterance {
        var damaged = utterance
        switch count(0...7) {
        case 0: damaged.frame.fields[0] = pick([.bool(false), .null, .uint(1), .string("true")])
        case 1: damaged.frame.fields[1] = pick([.null, .ulong(1), .int(1), .ushort(1), .list([])])
        case 2: damaged.frame.fields[2] = pick([.null, .ulong(1), .int(1), .ubyte(1), .map([])])
        case 3: damaged.frame.fields[3] = pick([.null, .uint(1), .symbol("true")])
        case 4: damaged.frame.fields = Array(damaged.frame.fields.prefix(count(0...4)))
        case 5: damaged.frame.fields += (0...count(0...3)).map { _ in oddValue() }
        case 6: damaged.frame.channel = pick([0, 1, 2, 3, 99, 100, 65535])
        default: damaged.frame.payload = bytes(count(1...20))
        }
        return damaged
    }
}
