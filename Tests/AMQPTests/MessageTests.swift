// A message and its encoding, read by a decoder that shares no code with proton.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RawPeer
import Testing

@Suite
struct MessageTests {
    @Test("a message without anything is a body and nothing else")
    func empty() throws {
        #expect(try sections(of: Message().encoded()) == [.described(0x77, .null)])
        #expect(
            try sections(of: Message(body: .data([])).encoded()) == [.described(0x75, .binary([]))])
    }

    @Test("every section and field stands where the specification has it")
    func allFields() throws {
        var message = Message(body: .value(.string("body")))
        message.isDurable = true
        message.priority = 9
        message.timeToLive = .max
        message.id = .ulong(1)
        message.userID = [2]
        message.to = "to"
        message.subject = "subject"
        message.replyTo = "reply-to"
        message.correlationID = .binary([3])
        message.contentType = "text/plain"
        message.contentEncoding = "gzip"
        message.absoluteExpiryTime = -1
        message.creationTime = 1_700_000_000_000
        message.groupID = "group"
        message.groupSequence = .max
        message.replyToGroupID = "answers"
        message.annotations = [MapEntry(symbol: "x-opt-a", value: .list([.bool(true)]))]
        message.applicationProperties = [
            MapEntry(key: "z", value: .int(1)), MapEntry(key: "a", value: .null),
        ]
        #expect(
            try sections(of: message.encoded()) == [
                .described(0x70, .list([.bool(true), .ubyte(9), .uint(.max)])),
                .described(0x72, .map([.symbol("x-opt-a"), .list([.bool(true)])])),
                .described(
                    0x73,
                    .list([
                        .ulong(1), .binary([2]), .string("to"), .string("subject"),
                        .string("reply-to"), .binary([3]), .symbol("text/plain"),
                        .symbol("gzip"), .timestamp(-1), .timestamp(1_700_000_000_000),
                        .string("group"), .uint(.max), .string("answers"),
                    ])),
                .described(0x74, .map([.string("z"), .int(1), .string("a"), .null])),
                .described(0x77, .string("body")),
            ])
    }

    @Test("a field that is not there is null before others, and left out behind them")
    func missingFields() throws {
        var message = Message()
        message.timeToLive = 0
        message.subject = ""
        #expect(
            try sections(of: message.encoded()) == [
                .described(0x70, .list([.null, .null, .uint(0)])),
                .described(0x73, .list([.null, .null, .null, .string("")])),
                .described(0x77, .null),
            ])
    }

    @Test(
        "a value is of its own AMQP type",
        arguments: [
            (.null, .null), (.bool(false), .bool(false)),
            (.int(.min), .int(.min)), (.long(.max), .long(.max)), (.long(0), .long(0)),
            (.ulong(.max), .ulong(.max)), (.double(-0.5), .double(-0.5)),
            (.double(.infinity), .double(.infinity)),
            (.string(""), .string("")),
            (.string("\u{e9}\0\u{1F600}"), .string("\u{e9}\0\u{1F600}")),
            (.symbol("a\0b"), .symbol("a\0b")), (.binary([0, 255]), .binary([0, 255])),
            (
                .uuid(AMQPUUID(high: 0x0001_0203_0405_0607, low: 0x0809_0A0B_0C0D_0E0F)),
                .uuid([UInt8](0..<16))
            ),
            (.timestamp(milliseconds: .min), .timestamp(.min)),
            (.list([]), .list([])), (.map([]), .map([])),
            (
                .map([
                    MapEntry(key: "b", value: .list([.map([])])), MapEntry(key: "a", value: .null),
                    MapEntry(key: "", value: .bool(true)),
                ]),
                .map([
                    .string("b"), .list([.map([])]), .string("a"), .null, .string(""), .bool(true),
                ])
            ),
        ] as [(AMQPValue, Value)])
    func types(value: AMQPValue, expected: Value) throws {
        #expect(
            try sections(of: Message(body: .value(value)).encoded())
                == [.described(0x77, expected)])
    }

    @Test("a number that is none keeps its bits")
    func notANumber() throws {
        let bytes = try Message(body: .value(.double(.nan))).encoded()
        #expect(bytes.suffix(9) == [0x82, 0x7F, 0xF8, 0, 0, 0, 0, 0, 0])
    }

    @Test("a large body stands as it was given", arguments: [255, 256, 1 << 20, (1 << 20) + 1])
    func large(size: Int) throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        #expect(
            try sections(of: Message(body: .data(bytes)).encoded())
                == [.described(0x75, .binary(bytes))])
        let text = String(repeating: "\u{e9}", count: size)
        #expect(
            try sections(of: Message(body: .value(.string(text))).encoded())
                == [.described(0x77, .string(text))])
    }

    // MARK: What is refused

    private func detail(_ message: Message) -> String? {
        do {
            _ = try message.encoded()
            return nil
        } catch {
            return error.reason
        }
    }

    @Test("a key that occurs twice is refused, wherever it is, and also in a large map")
    func repeatedKeys() {
        let sentence = "the key \"k\" occurs twice"
        let entry = MapEntry(key: "k", value: .null)
        var message = Message()
        message.applicationProperties = [entry, entry]
        #expect(detail(message) == sentence)
        message.applicationProperties = []
        message.annotations = [
            MapEntry(symbol: "k", value: .null), MapEntry(symbol: "k", value: .null),
        ]
        #expect(detail(message) == sentence)
        #expect(detail(Message(body: .value(.list([.map([entry, entry])])))) == sentence)
        let many = (0..<1000).map { MapEntry(key: "\($0)", value: .null) }
        #expect(detail(Message(body: .value(.map(many)))) == nil)
        #expect(detail(Message(body: .value(.map(many + [entry, entry])))) == sentence)
        // Two keys for a peer, one for Swift.
        let accented = ["\u{e9}", "e\u{301}"].map { MapEntry(key: $0, value: .null) }
        #expect(detail(Message(body: .value(.map(accented)))) == nil)
    }

    @Test("a symbol that is not ASCII is refused, wherever it is")
    func symbols() {
        let sentence = "\"\u{e9}\" can't be an AMQP symbol: it is not ASCII"
        var message = Message(body: .value(.symbol("\u{e9}")))
        #expect(detail(message) == sentence)
        message.body = .value(.null)
        message.contentType = "\u{e9}"
        #expect(detail(message) == sentence)
        message.contentType = nil
        message.annotations = [MapEntry(symbol: "\u{e9}", value: .null)]
        #expect(detail(message) == sentence)
    }

    @Test("an id is of a type that ids have, and an application property is a scalar")
    func constrainedTypes() {
        let id = "an id is neither a ulong, a uuid, bytes nor a string"
        var message = Message()
        message.id = .long(1)
        #expect(detail(message) == id)
        message.id = nil
        message.correlationID = .list([])
        #expect(detail(message) == id)
        message.correlationID = .uuid(AMQPUUID(high: 1, low: 2))
        #expect(detail(message) == nil)
        for value in [AMQPValue.list([]), .map([]), .array([])] {
            message.applicationProperties = [MapEntry(key: "k", value: value)]
            #expect(detail(message) == "the property \"k\" is a list, a map or an array")
        }
    }

    @Test("values are nested as deep as is allowed, and no deeper")
    func depth() {
        func nested(_ depth: Int) -> AMQPValue {
            (1..<depth).reduce(AMQPValue.null) { value, level in
                level % 2 == 0 ? .list([value]) : .map([MapEntry(key: "k", value: value)])
            }
        }
        #expect(detail(Message(body: .value(nested(AMQPValue.depthMax)))) == nil)
        #expect(
            detail(Message(body: .value(nested(AMQPValue.depthMax + 1))))
                == "values are nested more than 64 deep")
        var message = Message()
        message.annotations = [MapEntry(symbol: "k", value: nested(AMQPValue.depthMax))]
        #expect(detail(message) == "values are nested more than 64 deep")
    }

    @Test("more values than proton can count are refused")
    func valueCount() {
        // The section, its descriptor and the list are values, too.
        let most = [AMQPValue](repeating: .null, count: 65532)
        #expect(detail(Message(body: .value(.list(most)))) == nil)
        #expect(
            detail(Message(body: .value(.list(most + [.null]))))
                == "there are more than 65535 values")
    }

    @Test("a uuid is read from its usual form, and from no other")
    func uuidText() {
        let id = AMQPUUID(high: 0x0001_0203_0405_0607, low: 0x0809_0A0B_0C0D_0EFF)
        #expect(AMQPUUID("00010203-0405-0607-0809-0a0b0c0d0eff") == id)
        #expect(AMQPUUID("00010203-0405-0607-0809-0A0B0C0D0EFF") == id)
        for text in [
            "", "-----", "0001020304050607-0809-0a0b0c0d0eff",
            "00010203-0405-0607-0809-0a0b0c0d0ef",
            "0001020-30405-0607-0809-0a0b0c0d0eff", "g0010203-0405-0607-0809-0a0b0c0d0eff",
            "+0010203-0405-0607-0809-0a0b0c0d0eff", "{0001020-0405-0607-0809-0a0b0c0d0eff}",
            "00010203-0405-0607-0809-0a0b0c0d0eff ", "\u{661}0010203-0405-0607-0809-0a0b0c0d0ef",
        ] {
            #expect(AMQPUUID(text) == nil, "\(text)")
        }
    }
}

/// The sections of an encoded message.
func sections(of bytes: [UInt8]) throws -> [Value] {
    var decoder = Decoder(bytes[...])
    var sections: [Value] = []
    while !decoder.remaining.isEmpty { sections.append(try decoder.value()) }
    return sections
}
