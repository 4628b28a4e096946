// The file of messages that were rejected or given up.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Foundation
import ReliableSender
import Testing

@testable import LinkRecovery
@testable import SenderCommand

@Suite struct RejectedFileTests {
    private let directory: JournalDirectory
    private var path: String { directory.path }

    init() throws {
        directory = try JournalDirectory()
    }

    private func contents() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    private func report(_ kind: OutcomeReport.Kind) -> OutcomeReport {
        OutcomeReport(sequences: [7], kind: kind, accepted: 0, rejected: 0, released: 0)
    }

    private func json(_ kind: OutcomeReport.Kind, duplicateID: String? = nil) -> String? {
        var message = Message(body: .value(.map([MapEntry(key: "sequence", value: .ulong(7))])))
        message.id = .ulong(7)
        return RejectedMessage(
            kind, of: 7, message: message, duplicateID: duplicateID,
            at: Date(timeIntervalSince1970: 1.5)
        ).map { String(decoding: $0.line, as: UTF8.self) }
    }

    @Test("a rejected message is a line with the peer's reason")
    func rejected() {
        #expect(
            json(.final(.rejected(ErrorCondition(name: "amqp:x", description: "no/room")))) == """
                {"time":"1970-01-01T00:00:01.500Z","sequence":7,"outcome":"rejected",\
                "condition":"amqp:x","description":"no/room","id":7,"durable":false,\
                "body":{"sequence":7}}

                """)
    }

    @Test("a message that was given up is a line with our reason")
    func givenUp() {
        #expect(
            json(.final(.givenUp(.redeliveriesUsedUp)), duplicateID: "run-7") == """
                {"time":"1970-01-01T00:00:01.500Z","sequence":7,"outcome":"given up",\
                "description":"it was returned more often than --redeliveries allows",\
                "duplicate_id":"run-7","id":7,"durable":false,"body":{"sequence":7}}

                """)
    }

    @Test("a message that was accepted, or is sent again, is no line")
    func noLine() {
        #expect(json(.final(.accepted)) == nil)
        #expect(json(.returned) == nil)
    }

    @Test("whatever a line says besides the message, --json takes the message from it")
    func isReadAgain() throws {
        var condition = ErrorCondition(name: "x", description: "y")
        condition.info = [MapEntry(key: "reason", value: .string("limit"))]
        var message = Message()
        message.body = .value(.string("hello"))
        let line = try #require(
            RejectedMessage(
                .final(.rejected(condition)), of: 7, address: "link1.a", message: message,
                duplicateID: "run-7", at: .now)?.line)
        #expect(String(decoding: line, as: UTF8.self).contains(#""info":{"reason":"limit"}"#))
        var again = Message()
        try again.apply(JSONReader.read(line[...]))
        #expect(again.body == message.body)
    }

    @Test("fields that were not given are left out")
    func leftOut() throws {
        let line = try #require(json(.final(.rejected(.none))))
        #expect(!line.contains("condition") && !line.contains("description"))
    }

    @Test("a peer's words neither forge a line nor drive a terminal")
    func hostileWords() throws {
        let words = "\"}\n{\"a\":1} \\ \u{1b}[2J \u{7f} \u{85} \u{2028} \u{202e} é \u{1F600}"
        let line = try #require(
            json(.final(.rejected(ErrorCondition(name: "\u{0}", description: words)))))
        #expect(line.filter { $0 == "\n" }.count == 1)
        #expect(!line.dropLast().unicodeScalars.contains { $0.isInvisibleCommand })
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        #expect(object?["description"] as? String == words)
        #expect(object?["condition"] as? String == "\u{0}")
    }

    @Test("a peer's endless words are cut")
    func endlessWords() throws {
        let words = String(repeating: "é", count: 100_000)
        let line = try #require(
            json(.final(.rejected(ErrorCondition(name: words, description: words)))))
        #expect(line.utf8.count < 2500)
    }

    @Test("lines are appended")
    func appended() throws {
        for text in ["one\n", "two\n"] {
            let file = try RejectedFile(path)
            file.append(Array(text.utf8))
            #expect(file.failure == nil && file.missing == nil)
        }
        #expect(try contents() == "one\ntwo\n")
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
    }

    @Test("a line that another run did not finish stands alone")
    func tornLine() throws {
        try "to".write(toFile: path, atomically: false, encoding: .utf8)
        let file = try RejectedFile(path)
        file.append(Array("one\n".utf8))
        file.append(Array("two\n".utf8))
        #expect(try contents() == "to\none\ntwo\n")
    }

    @Test("a file that can't be used is wrong usage")
    func unusable() throws {
        mkfifo(path, 0o600)
        for (path, phrase) in [
            (path, "is not a regular file"), (directory.url.path, "Is a directory"),
            (directory.url.path + "/no/such", "No such file"), ("/dev/full", "not a regular file"),
        ] {
            do throws(UsageError) {
                _ = try RejectedFile(path)
                Issue.record("\(path) was opened")
            } catch {
                #expect(error.sentence.hasPrefix("--rejected-file \"\(path)\" "))
                #expect(error.sentence.contains(phrase))
            }
        }
    }

    @Test("the file has a message before it is reported")
    func fileFirst() throws {
        let next = NotedReports()
        let source = try CountedMessages(count: 7, prototype: Message())
        for _ in 1...7 { source.take() }
        let recorder = RejectionRecorder(
            next, file: try RejectedFile(path), duplicateID: DuplicateID(runID: "run"),
            destinations: Destinations(all: [Destination(address: "q")]), sources: [source])
        recorder.observe(.outcome(report(.final(.accepted))))
        recorder.observe(.outcome(report(.returned)))
        #expect(try contents() == "")
        recorder.observe(.outcome(report(.final(.rejected(.none)))))
        #expect(try contents().contains("\"duplicate_id\":\"run-7\""))
        #expect(try contents().contains("\"body\":{\"sequence\":7}"))
        recorder.observe(.sendable)
        #expect(next.all.count == 4)
    }
}
