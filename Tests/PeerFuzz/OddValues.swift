// Values where others are expected, and other encodings of the same values.
// SPDX-License-Identifier: Apache-2.0

internal import RawPeer

extension Dice {
    /// A number that a peer might use for a handle, an id, a credit or a window.
    mutating func uint(near number: UInt32 = 0) -> UInt32 {
        switch count(0...7) {
        case 0: number
        case 1: number &+ 1
        case 2: number &- 1
        case 3: UInt32(truncatingIfNeeded: self.number(upTo: 16))
        case 4: pick([0, 1, 7, 255, 256, 65535, 65536])
        case 5: pick([0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFE, 0xFFFF_FFFF])
        case 6: number &+ 1000
        default: UInt32(truncatingIfNeeded: self.number(upTo: .max))
        }
    }

    /// Any value, of any type.
    mutating func oddValue(depth: Int = 0) -> Value {
        switch count(0...(depth < 3 ? 21 : 16)) {
        case 0, 1: .null
        case 2: .bool(chance(1, of: 2))
        case 3: .ubyte(UInt8(number(upTo: 255)))
        case 4: .ushort(UInt16(number(upTo: 65535)))
        case 5: .uint(uint())
        case 6: .ulong(number(upTo: .max))
        case 7: .int(Int32(bitPattern: uint()))
        case 8: .long(Int64(bitPattern: number(upTo: .max)))
        case 9: .double(.nan)
        case 10: .timestamp(Int64(bitPattern: number(upTo: .max)))
        case 11: .uuid(bytes(16))
        case 12: .string(String(repeating: "s", count: count(0...300)))
        case 13: .symbol(pick(["", "amqp:accepted:list", "x", String(repeating: "y", count: 300)]))
        case 14: .binary(bytes(count(0...300)))
        // Decimals, characters and floats, which no performative has.
        case 15: .raw(pick([[0x72, 0, 0, 0, 0], [0x73, 0, 0, 0, 65], [0x74] + bytes(4)]))
        case 16: .raw([0x94] + bytes(16))
        case 17: .list(oddValues(depth: depth))
        case 18: .map(oddValues(depth: depth))
        case 19:
            .described(pick([0, 0x1D, 0x23, 0x24, 0x29, 0x30, .max]), oddValue(depth: depth + 1))
        case 20:
            .raw([0x00] + oddValue(depth: depth + 1).encoded + oddValue(depth: depth + 1).encoded)
        default: malformed()
        }
    }

    private mutating func oddValues(depth: Int) -> [Value] {
        (0..<count(0...3)).map { _ in oddValue(depth: depth + 1) }
    }

    /// Bytes that are no value, or hardly one.
    mutating func malformed() -> Value { .raw(pick(Self.malformedBytes)) }

    private static let malformedBytes: [[UInt8]] = [
        [], [0x00], [0x00, 0x53], [0x3F], [0xFF], [0x70, 0, 0], [0xA1, 200, 1, 2],
        // Sizes and counts that are not so.
        [0xB1, 0xFF, 0xFF, 0xFF, 0xFF, 1], [0xC0, 1, 9], [0xC0, 0], [0xC0, 200, 1, 0x40],
        [0xD0, 0, 0, 0, 4, 0, 0, 0, 9], [0xD0, 0, 0, 0, 0], [0xD0, 0, 0, 0, 2, 0, 0],
        [0xD0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1, 0x40], [0xC1, 2, 1, 0x40],
        [0xC1, 4, 3, 0x40, 0x40, 0x40],
        // Arrays: without elements, of described elements, of lists, cut off.
        [0xE0, 2, 0, 0xA3], [0xE0, 1, 5], [0xE0, 0], [0xF0, 0, 0, 0, 0],
        [0xE0, 4, 1, 0x00, 0x53, 0x1D], [0xE0, 4, 2, 0xC0, 1, 0],
        [0xF0, 0, 0, 0, 5, 0, 0, 1, 0, 0x40],
        [0xE0, 5, 0xFF, 0x40, 0x40, 0x40, 0x40],
    ]

    /// The same value in one of its encodings.
    mutating func encoding(of value: Value) -> Value {
        switch value {
        case .uint(0) where chance(1, of: 2): .raw([0x43])
        case .uint(let number) where number < 256 && chance(1, of: 2): .raw([0x52, UInt8(number)])
        case .ulong(0) where chance(1, of: 2): .raw([0x44])
        case .ulong(let number) where number < 256 && chance(1, of: 2): .raw([0x53, UInt8(number)])
        case .bool(let isTrue) where chance(1, of: 2): .raw([0x56, isTrue ? 1 : 0])
        case .list([]) where chance(1, of: 2): .raw([0x45])
        case .list(let values) where chance(1, of: 2): compact(values.map { encoding(of: $0) })
        case .list(let values): .list(values.map { encoding(of: $0) })
        case .described(let code, let body) where code < 256 && chance(1, of: 2):
            .raw([0x00, 0x53, UInt8(code)] + encoding(of: body).encoded)
        default: value
        }
    }

    private func compact(_ values: [Value]) -> Value {
        let content = values.flatMap(\.encoded)
        guard content.count < 255, values.count < 256 else { return .list(values) }
        return .raw([0xC0, UInt8(content.count + 1), UInt8(values.count)] + content)
    }
}
