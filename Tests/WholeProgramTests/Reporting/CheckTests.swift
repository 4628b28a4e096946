// The health probe.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Check", .serialized)
    struct CheckTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        private func broker(_ misbehaviours: String...) throws -> StandInBroker {
            let broker = try StandInBroker(in: folder, misbehaving: misbehaviours)
            try broker.start()
            return broker
        }

        private func check(_ port: Int, _ options: String...) throws -> (Int32, SenderRun) {
            let run = try SenderRun(port: port, options: options + ["--check"])
            return (try run.process.wait(seconds: 30), run)
        }

        @Test("with credit the status is 0, the peer is described, and nothing is sent or written")
        func credit() throws {
            let broker = try broker()
            let ports = try StandInRouter.Ports(broker: broker.port)
            let router = try StandInRouter("single-node.conf", ports: ports, in: folder)
            try router.start()
            let journal = folder.file("journal")
            let (status, run) = try check(ports.client, "--journal", journal.path, "-m", "5")
            #expect(status == 0, "\(run.process.allOutput)")
            let lines = run.process.output.lines
            #expect(
                Array(lines.prefix(2)) == [
                    "router: 127.0.0.1:\(ports.client)", "address: link1.test",
                ])
            for start in ["container id: ", "max frame size: ", "target address: ", "credit: "] {
                #expect(lines.contains { $0.hasPrefix(start) }, "\(run.process.allOutput)")
            }
            #expect(lines.last == "result: credit")
            #expect(run.process.errors.lines.isEmpty)
            #expect(!FileManager.default.fileExists(atPath: journal.path))
            #expect(try broker.messages().isEmpty)
        }

        @Test("without credit the status is 1")
        func noCredit() throws {
            let broker = try broker("withhold-credit")
            let (status, run) = try check(broker.port, "--credit-notice", "300")
            #expect(status == 1, "\(run.process.allOutput)")
            #expect(run.process.output.lines.last == "result: no credit")
            run.expectErrors("but no credit has come for 300 ms")
            run.expectErrors("hint: without a link route")
        }

        @Test(
            "without a link the status is 2, with what was said and a sentence",
            arguments: [
                ("refuse-attach", "no link", "the link was refused: amqp:not-found"),
                ("withhold-attach", "no link", "attach 1 was not answered"),
                ("end-session-at-attach", "no link", "amqp:internal-error"),
                ("close-at-open", "no connection", "amqp:connection:forced"),
                ("refuse-login", "no connection", "add --user USER"),
                ("withhold-open", "no connection", "no answer to the open within 2000 ms"),
            ])
        func noLink(misbehaviour: String, result: String, sentence: String) throws {
            let broker = try broker(misbehaviour)
            // Waited out in full where the broker withholds something.
            let limit = misbehaviour.hasPrefix("withhold") ? "2000" : "20000"
            let (status, run) = try check(broker.port, "--open-timeout", limit)
            #expect(status == 2, "\(run.process.allOutput)")
            #expect(run.process.output.lines.last == "result: \(result)")
            run.expectErrors(sentence)
        }

        @Test("in one place, the lines of both streams keep their order")
        func oneStream() throws {
            let broker = try broker("refuse-attach")
            let run = try SenderRun(port: broker.port, shell: { "\($0) 2>&1" }, "--check")
            #expect(try run.process.wait(seconds: 30) == 2)
            let lines = run.process.output.lines
            let result = try #require(lines.firstIndex { $0.hasPrefix("result: ") })
            #expect(lines[..<result].allSatisfy { !$0.hasPrefix("sender: ") }, "\(lines)")
            #expect(lines[result...].contains { $0.hasPrefix("sender: hint: ") }, "\(lines)")
        }

        @Test("nobody there, nobody of that name, and a limit of 0 that is none in a run")
        func noConnection() throws {
            let (refused, run) = try check(try Places.freePort(), "--open-timeout", "0", "-r")
            #expect(refused == 2)
            run.expectErrors("can't connect: connection refused")
            run.expectErrors("hint: nothing listens on that port")
            let unknown = try ChildProcess(
                "sender", executable: Places.sender,
                arguments: ["-a", "amqp://no-such-host.invalid/q", "--check", "-q"])
            #expect(try unknown.wait(seconds: 60) == 2)
            #expect(unknown.output.lines.isEmpty)
            #expect(unknown.errors.text.contains("can't connect: "))
            // Without a network no name server answers, which may take as long as the limit.
            #expect(unknown.errors.text.contains("hint: "))
        }

        @Test("other routers are tried once, until one gives credit, and JSON fits the schema")
        func failover() throws {
            let broker = try broker()
            let dead = "amqp://127.0.0.1:\(try Places.freePort())"
            let (status, run) = try check(
                try Places.freePort(), "--failover", dead, "--failover",
                "amqp://127.0.0.1:\(broker.port)", "--failover", dead, "--log-format", "json")
            #expect(status == 0, "\(run.process.allOutput)")
            let lines = run.process.output.lines
            #expect(lines.count == 3)
            #expect(lines.last?.contains(#""result":"credit","status":0"#) == true)
            let file = folder.file("lines")
            let all = lines + run.process.errors.lines
            try Data((all.joined(separator: "\n") + "\n").utf8).write(to: file)
            try expectEvents("check", "hint", "message", in: file)
        }

        @Test("what can't be written is said with status 2; a reader that has left is not missed")
        func output() throws {
            let broker = try broker()
            let shared = try SenderRun(
                port: broker.port, shell: { "\($0) >/dev/full 2>&1" }, "--check")
            #expect(try shared.process.wait(seconds: 30) == 2)
            let full = try SenderRun(port: broker.port, shell: { "\($0) >/dev/full" }, "--check")
            #expect(try full.process.wait(seconds: 30) == 2)
            full.expectErrors("standard output could not be written: No space left on device")
            let quiet = try SenderRun(
                port: broker.port, shell: { "\($0) >/dev/full" }, "--check", "-q")
            #expect(try quiet.process.wait(seconds: 30) == 0)
            let left = try SenderRun(
                port: broker.port, shell: { "{ \($0); echo $? >&2; } | true" }, "--check")
            _ = try left.process.wait(seconds: 30)
            #expect(left.process.errors.lines == ["0"])
        }

        @Test("a signal ends it in order")
        func signal() throws {
            let broker = try broker("withhold-credit")
            let run = try SenderRun(
                port: broker.port,
                options: ["--check", "--credit-notice", "60000", "--trace-frames"])
            try run.process.waitForErrors("@attach")
            run.process.kill(SIGTERM)
            #expect(try run.process.wait(seconds: 30) == 128 + SIGTERM)
            #expect(run.process.output.lines.last == "result: stopped")
        }
    }
}
