// Escaping and truncation of text from peers and users.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import LinkRecovery
import Testing

@testable import SenderCommand

@Suite struct PrintableTextTests {
    @Test(
        "characters that drive a terminal are escaped",
        arguments: [
            ("plain words, \\ and \"quotes\"", "plain words, \\ and \"quotes\""),
            ("grüße 🎉 e\u{301}", "grüße 🎉 e\u{301}"),
            ("a\nb\r\nc\td", #"a\nb\r\nc\td"#),
            ("\u{0}\u{1b}[31m\u{7f}\u{9b}", #"\u{0}\u{1b}[31m\u{7f}\u{9b}"#),
            ("a\u{2028}b\u{2029}c", #"a\u{2028}b\u{2029}c"#),
            ("a\u{202e}b\u{2066}c\u{200f}", #"a\u{202e}b\u{2066}c\u{200f}"#),
            ("", ""),
        ])
    func escaped(_ text: String, _ expected: String) {
        #expect(printable(text) == expected)
    }

    @Test("text is cut at one KiB")
    func limit() {
        let fits = String(repeating: "x", count: 1024)
        #expect(printable(fits) == fits)
        #expect(printable(fits + "y") == fits + "…")
    }

    @Test("the cut is between two characters")
    func characters() {
        let start = String(repeating: "x", count: 1023)
        #expect(printable(start + "é") == start + "…")
        #expect(printable(start + "\n") == start + "…")
        #expect(printable(start + "e\u{301}") == start + "…")
        #expect(printable(start + "👩‍👩‍👧") == start + "…")
    }

    @Test("escapes count for the cut")
    func escapes() {
        #expect(printable(String(repeating: "\n", count: 1000)).utf8.count == 1024 + "…".utf8.count)
    }

    @Test("one character with a million accents is cut")
    func accents() {
        #expect(printable("ab" + String(repeating: "\u{301}", count: 1_000_000)) == "a…")
    }

    @Test("name and description of a condition are cut together")
    func condition() {
        let condition = ErrorCondition(
            name: String(repeating: "n", count: 1000),
            description: String(repeating: "d", count: 1000))
        #expect(condition.line.utf8.count == 1024 + "…".utf8.count)
        #expect(condition.line.contains("n: d"))
    }

    @Test("a text is cut between two scalars")
    func scalars() {
        #expect(cut("abc", byteCountMax: 3) == "abc")
        #expect(cut("abcd", byteCountMax: 3) == "abc…")
        #expect(cut("abé", byteCountMax: 3) == "ab…")
        #expect(cut("\u{1F600}", byteCountMax: 3) == "…")
        #expect(cut("e" + String(repeating: "\u{301}", count: 9), byteCountMax: 4) == "e\u{301}…")
    }
}
