// Lines that can't become messages.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Bad data", .serialized)
    struct BadDataTests {
        private let folder: TemporaryFolder
        private let broker: StandInBroker
        private var rejected: URL { folder.file("rejected") }

        init() throws {
            folder = try TemporaryFolder()
            broker = try StandInBroker(in: folder)
            try broker.start()
        }

        private func input(_ text: String) throws -> FileHandle {
            try Data(text.utf8).write(to: folder.file("input"))
            return try FileHandle(forReadingFrom: folder.file("input"))
        }

        /// The kept lines: number and text.
        private func kept() throws -> [String] {
            try Data(contentsOf: rejected).split(separator: UInt8(ascii: "\n")).map { line in
                let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
                #expect(object?["outcome"] as? String == "bad data")
                return "\(object?["line"] ?? "") \(object?["text"] ?? "")"
            }
        }

        @Test("bad lines are skipped and counted, and the status is 1")
        func skip() throws {
            let run = try SenderRun(
                port: broker.port, input: try input("{\"body\":\"a\"}\n{]\n7\n{\"body\":\"b\"}\n"),
                "--json", "--on-bad-data", "skip", "--events", folder.file("events").path)
            let summary = try run.expectEnd(status: 1)
            #expect(summary.accepted == 2)
            #expect(run.process.output.lines.last == "all messages accounted for")
            run.expectErrors(
                "line 3 of standard input is 7, but --json needs an object such as {\"body\": 1}; it "
                    + "was skipped")
            run.expectErrors("sender: 2 lines of standard input were bad data and skipped")
            run.expectErrors("; not taken 2")
            #expect(try broker.bodies() == ["'a'", "'b'"])
            try expectEvents("bad_line", "closed", in: folder.file("events"))
            let events = try String(contentsOf: folder.file("events"), encoding: .utf8)
            // Together, or one after the other.
            let reports = try events.split(separator: "\n").compactMap { line in
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            }.filter { $0["event"] as? String == "bad_line" }
            #expect(reports.last?["line"] as? Int == 3)
            #expect(reports.compactMap { $0["lines"] as? Int }.reduce(0, +) == 2)
            #expect(reports.allSatisfy { $0["action"] as? String == "skip" })
            #expect(
                events.contains(#""event":"closed","end":"finished","status":1,"bad_lines":2,"#))
        }

        @Test(
            "kept lines come into the file once, whatever becomes of the runs, and mended ones arrive"
        )
        func keep() throws {
            let good = (1...3000).map { "{\"body\":\"\($0)\"}\n" }
            var text = ""
            for (index, line) in good.enumerated() {
                text += line
                if index % 300 == 299 { text += "{\"body\":\"m\(index + 1)\"\n" }
            }
            let arguments = [
                "--json", "--on-bad-data", "keep", "--rejected-file", rejected.path, "--journal",
                folder.file("journal").path, "--duplicate-id", "-q",
            ]
            let command = ["-a", "amqp://127.0.0.1:\(broker.port)/link1.test"] + arguments
            let first = try SenderRun(command + ["-m", "1000"], input: try input(text))
            try first.expectEnd(status: 1)
            #expect(try kept().count == 3)
            // Two more runs; the last one finds nothing new.
            for status in [1, 0] as [Int32] {
                try SenderRun(command, input: try input(text)).expectEnd(status: status)
            }
            let numbers = (1...10).map { "\($0 * 301) {\"body\":\"m\($0 * 300)\"" }
            #expect(try kept() == numbers)

            let shell = "jq -r .text \(rejected.path) | sed 's/$/}/' | \"$0\" \"$@\""
            let mended = try SenderRun(
                port: broker.port, input: FileHandle.nullDevice, shell: shell, ["--json"])
            try mended.expectAllAccepted(10)
            let bodies = try broker.bodies()
            #expect(bodies.count == 3010 && Set(bodies).count == 3010)
        }

        @Test(
            "a kept line that can't be written stops the run, and is not lost to the journal",
            .enabled(if: !Sanitizer.isOfThreads, "the thread sanitizer"))
        func fullDisk() throws {
            let command = [
                "--json", "--on-bad-data", "keep", "--rejected-file", rejected.path, "--journal",
                folder.file("journal").path,
            ]
            // No file may grow beyond this; the journal is small.
            try Data(repeating: UInt8(ascii: "\n"), count: 1024).write(to: rejected)
            let text = "{\"body\":\"a\"}\n[\n{\"body\":\"b\"}\n"
            let first = try SenderRun(
                port: broker.port, input: try input(text), shell: "ulimit -f 1; exec \"$0\" \"$@\"",
                command)
            let summary = try first.expectEnd(status: 2)
            #expect(summary.accepted <= 1)
            first.expectErrors("can't be written: File too large; nothing new is taken")
            let second = try SenderRun(
                port: broker.port, input: try input(text), shell: "exec \"$0\" \"$@\"", command)
            try second.expectEnd(status: 1)
            #expect(try kept() == ["2 ["])
            #expect(Set(try broker.bodies()) == ["'a'", "'b'"])
        }
    }
}
