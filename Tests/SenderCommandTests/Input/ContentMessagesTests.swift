// Messages made from one content.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender
import Testing

@testable import SenderCommand

@Suite struct ContentMessagesTests {
    private func messages(
        _ text: String, _ type: BodyType = .string, count: UInt64
    ) -> ContentMessages {
        ContentMessages(
            ContentTemplate(text),
            encoder: MessageEncoder(reading: .body(type), prototype: Message(), duplicateID: nil),
            count: count)
    }

    private func take(_ source: ContentMessages) throws -> Message {
        let next = try #require(source.next)
        source.take()
        var bytes: [UInt8] = []
        source.withEncoded(sequence: next.sequence) { bytes = Array($0) }
        #expect(bytes.count == next.size)
        return try #require(Message(encoded: bytes))
    }

    @Test(
        "the number of a message stands in its place, wherever that is",
        arguments: [
            ("", ""), ("a", "a"), ("{{sequence}}", "12"), ("{{sequence}}{{sequence}}", "1212"),
            ("a {{sequence}} b {{sequence}}", "a 12 b 12"), ("{{{sequence}}}", "{12}"),
            ("{{sequence}", "{{sequence}"), ("{{Sequence}}", "{{Sequence}}"),
            ("é{{sequence}}é", "é12é"),
        ])
    func place(_ text: String, _ expected: String) throws {
        #expect(ContentTemplate(text).bytes(sequence: 12) == Array(expected.utf8))
    }

    @Test("a file has no places for numbers")
    func files() {
        let bytes = Array("{{sequence}}".utf8)
        #expect(ContentTemplate(bytes: bytes, isVerbatim: true).bytes(sequence: 12) == bytes)
    }

    @Test("each message has its number")
    func numbers() throws {
        let source = messages("n{{sequence}}", count: 3)
        for sequence in 1...3 as ClosedRange<UInt64> {
            #expect(!source.isAtEnd)
            let message = try take(source)
            #expect(message.id == .ulong(sequence))
            #expect(message.body == .value(.string("n\(sequence)")))
        }
        #expect(source.isAtEnd && source.next == nil && source.fault == nil)
    }

    @Test(
        "a large text without a place is lent in pieces, which are the message",
        arguments: [BodyType.string, .binary, .value])
    func largeContent(type: BodyType) throws {
        let text = "\"" + String(repeating: "é", count: 700_000) + "\""
        let source = messages(text, type, count: 2)
        for sequence in 1...2 as ClosedRange<UInt64> {
            let next = try #require(source.next)
            source.take()
            var whole: [UInt8] = []
            source.withEncoded(sequence: sequence) { whole = Array($0) }
            var pieces: [UInt8] = []
            while pieces.count < next.size {
                let offset = pieces.count
                source.withPiece(of: sequence, from: offset) { pieces += $0.prefix(100_000) }
                try #require(pieces.count > offset)
            }
            #expect(pieces == whole && whole.count == next.size)
            let message = try #require(Message(encoded: whole))
            #expect(message.id == .ulong(sequence))
            switch type {
            case .string: #expect(message.body == .value(.string(text)))
            case .binary: #expect(message.body == .data(Array(text.utf8)))
            default: #expect(message.body == .value(.string(String(text.dropFirst().dropLast()))))
            }
        }
    }

    @Test("a run that resumes leaves out messages that are final")
    func resumed() throws {
        let source = messages("n{{sequence}}", count: 9)
        #expect(source.upcoming(countMax: 4) == [.numbered(first: 1, last: 4)])
        source.skip(through: 7)
        #expect(source.upcoming(countMax: 4) == [.numbered(first: 8, last: 9)])
        #expect(try take(source).id == .ulong(8))
        source.skip(through: 3)
        #expect(source.next?.sequence == 9)
    }

    @Test("a number that makes a message bad data ends the input")
    func badNumber() throws {
        let source = messages(#"{"a{{sequence}}":1,"a2":1}"#, .map, count: 3)
        _ = try take(source)
        #expect(source.next == nil && source.isAtEnd)
        #expect(
            source.fault
                == .badContent(
                    sequence: 2,
                    reason: #"is not JSON that can be sent: at byte 9 the key "a2" comes twice; "#
                        + "--body-type string sends any text"))
    }

    @Test("a byte-order mark is left out where JSON is read, and is data where it is not")
    func byteOrderMark() throws {
        #expect(try take(messages("\u{FEFF}5", .value, count: 1)).body == .value(.long(5)))
        #expect(
            try take(messages("\u{FEFF}5", count: 1)).body == .value(.string("\u{FEFF}5")))
    }

    @Test("a blank content is no line to pass over")
    func blank() {
        #expect(
            throws: UsageError(
                "the text of --content is not JSON that can be sent: at byte 2 there is no JSON in "
                    + "it; --body-type string sends any text")
        ) {
            try ContentMessages(
                checking: ContentTemplate(" "),
                encoder: MessageEncoder(
                    reading: .body(.map), prototype: Message(), duplicateID: nil),
                option: "--content", count: 1)
        }
    }

    @Test("content that can never be a message is wrong usage")
    func neverAMessage() {
        #expect(
            throws: UsageError(
                "the text of --content is an array, but --body-type map needs an object: "
                    + "--body-type value takes any JSON")
        ) {
            try ContentMessages(
                checking: ContentTemplate("[]"),
                encoder: MessageEncoder(
                    reading: .body(.map), prototype: Message(), duplicateID: nil),
                option: "--content", count: 1)
        }
    }
}
