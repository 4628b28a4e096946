// Reading back what was encoded.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Testing

@Suite struct MessageDecodingTests {
    private static let values: [AMQPValue] = [
        .null, .bool(true), .bool(false), .int(0), .int(-1), .int(.max), .int(.min), .long(0),
        .long(-128), .long(.max), .long(.min), .ulong(0), .ulong(255), .ulong(256), .ulong(.max),
        .double(0.1), .double(-.infinity), .string(""), .string("é\u{0}🧨"),
        .string(String(repeating: "x", count: 300)), .symbol("a"),
        .symbol(String(repeating: "y", count: 300)), .binary([]), .binary([0, 255]),
        .binary([UInt8](repeating: 7, count: 70_000)), .uuid(AMQPUUID(high: 1, low: .max)),
        .timestamp(milliseconds: -1), .list([]), .list([.null, .list([.int(300)])]), .map([]),
        .map([MapEntry(key: "b", value: .list([])), MapEntry(key: "a", value: .map([]))]),
        .list([AMQPValue](repeating: .ulong(5), count: 300)),
    ]

    private var full: Message {
        var message = Message(body: .data([1, 2, 3]))
        message.isDurable = true
        message.priority = 0
        message.timeToLive = 300
        message.id = .string("id")
        message.userID = [9]
        message.to = "to"
        message.subject = ""
        message.replyTo = "reply"
        message.correlationID = .uuid(AMQPUUID(high: 0, low: 1))
        message.contentType = "a/b"
        message.contentEncoding = "gzip"
        message.absoluteExpiryTime = .max
        message.creationTime = 0
        message.groupID = "group"
        message.groupSequence = .max
        message.replyToGroupID = "other"
        message.annotations = [MapEntry(symbol: "x", value: .int(1))]
        message.applicationProperties = [MapEntry(key: "y", value: .symbol("z"))]
        return message
    }

    @Test("a value comes back from its bytes as it was", arguments: values)
    func value(_ value: AMQPValue) throws {
        let message = Message(body: .value(value))
        #expect(Message(encoded: try message.encoded()) == message)
    }

    @Test("all sections and fields of a message come back from its bytes")
    func message() throws {
        #expect(Message(encoded: try full.encoded()) == full)
        #expect(Message(encoded: try Message().encoded()) == Message())
        var message = Message()
        message.replyToGroupID = "last"
        message.priority = 255
        message.timeToLive = 0
        #expect(Message(encoded: try message.encoded()) == message)
    }

    @Test("bytes that are no message give nil")
    func noMessage() throws {
        let bytes = try full.encoded()
        for count in 0..<bytes.count {
            // Only the body is asked for, and it is the last.
            #expect(Message(encoded: Array(bytes.prefix(count))) == nil, "\(count) bytes")
        }
        for index in bytes.indices {
            for byte in [0x00, 0x40, 0x45, 0xD0, 0xFF] as [UInt8] {
                var damaged = bytes
                damaged[index] = byte
                // Whatever it says: it must not trap.
                _ = Message(encoded: damaged)
            }
        }
        let nested = [0, 0x53, 0x77] + [UInt8](repeating: 0xC0, count: 10_000)
        #expect(Message(encoded: nested) == nil)
    }
}
