// The README against the program.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import LinkRecovery
import Sending
import Testing

@testable import SenderCommand

@Suite struct ReadmeTests {
    private let readme: String

    init() throws {
        let root = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    }

    @Test("the README shows the options as -h does")
    func theREADMEShowsTheOptionsAsH() {
        #expect(readme.contains(shortHelp()), "put the output of sender -h into README.md")
    }

    @Test("the README's table of waits is right")
    func theREADMEsTableOfWaitsIsRight() throws {
        let lines = readme.split(separator: "\n", omittingEmptySubsequences: false)
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
}

/// The table of events against the schema that the tests hold real runs against.
@Suite struct EventTableTests {
    @Test("the README has each event of the schema, with each of its fields and words")
    func theREADMEHasEachEvent() throws {
        let root = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        let rows = readme.split(separator: "\n").filter { $0.hasPrefix("| `") }
        let schema = try JSONSerialization.jsonObject(
            with: Data(
                contentsOf: root.appending(path: "Tests/EventSchema/events.schema.json")))
        let definitions = (schema as? [String: Any])?["$defs"] as? [String: [String: Any]] ?? [:]
        #expect(definitions.count == 13)
        for (event, definition) in definitions {
            // The first column; `warning` and `message` share a row.
            let row = rows.first { $0.dropFirst().prefix { $0 != "|" }.contains("`\(event)`") }
            let fields = definition["properties"] as? [String: Any] ?? [:]
            for (field, value) in fields where !["time", "event"].contains(field) {
                #expect(row?.contains("`\(field)`") == true, "\(event).\(field)")
                let words = (value as? [String: Any])?["enum"] as? [Any] ?? []
                for word in words.compactMap({ $0 as? String }) {
                    #expect(row?.contains("`\(word)`") == true, "\(event).\(field) = \(word)")
                }
            }
        }
    }
}
