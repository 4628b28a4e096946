// Encoding values over the C ABI.
// SPDX-License-Identifier: Apache-2.0

import CShim
import RawPeer
import Testing

@Suite
struct EncoderTests {
    /// Makes an encoder, runs `body`, and decodes what was encoded.
    private func values(_ body: (OpaquePointer) throws -> Void) throws -> [Value] {
        var made: OpaquePointer?
        try attempt(cshim_encoder_new(&made, nil))
        let encoder = try #require(made)
        defer { cshim_encoder_free(encoder) }
        try body(encoder)
        var decoder = Decoder(try encoded(encoder)[...])
        var values: [Value] = []
        while !decoder.remaining.isEmpty { values.append(try decoder.value()) }
        return values
    }

    private func encoded(_ encoder: OpaquePointer) throws -> [UInt8] {
        var size = 0
        #expect(cshim_encoder_encode(encoder, nil, 0, &size, nil) == .bufferTooSmall)
        var bytes = [UInt8](repeating: 0, count: size)
        let capacity = size
        try attempt(cshim_encoder_encode(encoder, &bytes, capacity, &size, nil))
        #expect(size == capacity)
        return bytes
    }

    @Test("each scalar is of its own AMQP type, with its largest and smallest numbers")
    func scalars() throws {
        let uuid = [UInt8](0..<16)
        let values = try values { encoder in
            try attempt(cshim_encoder_put_null(encoder, nil))
            try attempt(cshim_encoder_put_bool(encoder, true, nil))
            try attempt(cshim_encoder_put_bool(encoder, false, nil))
            try attempt(cshim_encoder_put_ubyte(encoder, .max, nil))
            for number in [0, 1, UInt32.max] {
                try attempt(cshim_encoder_put_uint(encoder, number, nil))
            }
            for number in [0, 1, UInt64.max] {
                try attempt(cshim_encoder_put_ulong(encoder, number, nil))
            }
            for number in [Int32.min, -129, -1, 127, 128, .max] {
                try attempt(cshim_encoder_put_int(encoder, number, nil))
            }
            for number in [Int64.min, -129, -1, 127, 128, .max] {
                try attempt(cshim_encoder_put_long(encoder, number, nil))
            }
            for number in [-0.5, .infinity, Double.leastNonzeroMagnitude] {
                try attempt(cshim_encoder_put_double(encoder, number, nil))
            }
            for time in [Int64.min, 0, .max] {
                try attempt(cshim_encoder_put_timestamp(encoder, time, nil))
            }
            try attempt(cshim_encoder_put_uuid(encoder, uuid, nil))
        }
        // A statement each: in one expression they are too much for older compilers.
        var expected: [Value] = [.null, .bool(true), .bool(false), .ubyte(255)]
        expected += [0, 1, .max].map(Value.uint)
        expected += [0, 1, .max].map(Value.ulong)
        expected += [.min, -129, -1, 127, 128, .max].map(Value.int)
        expected += [.min, -129, -1, 127, 128, .max].map(Value.long)
        expected += [-0.5, .infinity, .leastNonzeroMagnitude].map(Value.double)
        expected += [.min, 0, .max].map(Value.timestamp)
        expected.append(.uuid(uuid))
        #expect(values == expected)
    }

    @Test("bytes and text of any size stand as they were put, with every NUL in them")
    func bytes() throws {
        let texts = [0, 1, 255, 256, 1 << 20].map { [UInt8](repeating: 0, count: $0) }
        let values = try values { encoder in
            for text in texts {
                try attempt(cshim_encoder_put_binary(encoder, text, text.count, nil))
                try attempt(cshim_encoder_put_string(encoder, text, text.count, nil))
                try attempt(cshim_encoder_put_symbol(encoder, text, text.count, nil))
            }
            try attempt(cshim_encoder_put_string(encoder, nil, 0, nil))
        }
        let expected: [Value] = texts.flatMap { bytes -> [Value] in
            let text = String(decoding: bytes, as: UTF8.self)
            return [.binary(bytes), .string(text), .symbol(text)]
        }
        #expect(values == expected + [.string("")])
    }

    @Test("what holds others holds what was put, in its order, also nothing and a key twice")
    func compounds() throws {
        let values = try values { encoder in
            try attempt(cshim_encoder_start_described(encoder, 0x77, nil))
            try attempt(cshim_encoder_start_list(encoder, nil))
            try attempt(cshim_encoder_start_list(encoder, nil))
            try attempt(cshim_encoder_finish(encoder, nil))
            try attempt(cshim_encoder_start_map(encoder, nil))
            try attempt(cshim_encoder_finish(encoder, nil))
            try attempt(cshim_encoder_start_map(encoder, nil))
            for number: UInt64 in [2, 1, 2, 0] {
                try attempt(cshim_encoder_put_ulong(encoder, number, nil))
            }
            try attempt(cshim_encoder_finish(encoder, nil))
            try attempt(cshim_encoder_finish(encoder, nil))
            try attempt(cshim_encoder_finish(encoder, nil))
            try attempt(cshim_encoder_put_bool(encoder, true, nil))
        }
        let map: [Value] = [.ulong(2), .ulong(1), .ulong(2), .ulong(0)]
        #expect(
            values == [.described(0x77, .list([.list([]), .map([]), .map(map)])), .bool(true)])
    }

    @Test("what is not whole is not encoded, and can be made whole")
    func unfinished() throws {
        let values = try values { encoder in
            var size = 0
            #expect(cshim_encoder_finish(encoder, nil) == .invalidState)
            try attempt(cshim_encoder_start_described(encoder, 1, nil))
            #expect(cshim_encoder_finish(encoder, nil) == .invalidState)
            try attempt(cshim_encoder_start_map(encoder, nil))
            try attempt(cshim_encoder_put_null(encoder, nil))
            #expect(cshim_encoder_finish(encoder, nil) == .invalidState)
            #expect(cshim_encoder_encode(encoder, nil, 0, &size, nil) == .invalidState)
            try attempt(cshim_encoder_put_null(encoder, nil))
            try attempt(cshim_encoder_finish(encoder, nil))
            try attempt(cshim_encoder_finish(encoder, nil))
            #expect(cshim_encoder_finish(encoder, nil) == .invalidState)
        }
        #expect(values == [.described(1, .map([.null, .null]))])
    }

    @Test("one value more than proton can count is refused, and what was put before stands")
    func tooMany() throws {
        let count = Int(CSHIM_ENCODER_VALUE_COUNT_MAX) - 1
        let values = try values { encoder in
            try attempt(cshim_encoder_start_list(encoder, nil))
            for _ in 0..<count { try attempt(cshim_encoder_put_null(encoder, nil)) }
            var error = cshim_error_t()
            #expect(cshim_encoder_put_null(encoder, &error) == .invalidArgument)
            #expect(string(error.description) == "there are more than 65535 values")
            #expect(cshim_encoder_put_string(encoder, nil, 0, nil) == .invalidArgument)
            #expect(cshim_encoder_start_map(encoder, nil) == .invalidArgument)
            #expect(cshim_encoder_start_described(encoder, 1, nil) == .invalidArgument)
            try attempt(cshim_encoder_finish(encoder, nil))
        }
        #expect(values == [.list([Value](repeating: .null, count: count))])
    }

    @Test("nothing is encoded as nothing, and encoding twice gives the same")
    func twice() throws {
        var made: OpaquePointer?
        try attempt(cshim_encoder_new(&made, nil))
        let encoder = try #require(made)
        defer { cshim_encoder_free(encoder) }
        var size = 1
        #expect(cshim_encoder_encode(encoder, nil, 0, &size, nil) == .ok)
        #expect(size == 0)
        try attempt(cshim_encoder_put_ulong(encoder, 1, nil))
        #expect(try encoded(encoder) == encoded(encoder))
    }
}
