// Escaping and truncation of text from peers and users.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import LinkRecovery
import Testing

@testable import SenderCommand

@Suite struct PrintableTextTests {
    @Test(arguments: [
        ("plain words, \\ and \"quotes\"", "plain words, \\ and \"quotes\""),
        ("grüße 🎉 e\u{301}", "grüße 🎉 e\u{301}"),
        ("a\nb\r\nc\td", #"a\nb\r\nc\td"#),
        ("\u{0}\u{1b}[31m\u{7f}\u{9b}", #"\u{0}\u{1b}[31m\u{7f}\u{9b}"#),
        ("a\u{2028}b\u{2029}c", #"a\u{2028}b\u{2029}c"#),
        ("a\u{202e}b\u{2066}c\u{200f}", #"a\u{202e}b\u{2066}c\u{200f}"#),
        ("", ""),
    ])
    func whatDrivesATerminalIsEscaped(_ text: String, _ expected: String) {
        #expect(printable(text) == expected)
    }

    @Test func textIsCutAtOneKibibyte() {
        let fits = String(repeating: "x", count: 1024)
        #expect(printable(fits) == fits)
        #expect(printable(fits + "y") == fits + "…")
    }

    @Test func theCutIsBetweenTwoCharacters() {
        let start = String(repeating: "x", count: 1023)
        #expect(printable(start + "é") == start + "…")
        #expect(printable(start + "\n") == start + "…")
        #expect(printable(start + "e\u{301}") == start + "…")
        #expect(printable(start + "👩‍👩‍👧") == start + "…")
    }

    @Test func escapesCountForTheCut() {
        #expect(printable(String(repeating: "\n", count: 1000)).utf8.count == 1024 + "…".utf8.count)
    }

    @Test func oneCharacterWithAMillionAccentsIsCut() {
        #expect(printable("ab" + String(repeating: "\u{301}", count: 1_000_000)) == "a…")
    }

    @Test func nameAndWordsOfAConditionAreCutTogether() {
        let condition = ErrorCondition(
            name: String(repeating: "n", count: 1000),
            description: String(repeating: "d", count: 1000))
        #expect(condition.line.utf8.count == 1024 + "…".utf8.count)
        #expect(condition.line.contains("n: d"))
    }

    @Test func aTextIsCutBetweenTwoScalars() {
        #expect(cut("abc", byteCountMax: 3) == "abc")
        #expect(cut("abcd", byteCountMax: 3) == "abc…")
        #expect(cut("abé", byteCountMax: 3) == "ab…")
        #expect(cut("\u{1F600}", byteCountMax: 3) == "…")
        #expect(cut("e" + String(repeating: "\u{301}", count: 9), byteCountMax: 4) == "e\u{301}…")
    }
}
