// Texts and properties with placeholders.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Foundation
import ReliableSender
import Testing

@testable import SenderCommand

@Suite struct FilledTextTests {
    private let values = PlaceholderValues(runID: "r", address: "q/é")

    private func filled(_ text: String) -> String {
        FilledText(Array(text.utf8)).string(sequence: 7, values)
    }

    @Test("a placeholder is replaced, and what only looks like one is not")
    func placeholders() {
        for (text, expected) in [
            ("", ""), ("a", "a"), ("{{sequence}}", "7"), ("a{{sequence}}b{{run-id}}", "a7br"),
            ("{{address}}", "q/é"), ("{{{sequence}}}", "{7}"),
            ("{{{{sequence}}}}", "{{sequence}}}}"),
            ("{{{{{{sequence}}", "{{7"), ("{{", "{{"), ("{{}}", "{{}}"),
            ("{{sequence}", "{{sequence}"),
            ("{{ sequence }}", "{{ sequence }}"), ("{{other}}", "{{other}}"),
            (#"{"a":{"b":{{sequence}}}}"#, #"{"a":{"b":7}}"#), ("{", "{"),
            ("{{sequence", "{{sequence"),
        ] {
            #expect(filled(text) == expected, "\(text)")
        }
        #expect(FilledText(verbatim: Array("{{sequence}}".utf8)).placeholders.isEmpty)
    }

    @Test("time and UUID are those of the moment, and differ")
    func moments() throws {
        let time = filled("{{time}}")
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil, "\(time)")
        let ids = (1...100).map { _ in filled("{{uuid}}") }
        #expect(Set(ids).count == 100)
        for id in ids { #expect(UUID(uuidString: id) != nil && id.dropFirst(14).first == "4") }
    }

    @Test("another name is an error in an option, which names the nearest one or all")
    func unknownNames() {
        #expect(throws: FilledText.UnknownName(name: "seq")) { try FilledText(strict: "a{{seq}}") }
        #expect(throws: Never.self) { try FilledText(strict: "{{{{seq}}{ {{ }} {{1}}") }
    }

    @Test(
        "the checksum tells texts apart, and that of a text without new placeholders is the old one"
    )
    func checksum() {
        let texts = [
            "", "a", "{{sequence}}", "{{time}}", "{{uuid}}", "a{{sequence}}", "{{sequence}}a",
        ]
        #expect(Set(texts.map { FilledText(Array($0.utf8)).checksum }).count == texts.count)
        var sum = CRC32C()
        for piece in ["a", "bc"] {
            sum.add(UInt64(piece.utf8.count))
            sum.add(Array(piece.utf8))
        }
        #expect(FilledText(Array("a{{sequence}}bc".utf8)).checksum == sum.value)
    }

    @Test("properties are filled in, also those of counted messages")
    func properties() throws {
        let arguments = [
            "--subject", "s{{sequence}}", "--group-id={{address}}", "--correlation-id={{run-id}}",
            "--property", "a={{sequence}}{{{{", "--property", "b:int=7", "--property", "c={{{{",
        ]
        let options = try run(arguments)
        #expect(options.filled != nil)
        #expect(options.prototype.applicationProperties[2].value == .string("{{"))
        let input = try RunInput(
            options, content: nil, standardInput: nil, journal: nil, duplicateID: nil, runID: "r")
        let plain = try CountedMessages(count: 3, prototype: Message())
        for sequence in 1...3 as ClosedRange<UInt64> {
            #expect(input.sources[0].next?.sequence == sequence)
            input.sources[0].take()
            plain.take()
            var (bytes, plainBytes): ([UInt8], [UInt8]) = ([], [])
            input.sources[0].withEncoded(sequence: sequence) { bytes = Array($0) }
            plain.withEncoded(sequence: sequence) { plainBytes = Array($0) }
            let message = try #require(Message(encoded: bytes))
            #expect(message.subject == "s\(sequence)" && message.groupID == "q")
            #expect(message.correlationID == .string("r"))
            #expect(
                message.applicationProperties.map(\.value)
                    == [.string("\(sequence){{"), .int(7), .string("{{")])
            #expect(message.body == Message(encoded: plainBytes)?.body)
            #expect(message.id == .ulong(sequence))
        }
    }

    @Test("without a placeholder nothing is slower")
    func none() throws {
        #expect(try run("--subject", "s", "--property", "a={").filled == nil)
        #expect(try run("--subject", "{{{{s").prototype.subject == "{{s")
    }
}
