// The bytes of encoded values.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Testing

@Suite struct EncodedFormTests {
    private static let forms: [(AMQPValue, [UInt8])] = [
        (.null, [0x40]), (.bool(true), [0x41]), (.bool(false), [0x42]),
        (.ubyte(1), [0x50, 1]), (.byte(-1), [0x51, 0xFF]),
        (.ushort(258), [0x60, 1, 2]), (.short(-2), [0x61, 0xFF, 0xFE]),
        (.uint(0), [0x43]), (.uint(1), [0x52, 1]), (.uint(255), [0x52, 255]),
        (.uint(256), [0x70, 0, 0, 1, 0]),
        (.ulong(0), [0x44]), (.ulong(255), [0x53, 255]),
        (.ulong(256), [0x80, 0, 0, 0, 0, 0, 0, 1, 0]),
        (.int(0), [0x54, 0]), (.int(-128), [0x54, 0x80]), (.int(128), [0x71, 0, 0, 0, 128]),
        (.long(127), [0x55, 127]), (.long(-129), [0x81, 255, 255, 255, 255, 255, 255, 255, 127]),
        (.float(1), [0x72, 0x3F, 0x80, 0, 0]), (.double(1), [0x82, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0]),
        (.decimal32(1), [0x74, 0, 0, 0, 1]), (.char("a"), [0x73, 0, 0, 0, 0x61]),
        (.timestamp(milliseconds: 1), [0x83, 0, 0, 0, 0, 0, 0, 0, 1]),
        (.binary([7]), [0xA0, 1, 7]), (.string("a"), [0xA1, 1, 0x61]),
        (.symbol("a"), [0xA3, 1, 0x61]),
        (.list([]), [0x45]), (.list([.null]), [0xC0, 2, 1, 0x40]), (.map([]), [0xC1, 1, 0]),
        (.array([]), [0xE0, 2, 0, 0x40]),
        (.array([.uint(0), .uint(1)]), [0xE0, 4, 2, 0x52, 0, 1]),
        (.array([.bool(true), .bool(false)]), [0xE0, 4, 2, 0x56, 1, 0]),
        (.described(descriptor: .ulong(0x24), value: .list([])), [0, 0x53, 0x24, 0x45]),
    ]

    @Test("each value has its smallest form", arguments: forms.indices)
    func smallestForm(index: Int) throws {
        let (value, bytes) = Self.forms[index]
        #expect(try Message(body: .value(value)).encoded() == [0, 0x53, 0x77] + bytes)
    }

    /// Forms that a peer may write in place of the smallest.
    private static let longForms: [(AMQPValue, [UInt8])] = [
        (.bool(true), [0x56, 1]), (.uint(1), [0x70, 0, 0, 0, 1]),
        (.ulong(0), [0x80, 0, 0, 0, 0, 0, 0, 0, 0]), (.int(1), [0x71, 0, 0, 0, 1]),
        (.long(1), [0x81, 0, 0, 0, 0, 0, 0, 0, 1]), (.binary([7]), [0xB0, 0, 0, 0, 1, 7]),
        (.string("a"), [0xB1, 0, 0, 0, 1, 0x61]), (.symbol("a"), [0xB3, 0, 0, 0, 1, 0x61]),
        (.list([]), [0xC0, 1, 0]), (.list([.null]), [0xD0, 0, 0, 0, 5, 0, 0, 0, 1, 0x40]),
        (.map([]), [0xD1, 0, 0, 0, 4, 0, 0, 0, 0]),
        (.array([.uint(1)]), [0xF0, 0, 0, 0, 9, 0, 0, 0, 1, 0x70, 0, 0, 0, 1]),
    ]

    @Test("a longer form is read as the same value", arguments: longForms.indices)
    func longForm(index: Int) {
        let (value, bytes) = Self.longForms[index]
        #expect(Message(encoded: [0, 0x53, 0x77] + bytes) == Message(body: .value(value)))
    }

    @Test("what can't be a value gives nil")
    func noValue() {
        let wrong: [[UInt8]] = [
            [0x46], [0x57, 0], [0x56, 2], [0x73, 0, 0, 0xD8, 0], [0xA2, 0], [0xA1, 1, 0xFF],
            [0xC0, 1], [0xC0, 0], [0xC0, 2, 2, 0x40], [0xC0, 3, 1, 0x40, 0x40],
            [0xC1, 2, 1, 0x40], [0xE0, 1, 1], [0xE0, 2, 1, 0x46],
            // 4,294,967,295 values that take no bytes.
            [0xF0, 0, 0, 0, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0x40],
            [0xF0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1, 0x40],
        ]
        for bytes in wrong {
            #expect(Message(encoded: [0, 0x53, 0x77] + bytes) == nil, "\(bytes)")
        }
    }

    @Test("a message is appended to a buffer, which is as it was when there is no encoding")
    func reusedBuffer() throws {
        var buffer: [UInt8] = [1, 2]
        try Message(body: .data([3])).encode(into: &buffer)
        #expect(buffer == [1, 2, 0, 0x53, 0x75, 0xA0, 1, 3])
        buffer.removeAll(keepingCapacity: true)
        let capacity = buffer.capacity
        #expect(throws: EncodingError.self) {
            try Message(body: .value(.symbol("\u{e9}"))).encode(into: &buffer)
        }
        #expect(buffer.isEmpty && buffer.capacity == capacity)
    }

    @Test("values that can't be encoded are refused, wherever they are")
    func refused() {
        func reason(_ value: AMQPValue) -> String? {
            do {
                _ = try Message(body: .value(.list([value]))).encoded()
                return nil
            } catch {
                return error.reason
            }
        }
        let mixed = "the elements of an array are of different types"
        #expect(reason(.array([.int(1), .long(1)])) == mixed)
        let one = AMQPValue.described(descriptor: .ulong(1), value: .int(1))
        let two = AMQPValue.described(descriptor: .ulong(2), value: .int(1))
        #expect(reason(.array([one, two])) == mixed)
        #expect(reason(.array([one, .int(1)])) == mixed)
        #expect(reason(.array([one, one])) == nil)
        let twice = [MapEntry(key: .int(1), value: .null), MapEntry(key: .int(1), value: .null)]
        #expect(reason(.map(twice)) == "the key int(1) occurs twice")
        let nested = (0..<70).reduce(AMQPValue.null) { value, _ in .array([value]) }
        #expect(reason(nested) == "values are nested more than 64 deep")
        let many = AMQPValue.array([AMQPValue](repeating: .null, count: 65_533))
        #expect(reason(many) == "there are more than 65535 values")
    }

    @Test("keys and properties are of the types that their section has")
    func sectionKeys() {
        var message = Message()
        message.annotations = [MapEntry(key: "text", value: .null)]
        #expect(throws: EncodingError(reason: "the key of an annotation is not a symbol")) {
            try message.encoded()
        }
        message.annotations = []
        message.applicationProperties = [MapEntry(symbol: "name", value: .null)]
        #expect(throws: EncodingError(reason: "the key of an application property is not a string"))
        {
            try message.encoded()
        }
    }
}
