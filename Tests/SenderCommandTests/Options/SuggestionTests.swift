// Suggestions for misspelt names.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SenderCommand

@Suite struct SuggestionTests {
    @Test(
        "the distance counts insertions, deletions, replacements and swaps",
        arguments: [
            ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abc", "abd", 1),
            ("abc", "ab", 1), ("ab", "abc", 1), ("kitten", "sitting", 3), ("ab", "ba", 1),
            ("messagse", "messages", 1), ("abc", "xyz", 3),
        ])
    func distance(
        _ left: String, _ right: String, _ distance: Int
    ) {
        #expect(editDistance(left, right) == distance)
        #expect(editDistance(right, left) == distance)
    }

    @Test(
        "the nearest name is suggested if it is near",
        arguments: [
            ("adress", "address"), ("pasword", "password"), ("recconnect", "reconnect"),
            ("intervall", "interval"), ("retry-interval", "max-retry-interval"), ("pause", nil),
            ("target-dura", "target-durability"),
            ("cap", "capability"), ("x", nil), ("", nil), ("quite", "quiet"), ("hepl", "help"),
            ("mesagges", "messages"),
        ])
    func nearestName(_ name: String, _ expected: String?) {
        #expect(nearest(to: name, among: CommandOption.all.flatMap(\.longNames)) == expected)
    }

    @Test("a beginning that fits two names is no suggestion")
    func ambiguous() {
        #expect(nearest(to: "in", among: ["interval", "initials"]) == nil)
    }

    @Test("a very long name is not compared")
    func longName() {
        let long = String(repeating: "x", count: 65)
        #expect(nearest(to: long, among: [long + "x"]) == nil)
    }
}
