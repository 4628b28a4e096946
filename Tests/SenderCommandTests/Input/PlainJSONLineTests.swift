// Lines of JSON that are nothing but texts: the same message at less cost.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Testing

@testable import SenderCommand

@Suite struct PlainJSONLineTests {
    private static let texts = [
        "", "a", "a b", String(repeating: "x", count: 255), String(repeating: "y", count: 256),
        "}", "{\"", "é", "\\", "tab\t", "\u{7f}", "1",
    ]
    private static let keys = [
        "body", "to", "subject", "group_id", "reply_to", "outcome", "id", "body_type", "Body",
    ]

    /// The message as the reader of all JSON makes it, or why it does not.
    private func slowly(
        _ line: [UInt8], _ prototype: Message, _ sequence: UInt64
    ) -> Result<[UInt8], BadMessage> {
        Result { () throws(BadMessage) in
            var message = prototype
            message.id = .ulong(sequence)
            do {
                try message.apply(JSONReader.read(line[...]))
                return try message.encoded()
            } catch {
                throw BadMessage("\(error)")
            }
        }
    }

    @Test("a plain line is encoded as any other line is, byte for byte")
    func sameBytes() throws {
        var random = SystemRandomNumberGenerator()
        var durable = Message()
        durable.isDurable = true
        durable.timeToLive = 1000
        durable.annotations = [MapEntry(symbol: "x-opt-a", value: .uint(1))]
        durable.applicationProperties = [MapEntry(key: "k", value: .string("v"))]
        var plainCount = 0
        for round in 0..<2000 {
            let prototype = round % 2 == 0 ? Message() : durable
            let encoder = MessageEncoder(reading: .json, prototype: prototype, duplicateID: nil)
            let members = (0..<Int.random(in: 0...4, using: &random)).map { index in
                // Most lines have a body, and most texts are plain.
                let isBody = index == 0 && round % 4 > 0
                let key = isBody ? "body" : Self.keys.randomElement(using: &random) ?? ""
                let texts = round % 3 > 0 ? Self.texts[..<6] : Self.texts[...]
                let text = texts.randomElement(using: &random) ?? ""
                let space = Bool.random(using: &random) ? " " : ""
                return "\(space)\"\(key)\"\(space):\(space)\"\(text)\"\(space)"
            }
            let line = Array("{\(members.joined(separator: ","))}".utf8)
            let sequence = UInt64([0, 1, 255, 256, 1 << 40].randomElement(using: &random) ?? 0)
            if line.withUnsafeBytes({ PlainJSONLine.texts(of: $0) != nil }) { plainCount += 1 }
            let result = Result { () throws(BadMessage) in
                try encoder.message(line[...], sequence: sequence)
            }
            switch (result, slowly(line, prototype, sequence)) {
            case (.success(let one), .success(let other)): #expect(one == other)
            case (.failure, .failure): break
            default: Issue.record("\(String(decoding: line, as: UTF8.self)) is both")
            }
        }
        #expect(plainCount > 100)
    }

    @Test(
        "what is more than plain texts is read by the reader of all JSON",
        arguments: [
            "{\"body\":1}", "{\"body\":\"\\n\"}", "{\"body\":\"é\"}", "{\"subject\":\"no body\"}",
            "{\"body\":\"a\",\"ttl\":1}", "{\"body\":\"a\"} x", "[\"body\"]", "{}", "",
            "{\"body\":\"a\",\"body\":\"b\"}", "{\"body\":\"a\",}", "{\"body\":\"a\"",
        ])
    func notPlain(_ line: String) {
        let isPlain = Array(line.utf8).withUnsafeBytes { PlainJSONLine.texts(of: $0) != nil }
        #expect(!isPlain)
    }
}
