// The documentation against the program.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import LinkRecovery
import ReliableSender
import Testing

@testable import SenderCommand

private func document(_ path: String) throws -> String {
    let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: path), encoding: .utf8)
}

@Suite struct DocumentContentTests {
    @Test("the guide shows the options as -h does")
    func options() throws {
        let guide = try document("docs/guide.md")
        #expect(guide.contains(shortHelp()), "put the output of sender -h into docs/guide.md")
    }

    @Test("the table of waits is right")
    func waits() throws {
        let lines = try document("docs/guarantees.md")
            .split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0.contains("`-s 100 --retry-multiplier") })
        let command = try #require(lines[start].split(separator: "`").first { $0.hasPrefix("-s") })
        let arguments = command.split(separator: " ").map(String.init)
        guard case .run(let options) = try parseArguments(["-a", "amqp://h/q"] + arguments) else {
            Issue.record("not a run")
            return
        }
        func numbers(_ title: String) -> [Int64] {
            let row = lines[start...].first { $0.hasPrefix("| \(title)") }
            return row?.split(whereSeparator: { " |".contains($0) }).compactMap { Int64($0) } ?? []
        }
        let attempts = numbers("attempt")
        #expect(attempts == Array(1...8))
        let retry = options.sending.recovery.retry
        #expect(numbers("wait") == attempts.map { retry.delay(attempt: Int($0)) })
    }

    @Test("the README is short")
    func length() throws {
        let lines = try document("README.md").split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 201, "what does not fit has its place in docs/")
    }
}

/// The tables of events against the schema that the tests hold real runs against.
@Suite struct EventTableTests {
    /// The lines below each heading of the second level, by what stands in backticks there.
    private static func chapters(of text: String) -> [String: [Substring]] {
        var chapters: [String: [Substring]] = [:]
        var event = ""
        for line in text.split(separator: "\n") {
            if line.hasPrefix("## ") {
                event = line.dropFirst(3).trimmingCharacters(in: ["`"])
            } else {
                chapters[event, default: []].append(line)
            }
        }
        return chapters
    }

    /// The fields in the first column of a chapter's first table; whether each is optional.
    private static func fields(of chapter: [Substring]) -> [String: Bool] {
        var fields: [String: Bool] = [:]
        let rows = chapter.drop { !$0.hasPrefix("| `") }.prefix { $0.hasPrefix("| `") }
        for row in rows {
            let column = row.dropFirst(2).prefix { $0 != "|" }
            for name in column.split(separator: ",") {
                let parts = name.split(separator: "`").map(String.init)
                let field = parts.first { !$0.allSatisfy(\.isWhitespace) } ?? ""
                fields[field] = name.contains("(optional)")
            }
        }
        return fields
    }

    /// The schema of each event, by its name.
    private static func definitions() throws -> [String: [String: Any]] {
        let schema = try JSONSerialization.jsonObject(
            with: Data(document("Tests/EventSchema/events.schema.json").utf8))
        return (schema as? [String: Any])?["$defs"] as? [String: [String: Any]] ?? [:]
    }

    @Test("the examples of docs/events.md have the fields of their events")
    func examples() throws {
        let definitions = try Self.definitions()
        let lines = try document("docs/events.md").split(separator: "\n")
            .filter { $0.hasPrefix("{") }
        #expect(lines.count > 3)
        for line in lines {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            let fields = Set((object as? [String: Any] ?? [:]).keys)
            let event = (object as? [String: Any])?["event"] as? String ?? ""
            let definition = definitions[event] ?? [:]
            let known = Set((definition["properties"] as? [String: Any] ?? [:]).keys)
            #expect(fields.isSubset(of: known), "\(line)")
            #expect(fields.isSuperset(of: definition["required"] as? [String] ?? [""]), "\(line)")
        }
    }

    @Test("docs/events.md has each event of the schema, with its fields and words, and no other")
    func events() throws {
        let text = try document("docs/events.md")
        let chapters = Self.chapters(of: text)
        let definitions = try Self.definitions()
        #expect(definitions.count == 17)
        #expect(chapters.filter { text.contains("## `\($0.key)`") }.count == definitions.count)
        for (event, definition) in definitions {
            #expect(text.contains("[`\(event)`](#\(event))"), "\(event) is not in the list")
            let chapter = chapters[event] ?? []
            let properties = definition["properties"] as? [String: Any] ?? [:]
            let required = definition["required"] as? [String] ?? []
            var expected: [String: Bool] = [:]
            // A field that all events, or all of a link, have in common is `true` here.
            for field in properties.keys where properties[field] as? Bool != true {
                expected[field] = !required.contains(field)
                let words = (properties[field] as? [String: Any])?["enum"] as? [Any] ?? []
                for word in words.compactMap({ $0 as? String }) {
                    let isThere = chapter.contains { $0.contains("`\(word)`") }
                    #expect(isThere, "\(event).\(field) = \(word)")
                }
            }
            #expect(Self.fields(of: chapter) == expected, "\(event)")
        }
    }
}
