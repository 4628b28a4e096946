// Encoding a message over the C ABI.
// SPDX-License-Identifier: Apache-2.0

import CShim
import RawPeer
import Testing

@Suite
struct MessageTests {
    @Test("header, both kinds of properties and body stand as they were set, the body in its order")
    func encode() throws {
        var made: OpaquePointer?
        try attempt(cshim_message_new(&made, nil))
        let message = try #require(made)
        defer { cshim_message_free(message) }
        try attempt(cshim_message_set_durable(message, true, nil))
        try attempt(cshim_message_set_id_ulong(message, 7, nil))
        try attempt(cshim_message_add_property_string(message, "key", "no", nil))
        try attempt(cshim_message_add_property_string(message, "key", "yes", nil))
        for (key, value) in [("zulu", 1), ("alpha", UInt64.max)] {
            try attempt(cshim_message_add_body_ulong(message, key, value, nil))
        }
        var size = 0
        #expect(cshim_message_encode(message, nil, 0, &size, nil) == .bufferTooSmall)
        var bytes = [UInt8](repeating: 0, count: size)
        let capacity = size
        try attempt(cshim_message_encode(message, &bytes, capacity, &size, nil))
        #expect(size == capacity)

        var decoder = Decoder(bytes[...])
        guard case .described(0x70, .list(let header)) = try decoder.value() else {
            Issue.record("no header")
            return
        }
        #expect(header.first == .bool(true))
        #expect(try decoder.value() == .described(0x73, .list([.ulong(7)])))
        #expect(
            try decoder.value() == .described(0x74, .map([.string("key"), .string("yes")])))
        let body: [Value] = [.string("zulu"), .ulong(1), .string("alpha"), .ulong(.max)]
        #expect(try decoder.value() == .described(0x77, .map(body)))
        #expect(decoder.remaining.isEmpty)
    }

    @Test("encoding twice gives the same")
    func twice() throws {
        var made: OpaquePointer?
        try attempt(cshim_message_new(&made, nil))
        let message = try #require(made)
        defer { cshim_message_free(message) }
        try attempt(cshim_message_add_body_ulong(message, "key", 1, nil))
        var first = [UInt8](repeating: 0, count: 100)
        var second = first
        var size = 0
        try attempt(cshim_message_encode(message, &first, 100, &size, nil))
        try attempt(cshim_message_encode(message, &second, 100, &size, nil))
        #expect(first == second)
    }
}
