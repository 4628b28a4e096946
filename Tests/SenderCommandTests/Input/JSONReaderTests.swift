// Valid and invalid JSON.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import SenderCommand

@Suite struct JSONReaderTests {
    private func read(_ text: String) throws -> JSONValue {
        try JSONReader.read(Array(text.utf8)[...])
    }

    @Test(
        "a text of JSON is read",
        arguments: [
            ("null", JSONValue.null), ("true", .bool(true)), ("false", .bool(false)),
            ("0", .integer(0)), ("-0", .integer(0)), ("12", .integer(12)), ("-7", .integer(-7)),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .largeInteger(1 << 63)),
            ("18446744073709551615", .largeInteger(.max)),
            ("0.5", .decimal(0.5)), ("-1.25e2", .decimal(-125)), ("1E+2", .decimal(100)),
            ("1.0", .decimal(1)),
            ("1e-400", .decimal(0)), ("-0.0", .decimal(-0.0)),
            (#""""#, .string("")), (#""a\"\\\/\b\f\n\r\t""#, .string("a\"\\/\u{8}\u{c}\n\r\t")),
            (#""\u00e9\u0000""#, .string("é\u{0}")), (#""\ud83e\udde8""#, .string("🧨")),
            ("\"é🧨\u{7f}\u{2028}\"", .string("é🧨\u{7f}\u{2028}")),
            ("[]", .array([])), ("[ ]", .array([])),
            (" [1 , 2]\r\n", .array([.integer(1), .integer(2)])),
            ("{}", .object([])), ("{ }", .object([])),
            (
                #"{"b":1,"a":{"b":[null]}}"#,
                .object([
                    .init(key: "b", value: .integer(1)),
                    .init(key: "a", value: .object([.init(key: "b", value: .array([.null]))])),
                ])
            ),
            (#"{"":1}"#, .object([.init(key: "", value: .integer(1))])),
        ])
    func text(_ text: String, _ value: JSONValue) throws {
        #expect(try read(text) == value)
    }

    @Test(
        "a text that is no JSON is refused at the byte that shows it",
        arguments: [
            ("", 0, "there is no JSON in it"), ("  ", 2, "there is no JSON in it"),
            ("nul", 0, "a value is missing"), ("True", 0, "a value is missing"),
            ("NaN", 0, "a value is missing"), ("+1", 0, "a value is missing"),
            (".5", 0, "a value is missing"), ("'a'", 0, "a value is missing"),
            ("\u{FEFF}1", 0, "a value is missing"),
            ("01", 0, "a number begins with a needless 0"),
            ("-01", 0, "a number begins with a needless 0"),
            ("-", 1, "it ends where a digit is missing"),
            ("1.", 2, "it ends where a digit is missing"),
            ("1.e1", 2, "a digit is missing"), ("1e", 2, "it ends where a digit is missing"),
            ("1e+", 3, "it ends where a digit is missing"),
            ("0x10", 1, "something follows the value: a line holds one"),
            ("1 2", 2, "something follows the value: a line holds one"),
            ("18446744073709551616", 0, #"the number "18446744073709551616" does not fit 64 bits"#),
            ("-9223372036854775809", 0, #"the number "-9223372036854775809" does not fit 64 bits"#),
            ("1e999", 0, #"the number "1e999" is too large"#),
            ("\"a", 2, "it ends inside a string"), ("\"a\\", 3, "it ends inside a string"),
            ("\"a\nb\"", 2, "a string holds a control character that is not written as \\u"),
            (#""\x""#, 2, "a string holds an escape that JSON does not have"),
            (#""\u12g4""#, 5, "a hexadecimal digit is missing"),
            (#""\u12"#, 5, "it ends where a hexadecimal digit is missing"),
            (#""\ud800""#, 3, "a string holds half of a surrogate pair"),
            (#""\ud800\u0041""#, 3, "a string holds half of a surrogate pair"),
            (#""\udc00\ud800""#, 3, "a string holds half of a surrogate pair"),
            ("[", 1, "it ends where a value is missing"),
            ("[1", 2, #"it ends where "," or "]" is missing"#),
            ("[1,]", 3, "a value is missing"), ("[,1]", 1, "a value is missing"),
            ("[1 2]", 3, #""," or "]" is missing"#), ("]", 0, "a value is missing"),
            ("{", 1, "it ends where a key in quotes is missing"),
            ("{a:1}", 1, "a key in quotes is missing"),
            (#"{"a"}"#, 4, #"":" is missing"#), (#"{"a":}"#, 5, "a value is missing"),
            (#"{"a":1,}"#, 7, "a key in quotes is missing"),
            (#"{"a":1]"#, 6, #""," or "}" is missing"#),
            (#"{"a":1,"a":2}"#, 7, #"the key "a" comes twice"#),
            (#"{"a":1,"\u0061":2}"#, 7, #"the key "a" comes twice"#),
            ("// x", 0, "a value is missing"),
        ])
    func noJSON(_ text: String, _ offset: Int, _ reason: String) {
        #expect(throws: JSONFault(reason: reason, offset: offset)) { try read(text) }
    }

    @Test(
        "a string must be UTF-8",
        arguments: [
            [0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x80],
        ] as [[UInt8]])
    func utf8(_ bytes: [UInt8]) {
        #expect(throws: JSONFault(reason: "a string is not valid UTF-8", offset: 1)) {
            try JSONReader.read(([0x22] + bytes + [0x22])[...])
        }
    }

    @Test("keys that only look the same are two")
    func similarKeys() throws {
        let object = try read("{\"é\":1,\"e\u{301}\":2}")
        guard case .object(let members) = object else {
            Issue.record("no object")
            return
        }
        #expect(members.count == 2)
    }

    @Test("a key that occurs twice is found among many")
    func repeatedKey() throws {
        let keys = (0..<1000).map { "\"k\($0)\":\($0)" }
        #expect(throws: Never.self) { try read("{\(keys.joined(separator: ","))}") }
        for repeated in [0, 15, 16, 17, 999] {
            let all = keys + ["\"k\(repeated)\":1"]
            #expect(throws: JSONFault.self) { try read("{\(all.joined(separator: ","))}") }
        }
    }

    @Test("nesting has a limit, and no stack is used up")
    func nesting() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(throws: Never.self) { try read(nested(128)) }
        for text in [nested(129), String(repeating: "[", count: 1 << 20)] {
            #expect(throws: JSONFault(reason: "it is nested more than 128 deep", offset: 128)) {
                try read(text)
            }
        }
        let objects = String(repeating: #"{"a":"#, count: 200_000)
        #expect(throws: JSONFault.self) { try read(objects) }
    }

    @Test("written JSON is read as what it was")
    func writtenAndRead() throws {
        let value = JSONValue.object([
            .init(key: "a\"\\\u{1b}\u{2028}\u{202e}é🧨", value: .string("\u{0}\n/")),
            .init(
                key: "",
                value: .array([
                    .null, .bool(true), .bool(false), .integer(.min), .largeInteger(.max),
                    .decimal(0.1), .decimal(1e300), .decimal(-.leastNonzeroMagnitude), .decimal(2),
                    .array([]),
                    .object([]),
                ])),
        ])
        var bytes: [UInt8] = []
        bytes.append(json: value)
        #expect(try JSONReader.read(bytes[...]) == value)
        #expect(
            !String(decoding: bytes, as: UTF8.self).unicodeScalars.contains {
                $0.isInvisibleCommand
            })
        // An independent reader takes it, too.
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(bytes)) }
    }

    @Test("a text is blank if it has nothing but white space")
    func blank() {
        #expect(JSONReader.isBlank([]) && JSONReader.isBlank([0x20, 0x09, 0x0D, 0x0A]))
        #expect(!JSONReader.isBlank([0x20, 0x00]))
    }
}
