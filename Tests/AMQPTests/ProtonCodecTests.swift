// Our codec against proton's, both ways.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import ProtonCodec
import Testing

@Suite struct ProtonCodecTests {
    @Test("proton reads every value as what it is, and what proton writes is read as what it was")
    func seededValues() throws {
        for seed in 0..<UInt64(3000) {
            var values = SeededValues(seed: seed)
            try check(values.value(), "seed \(seed)")
        }
    }

    @Test("the sizes at which the encoding changes", arguments: [0, 1, 255, 256, 65535, 65536])
    func sizes(size: Int) throws {
        try check(.binary([UInt8](repeating: 7, count: size)), "binary")
        try check(.string(String(repeating: "x", count: size)), "string")
        try check(.symbol(String(repeating: "y", count: size)), "symbol")
        guard size < 65535 else { return }
        try check(.list([AMQPValue](repeating: .int(1), count: size)), "list")
        try check(.array([AMQPValue](repeating: .uint(1), count: size)), "array")
        try check(.array([AMQPValue](repeating: .null, count: size)), "array of null")
        try check(
            .map((0..<size / 2).map { MapEntry(key: .uint(UInt32($0)), value: .null) }), "map")
        // The content alone makes the size, around a byte's.
        for room in 245...260 {
            try check(.list([.binary([UInt8](repeating: 1, count: room))]), "list of \(room) bytes")
        }
    }

    @Test("arrays of every type, in the smallest encoding that all elements fit in")
    func arrays() throws {
        let id = AMQPUUID(high: 1, low: 2)
        let arrays: [[AMQPValue]] = [
            [.bool(true), .bool(false)], [.bool(true)], [.uint(0), .uint(0)],
            [.uint(0), .uint(255)],
            [.uint(0), .uint(256)], [.ulong(0), .ulong(.max)], [.int(-1), .int(127)],
            [.int(-1), .int(128)], [.long(-129), .long(0)], [.string(""), .string("a")],
            [.symbol("a"), .symbol(String(repeating: "b", count: 256))], [.uuid(id), .uuid(id)],
            [.list([]), .list([.int(1)])], [.map([]), .map([MapEntry(key: "a", value: .null)])],
            [.array([.int(1)]), .array([])],
            [
                .described(descriptor: .ulong(1), value: .int(1)),
                .described(descriptor: .ulong(1), value: .int(1000)),
            ],
        ]
        for elements in arrays { try check(.array(elements), "\(elements)") }
    }

    @Test("messages come back from proton as they were")
    func messages() throws {
        for seed in 0..<UInt64(500) {
            var values = SeededValues(seed: seed)
            let message = values.message()
            let bytes = try message.encoded()
            #expect(Message(encoded: bytes) == message, "seed \(seed)")
            #expect(Message(encoded: reencoded(bytes)) == message, "seed \(seed), by proton")
        }
    }

    private func check(_ value: AMQPValue, _ what: String) throws {
        let bytes = try Message(body: .value(value)).encoded()
        // The descriptor of the section stands before it.
        let (theirs, ours) = (described(Array(bytes.dropFirst(3))), value.described)
        let common = zip(theirs, ours).prefix { $0 == $1 }.count
        try #require(
            theirs == ours,
            """
            \(what): proton reads \(theirs.dropFirst(common - 40).prefix(120)), not \
            \(ours.dropFirst(common - 40).prefix(120))
            """)
        #expect(Message(encoded: bytes) == Message(body: .value(value)), "\(what)")
        #expect(
            Message(encoded: reencoded(bytes)) == Message(body: .value(value)), "\(what), by proton"
        )
    }

    private func reencoded(_ bytes: [UInt8]) -> [UInt8] {
        let capacity = 16 * bytes.count + 1024
        return [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            count = proton_codec_reencode(bytes, bytes.count, buffer.baseAddress, capacity)
        }
    }

    private func described(_ bytes: [UInt8]) -> String {
        let capacity = 64 * bytes.count + (1 << 20)
        let text = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            buffer.withMemoryRebound(to: CChar.self) { text in
                count = proton_codec_describe(bytes, bytes.count, text.baseAddress, capacity)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension AMQPValue {
    /// In the words of `proton_codec_describe`.
    fileprivate var described: String {
        func number(_ value: some BinaryInteger) -> String {
            String(UInt64(truncatingIfNeeded: value), radix: 16)
        }
        func bytes(_ bytes: some Sequence<UInt8>) -> String {
            bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        func halves(_ high: UInt64, _ low: UInt64) -> String {
            withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { bytes($0) }
        }
        func inside(_ values: [AMQPValue]) -> String {
            "(" + values.map(\.described).joined() + ")"
        }
        let text =
            switch self {
            case .null: "PN_NULL:"
            case .bool(let value): "PN_BOOL:\(value ? 1 : 0)"
            case .ubyte(let value): "PN_UBYTE:\(number(value))"
            case .ushort(let value): "PN_USHORT:\(number(value))"
            case .uint(let value): "PN_UINT:\(number(value))"
            case .ulong(let value): "PN_ULONG:\(number(value))"
            case .byte(let value): "PN_BYTE:\(number(value))"
            case .short(let value): "PN_SHORT:\(number(value))"
            case .int(let value): "PN_INT:\(number(value))"
            case .long(let value): "PN_LONG:\(number(value))"
            case .float(let value): "PN_FLOAT:\(number(value.bitPattern))"
            case .double(let value): "PN_DOUBLE:\(number(value.bitPattern))"
            case .decimal32(let bits): "PN_DECIMAL32:\(number(bits))"
            case .decimal64(let bits): "PN_DECIMAL64:\(number(bits))"
            case .decimal128(let high, let low): "PN_DECIMAL128:\(halves(high, low))"
            case .char(let scalar): "PN_CHAR:\(number(scalar.value))"
            case .timestamp(let time): "PN_TIMESTAMP:\(number(time))"
            case .uuid(let id): "PN_UUID:\(halves(id.high, id.low))"
            case .binary(let content): "PN_BINARY:\(bytes(content))"
            case .string(let text): "PN_STRING:\(bytes(text.utf8))"
            case .symbol(let text): "PN_SYMBOL:\(bytes(text.utf8))"
            case .list(let values): "PN_LIST:\(inside(values))"
            case .map(let entries): "PN_MAP:\(inside(entries.flatMap { [$0.key, $0.value] }))"
            case .array(let values): "PN_ARRAY:\(inside(values.asProtonHasThem))"
            case .described(let descriptor, let value):
                "PN_DESCRIBED:\(inside([descriptor, value]))"
            }
        return text + " "
    }
}

extension [AMQPValue] {
    /// The elements of an array, behind the descriptor that they have in common.
    fileprivate var asProtonHasThem: [AMQPValue] {
        guard case .described(let descriptor, _)? = first else { return self }
        return [descriptor]
            + map { element in
                if case .described(_, let value) = element { value } else { element }
            }
    }
}
