// Events and figures of real runs.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Holds the lines of a file against the schema of events, and expects these among them.
func expectEvents(
    _ events: String..., in file: URL, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let validator = try ChildProcess(
        "validate", executable: Places.python,
        arguments: [
            Places.root.appending(path: "Tests/EventSchema/validate.py").path, file.path,
        ] + events.flatMap { ["--expect", $0] })
    let status = try validator.wait(seconds: 60)
    #expect(status == 0, "\(validator.allOutput)", sourceLocation: sourceLocation)
}

extension WholeProgram {
    @Suite("Events", .serialized)
    struct EventsTests {
        private let folder: TemporaryFolder
        private var file: URL { folder.file("events") }

        init() throws {
            folder = try TemporaryFolder()
        }

        private func events(in file: URL) throws -> [[String: Any]] {
            try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).compactMap {
                try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any]
            }
        }

        /// The lines of standard error as a file.
        private func errors(of run: SenderRun) throws -> URL {
            let file = folder.file("errors")
            try Data(run.process.errors.text.utf8).write(to: file)
            return file
        }

        @Test("a lost broker and a lost router make events that the schema knows, in both places")
        func losses() throws {
            let network = try Network(misbehaving: ["reject=5:amqp:not-allowed"])
            let run = try SenderRun(
                port: network.ports.client, "-m", "200", "-i", "30", "-s", "300", "-r",
                "--log-format",
                "json", "--events", file.path, "--stats", "500")
            try run.waitForAccepted(50)
            try network.broker.kill()
            try run.waitForLine("qd:no-route-to-dest")
            try network.router.kill()
            try run.process.waitForErrors("Connection refused")
            try network.broker.start(misbehaving: false)
            try network.router.start(untilRouteIsUp: false)
            let status = try run.process.wait(seconds: 60)
            #expect(status == 1, "\(run.process.allOutput)")

            for file in [file, try errors(of: run)] {
                try expectEvents(
                    "opened", "interrupted", "restored", "outcome", "stats", "hint", "closed",
                    in: file)
                let events = try events(in: file)
                let outcomes = events.filter { $0["event"] as? String == "outcome" }
                let final = outcomes.filter { $0["outcome"] as? String != "released" }
                #expect(Set(final.compactMap { $0["sequence"] as? Int }) == Set(1...200))
                let restored = events.first { $0["event"] as? String == "restored" }
                #expect((restored?["attempts"] as? Int ?? 0) > 0)
                let open = events.filter { $0["was_open"] as? Bool == true }
                // A busy machine's detach may come behind the retry interval that we wait for it.
                let first = try #require(open.first)
                #expect([nil, "qd:routed-link-lost"].contains(first["condition"] as? String))
                let closed = events.last
                #expect(closed?["event"] as? String == "closed")
                #expect(closed?["status"] as? Int == 1 && closed?["accepted"] as? Int == 199)
            }
        }

        @Test("no event has a password")
        func password() throws {
            let run = try SenderRun(
                port: try Places.freePort(), "--log-format", "json", "--events", file.path, "-u",
                "bo", "-p", "hunter2", "--stats", "1", "--trace-frames")
            #expect(try run.process.wait(seconds: 30) == 2)
            for file in [file, try errors(of: run)] {
                try expectEvents("warning", "interrupted", "hint", "closed", in: file)
                #expect(try !String(contentsOf: file, encoding: .utf8).contains("hunter2"))
            }
        }

        @Test("figures come at their interval also while nobody can be reached")
        func statsOfADeadPeer() throws {
            let port = try Places.freePort()
            let run = try SenderRun(port: port, "-r", "--stats", "100", "-s", "60000")
            try run.process.waitForErrors("next attempt in 60000 ms")
            for number in 2...4 {
                try waitUntil {
                    run.process.errors.lines.count { $0.hasPrefix("stats: ") } >= number
                }
            }
            run.process.kill(SIGTERM)
            try run.expectEnd(status: 128 + SIGTERM)
            #expect(run.process.errors.text.contains("connection lost - retry 1 in 5"))
        }

        @Test("with -q standard error has the end only, and the file has all")
        func quiet() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let run = try SenderRun(
                port: broker.port, "-q", "-m", "3", "-i", "0", "--log-format", "json", "--events",
                file.path, "--duplicate-id", "--run-id", "the run")
            #expect(try run.process.wait(seconds: 30) == 0)
            #expect(run.process.errors.lines.count == 1)
            #expect(run.process.errors.text.contains(#""event":"closed","end":"finished""#))
            #expect(run.process.output.lines.isEmpty)
            try expectEvents("opened", "message", "outcome", "closed", in: file)
            #expect(try String(contentsOf: file, encoding: .utf8).contains("the run-1"))
            // And the next run appends.
            let again = try SenderRun(
                port: broker.port, "-q", "-m", "3", "-i", "0", "--events", file.path)
            try again.expectEnd(status: 0)
            #expect(try events(in: file).count { $0["event"] as? String == "closed" } == 2)
        }

        @Test("a reader of a pipe gets the events, and one that goes away changes nothing")
        func pipes() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let read = try SenderRun(
                port: broker.port, shell: { "\($0) 3>&1 >/dev/null | cat" }, "-m", "20", "-i",
                "0", "--events", "/dev/fd/3")
            #expect(try read.process.wait(seconds: 30) == 0)
            #expect(read.process.output.lines.count == 23, "\(read.process.allOutput)")
            let gone = try SenderRun(
                port: broker.port,
                shell: { "{ \($0) 3>&1 >/dev/null; echo $? >&2; } | head -n 1" }, "-m", "1000",
                "-i", "5", "--events", "/dev/fd/3")
            _ = try gone.process.wait(seconds: 30)
            gone.expectErrors("can't be written to \"/dev/fd/3\": Broken pipe; sending goes on")
            #expect(gone.process.errors.lines.last == "0")
        }

        @Test("a disk that is full is said, and sending goes on to status 0")
        func fullDisk() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let run = try SenderRun(
                port: broker.port, "-m", "50", "-i", "20", "--events", "/dev/full")
            try run.expectAllAccepted(50)
            run.expectErrors("can't be written to \"/dev/full\": No space left on device")
        }

        @Test(
            "the last event of a run that can't begin, for want of descriptors, is closed as well",
            .enabled(if: !Sanitizer.isThere, "a sanitizer, which needs descriptors itself"))
        func cannotBegin() throws {
            let port = try Places.freePort()
            var ends: Set<String> = []
            var all = Data()
            for limit in 10...40 {
                let run = try SenderRun(
                    port: port, shell: { "ulimit -n \(limit); \($0)" }, "-m", "1", "-q", "--stats",
                    "60000", "--events", file.path)
                let status = try run.process.wait(seconds: 30)
                #expect([2, 64].contains(status), "\(limit): \(run.process.allOutput)")
                guard let data = FileManager.default.contents(atPath: file.path), !data.isEmpty
                else { continue }
                all += data
                let last = try events(in: file).last
                #expect(last?["event"] as? String == "closed", "\(limit)")
                #expect(last?["status"] as? Int == 2, "\(limit)")
                ends.insert(last?["end"] as? String ?? "")
                try FileManager.default.removeItem(at: file)
            }
            #expect(ends == ["could_not_start", "connection_failed"])
            try all.write(to: file)
            try expectEvents("closed", in: file)
        }

        @Test("an events file that can't be used is wrong usage, in the format that was asked for")
        func wrongFile() throws {
            let peer = try ClosingListener()
            let run = try SenderRun(
                port: peer.port, "--log-format", "json", "--events", "/no/such/file")
            #expect(try run.process.wait(seconds: 30) == 64)
            try expectEvents("message", in: try errors(of: run))
            let same = try SenderRun(
                port: peer.port, "--journal", file.path, "--events", file.path)
            #expect(try same.process.wait(seconds: 30) == 64)
            same.expectErrors("--journal and --events are the same file: name two")
            #expect(peer.count == 0)
        }
    }
}
