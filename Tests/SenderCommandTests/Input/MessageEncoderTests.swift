// Encoding input texts, and messages back to JSON.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender
import Testing

@testable import SenderCommand

@Suite struct MessageEncoderTests {
    private func make(
        _ text: String, _ reading: MessageEncoder.Reading = .json, prototype: Message = Message(),
        duplicateID: DuplicateID? = nil
    ) throws -> Message? {
        let encoder = MessageEncoder(
            reading: reading, prototype: prototype, duplicateID: duplicateID)
        let line = Array(text.utf8)[...]
        var address: String?
        guard let bytes = try encoder.message(ofLine: line, sequence: 7, address: &address) else {
            return nil
        }
        #expect(address == nil)
        let message = Message(encoded: bytes)
        #expect(message != nil, "what was encoded can be read")
        return message
    }

    private func message(_ set: (inout Message) -> Void = { _ in }) -> Message {
        var message = Message()
        message.id = .ulong(7)
        set(&message)
        return message
    }

    // MARK: Bodies

    @Test("a text is a string")
    func text() throws {
        for text in ["", "a", "é\u{0}🧨", "x\r"] {
            #expect(
                try make(text, .body(.string)) == message { $0.body = .value(.string(text)) })
        }
    }

    @Test("bytes are a data section")
    func data() throws {
        let encoder = MessageEncoder(
            reading: .body(.binary), prototype: Message(), duplicateID: nil)
        let all = (0...255).map { UInt8($0) }
        let bytes = try encoder.message(all[...], sequence: 7)
        #expect(Message(encoded: bytes) == message { $0.body = .data(all) })
    }

    @Test("a text that is not UTF-8 is refused")
    func notUTF8() {
        let encoder = MessageEncoder(
            reading: .body(.string), prototype: Message(), duplicateID: nil)
        #expect(throws: BadMessage("is not valid UTF-8: --body-type binary sends any bytes")) {
            try encoder.message([0xFF], sequence: 1)
        }
    }

    @Test(
        "JSON becomes a value",
        arguments: [
            ("null", AMQPValue.null), ("true", .bool(true)), (#""a""#, .string("a")),
            ("5", .long(5)), ("-9223372036854775808", .long(.min)),
            ("18446744073709551615", .ulong(.max)), ("5.0", .double(5)), ("1e2", .double(100)),
            ("[1,[]]", .list([.long(1), .list([])])),
            (
                #"{"b:int":1,"a":null}"#,
                .map([MapEntry(key: "b:int", value: .long(1)), MapEntry(key: "a", value: .null)])
            ),
        ])
    func json(_ text: String, _ value: AMQPValue) throws {
        #expect(try make(text, .body(.value)) == message { $0.body = .value(value) })
        #expect(try make("{\"body\":\(text)}") == message { $0.body = .value(value) })
        if case .map = value {
            #expect(try make(text, .body(.map)) == message { $0.body = .value(value) })
        } else {
            #expect(throws: BadMessage.self) { try make(text, .body(.map)) }
        }
    }

    @Test(
        "the error for a text that is no JSON names another body type",
        arguments: [BodyType.map, .value])
    func notJSON(_ type: BodyType) throws {
        let reason =
            "is not JSON that can be sent: at byte 1 a value is missing; "
            + "--body-type string sends any text"
        #expect(throws: BadMessage(reason)) { try make("x", .body(type)) }
    }

    @Test(
        "a type can be forced",
        arguments: [
            ("string", #""a""#, AMQPValue.string("a")), ("int", "-5", .int(-5)),
            ("long", "5", .long(5)),
            ("ulong", "5", .ulong(5)), ("ulong", "18446744073709551615", .ulong(.max)),
            ("double", "5", .double(5)), ("double", "0.5", .double(0.5)),
            ("double", #""-Infinity""#, .double(-.infinity)), ("bool", "false", .bool(false)),
            ("symbol", #""a:b""#, .symbol("a:b")), ("null", "null", .null),
            (
                "uuid", #""00112233-4455-6677-8899-aabbccddeeff""#,
                .uuid(AMQPUUID(high: 0x0011_2233_4455_6677, low: 0x8899_AABB_CCDD_EEFF))
            ),
            ("timestamp", "-1", .timestamp(milliseconds: -1)),
            ("timestamp", #""1970-01-02T00:00:00Z""#, .timestamp(milliseconds: 86_400_000)),
            ("timestamp", #""1970-01-01T01:00:00.250+01:00""#, .timestamp(milliseconds: 250)),
            ("binary", #""AP8=""#, .binary([0, 0xFF])),
        ])
    func forcedType(_ type: String, _ json: String, _ value: AMQPValue) throws {
        let body: Message.Body =
            if case .binary(let bytes) = value { .data(bytes) } else { .value(value) }
        #expect(
            try make(#"{"body":\#(json),"body_type":"\#(type)"}"#) == message { $0.body = body })
        #expect(
            try make(#"{"application_properties":{"k:\#(type)":\#(json)}}"#)
                == message { $0.applicationProperties = [MapEntry(key: "k", value: value)] })
        #expect(
            try make(#"{"annotations":{"k:\#(type)":\#(json)}}"#)
                == message { $0.annotations = [MapEntry(symbol: "k", value: value)] })
    }

    @Test(
        "a value that does not fit its type is refused",
        arguments: [
            ("string", "1"), ("int", "2147483648"), ("int", "1.0"), ("long", "9223372036854775808"),
            ("ulong", "-1"), ("double", #""x""#), ("double", "true"), ("bool", "1"),
            ("symbol", #""é""#),
            ("uuid", #""x""#), ("timestamp", #""yesterday""#), ("timestamp", "1.5"),
            ("binary", #""*""#), ("null", "0"), ("list", "{}"), ("map", "[]"),
        ])
    func unfit(_ type: String, _ json: String) {
        do {
            _ = try make(#"{"application_properties":{"k:\#(type)":\#(json)}}"#)
            Issue.record("it was taken")
        } catch {
            let reason = (error as? BadMessage)?.reason ?? ""
            #expect(reason.hasPrefix("has ") && reason.contains("a \(type) is "), "\(reason)")
        }
    }

    // MARK: The message around the body

    @Test("a line can have all sections and fields of a message")
    func wholeMessage() throws {
        let line = """
            {"id":"i","body":[true],"subject":"s","to":"t","reply_to":"r","correlation_id:ulong":9,\
            "content_type":"text/plain","group_id":"g","ttl":4294967295,"priority":9,\
            "durable":true,"application_properties":{"a":1,"urn:x:string":"y"},\
            "annotations":{"x-opt":"z"}}
            """
        #expect(
            try make(line)
                == message {
                    $0.id = .string("i")
                    $0.body = .value(.list([.bool(true)]))
                    $0.subject = "s"
                    $0.to = "t"
                    $0.replyTo = "r"
                    $0.correlationID = .ulong(9)
                    $0.contentType = "text/plain"
                    $0.groupID = "g"
                    $0.timeToLive = .max
                    $0.priority = 9
                    $0.isDurable = true
                    $0.applicationProperties = [
                        MapEntry(key: "a", value: .long(1)),
                        MapEntry(key: "urn:x", value: .string("y")),
                    ]
                    $0.annotations = [MapEntry(symbol: "x-opt", value: .string("z"))]
                })
    }

    @Test("a field of the line replaces that of the prototype")
    func overPrototype() throws {
        var prototype = Message()
        prototype.isDurable = true
        prototype.subject = "old"
        prototype.to = "there"
        prototype.applicationProperties = [
            MapEntry(key: "a", value: .int(1)), MapEntry(key: "b", value: .int(2)),
        ]
        let line = #"{"subject":"new","to":null,"durable":false,"application_properties":{"a":3}}"#
        #expect(
            try make(line, prototype: prototype)
                == message {
                    $0.subject = "new"
                    $0.applicationProperties = [
                        MapEntry(key: "b", value: .int(2)), MapEntry(key: "a", value: .long(3)),
                    ]
                })
        #expect(
            try make("{}", prototype: prototype)
                == message {
                    $0.isDurable = true
                    $0.subject = "old"
                    $0.to = "there"
                    $0.applicationProperties = prototype.applicationProperties
                })
    }

    @Test("a duplicate ID is added unless the line has one")
    func duplicateID() throws {
        let id = DuplicateID(property: "dup", runID: "run")
        #expect(
            try make("{}", duplicateID: id)?.applicationProperties
                == [MapEntry(key: "dup", value: .string("run-7"))])
        #expect(
            try make(#"{"application_properties":{"dup":"own"}}"#, duplicateID: id)?
                .applicationProperties == [MapEntry(key: "dup", value: .string("own"))])
        #expect(
            try make("x", .body(.string), duplicateID: id)?.applicationProperties
                == [MapEntry(key: "dup", value: .string("run-7"))])
    }

    @Test("a number as an ID is an unsigned one")
    func numericID() throws {
        #expect(try make(#"{"id":0}"#)?.id == .ulong(0))
        #expect(try make(#"{"id":18446744073709551615}"#)?.id == .ulong(.max))
        #expect(try make(#"{"id":null}"#)?.id == .ulong(7))
        #expect(try make(#"{"correlation_id:binary":"AA=="}"#)?.correlationID == .binary([0]))
    }

    @Test("null means no value, or the default")
    func null() throws {
        var prototype = Message()
        prototype.isDurable = true
        prototype.timeToLive = 5
        prototype.applicationProperties = [MapEntry(key: "a", value: .int(1))]
        prototype.annotations = prototype.applicationProperties
        let line = """
            {"id":null,"body":1,"body_type":null,"durable":null,"ttl":null,"priority":null,\
            "subject":null,"application_properties":null,"annotations":null}
            """
        #expect(
            try make(line, prototype: prototype)
                == message {
                    $0.isDurable = true
                    $0.body = .value(.long(1))
                })
    }

    @Test("keys are compared as bytes")
    func keys() throws {
        var prototype = Message()
        prototype.applicationProperties = [MapEntry(key: "\u{e9}", value: .int(1))]
        let line = "{\"application_properties\":{\"e\u{301}\":2,\"k:\u{301}:int\":3}}"
        let id = DuplicateID(property: "E\u{301}", runID: "run")
        let entries = try make(line, prototype: prototype, duplicateID: id)?.applicationProperties
        #expect(
            entries?.map { $0.key.text.map { Array($0.utf8) } }
                == ["\u{e9}", "e\u{301}", "k:\u{301}", "E\u{301}"].map { Array($0.utf8) })
    }

    @Test("a text that is no moment is no timestamp", arguments: RFC3339Tests.noMoments)
    func timestamps(_ text: String) {
        #expect(throws: BadMessage.self) {
            try make(#"{"body":"\#(text)","body_type":"timestamp"}"#)
        }
    }

    @Test("a blank line is no message")
    func blank() throws {
        for reading in [MessageEncoder.Reading.json, .body(.map), .body(.value)] {
            #expect(try make("", reading) == nil)
            #expect(try make(" \t\r", reading) == nil)
            #expect(try make("{}", reading) != nil)
        }
        #expect(try make("{}") == message())
        for type in [BodyType.string, .binary] {
            #expect(try make("", .body(type)) != nil)
            #expect(try make(" \t\r", .body(type)) != nil)
        }
    }

    @Test(
        "an error names what is wrong",
        arguments: [
            ("[]", #"is an array, but --json needs an object such as {"body": 1}"#),
            (
                "{",
                "is not JSON that can be sent: at byte 2 it ends where a key in quotes is missing"
            ),
            (
                #"{"boddy":1}"#,
                #"has the key "boddy", which no message has: did you mean "body"?"#
            ),
            (#"{"x":1}"#, #"has the key "x", which no message has; see --json in sender --help"#),
            (#"{"time":1}"#, #"has the key "time", which no message has"#),
            (#"{"subject:string":"x"}"#, #"has the key "subject:string", which no message has"#),
            (#"{"id":1,"id:string":"x"}"#, #"has "id" twice"#),
            (
                #"{"body":1,"body_type":"float"}"#,
                #"has a "body_type" that is not one of string, int,"#
            ),
            (#"{"body":1,"body_type":7}"#, #"has a "body_type" that is not one of string, int,"#),
            (#"{"body_type":"int"}"#, #"has a "body_type" without a "body""#),
            (#"{"subject":1}"#, #"has 1 for "subject", but it must be a string"#),
            (
                #"{"ttl":-1}"#,
                #"has -1 for "ttl", but it must be a whole number from 1 to 4294967295"#
            ),
            (#"{"priority":256}"#, #"must be a whole number from 0 to 255"#),
            (#"{"durable":"yes"}"#, #"has a string for "durable", but it must be true or false"#),
            (#"{"annotations":[]}"#, #"has an array for "annotations", but it must be an object"#),
            (#"{"id":-1}"#, #"for "id", but it must be a string or a whole number from 0 on"#),
            (#"{"id:int":1}"#, "can't be a message: an id is neither"),
            (#"{"id:x":1}"#, "is not a type"),
            (
                #"{"application_properties":{"a:b":1}}"#,
                #"has the key "a:b", but what follows its last colon is not a type"#
            ),
            (
                #"{"application_properties":{"a":[]}}"#,
                #"can't be a message: the property "a" is a list"#
            ),
            (
                #"{"application_properties":{"a:int":1,"a":2}}"#,
                #"can't be a message: the key "a" occurs twice"#
            ),
            (
                #"{"annotations":{"é":1}}"#,
                #"has the key "é" in "annotations", but a key there must be printable ASCII"#
            ),
            (
                #"{"application_properties":{"":1}}"#,
                #"has a value without a key in "application_properties""#
            ),
            (
                #"{"content_type":"é"}"#,
                #"has a string for "content_type", but it must be 1 to 255 printable ASCII characters"#
            ),
        ])
    func errors(_ line: String, _ reason: String) {
        do {
            _ = try make(line)
            Issue.record("it was taken")
        } catch {
            let found = (error as? BadMessage)?.reason ?? ""
            #expect(found.contains(reason), "\(error)")
        }
    }

    @Test("more than a message can hold is refused")
    func tooMuch() {
        let many = "{\"body\":[" + String(repeating: "1,", count: 70_000) + "1]}"
        let deep =
            "{\"body\":" + String(repeating: "[", count: 100)
            + String(repeating: "]", count: 100) + "}"
        for line in [many, deep] {
            #expect(throws: BadMessage.self) { try make(line) }
        }
    }

    // MARK: Back to JSON

    @Test("the JSON of a message makes the same message again")
    func roundTrip() throws {
        let values: [AMQPValue] = [
            .null, .bool(true), .int(-3), .long(3), .ulong(3), .ulong(.max), .double(2),
            .double(.infinity), .string("é\n"), .symbol("s"), .binary([0, 255]),
            .uuid(AMQPUUID(high: 1, low: .max)), .timestamp(milliseconds: -5),
        ]
        let ids: [AMQPValue] = [
            .ulong(3), .string("i"), .binary([1]), .uuid(AMQPUUID(high: 0, low: 0)),
        ]
        for (index, value) in (values + [.list([.long(1)]), .map([])]).enumerated() {
            let original = message {
                $0.id = ids[index % 4]
                $0.correlationID = ids[(index + 1) % 4]
                $0.isDurable = index % 2 == 0
                $0.priority = 3
                $0.timeToLive = 5
                $0.subject = "s"
                $0.to = "t"
                $0.replyTo = "r"
                $0.contentType = "c"
                $0.groupID = "g"
                $0.applicationProperties = values.enumerated().map {
                    MapEntry(key: $0 % 2 == 0 ? "k\($0)" : "urn:\($0)", value: $1)
                }
                $0.annotations = [MapEntry(symbol: "x:list", value: .list([value]))]
                $0.annotations = [MapEntry(symbol: "x:y", value: .list([.long(5)]))]
                if case .binary(let bytes) = value {
                    $0.body = .data(bytes)
                } else {
                    $0.body = .value(value)
                }
            }
            var line: [UInt8] = []
            line.append(json: .object(original.jsonMembers))
            #expect(try make(String(decoding: line, as: UTF8.self)) == original)
        }
    }
}
