// Runs that send nothing, and what else needs no peer.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Dry run", .serialized)
    struct DryRunTests {
        private let folder: TemporaryFolder
        private let peer: ClosingListener

        init() throws {
            folder = try TemporaryFolder()
            peer = try ClosingListener()
        }

        private func input(_ text: String) throws -> FileHandle {
            try Data(text.utf8).write(to: folder.file("input"))
            return try FileHandle(forReadingFrom: folder.file("input"))
        }

        private func run(_ input: Any, _ arguments: String...) throws -> SenderRun {
            try SenderRun(
                ["-a", "amqp://ann@127.0.0.1:\(peer.port)/q", "--dry-run"] + arguments,
                input: input)
        }

        @Test("it says what would be sent and what is bad, and connects to nobody")
        func lines() throws {
            let text = "{\"body\":\"a\"}\n{]\n\n{\"body\":\"bb\"}\n7\n"
            let files = ["journal", "rejected", "events"].map { folder.file($0).path }
            for (action, status) in [("stop", 65), ("skip", 1), ("keep", 1)] {
                let run = try run(
                    try input(text), "--json", "--on-bad-data", action, "--journal", files[0],
                    "--rejected-file", files[1], "--events", files[2])
                #expect(try run.process.wait(seconds: 30) == Int32(status))
                var lines = [
                    "address: amqp://127.0.0.1:\(peer.port)/q", "messages: 2", "bad lines: 2",
                ]
                if action == "stop" {
                    lines.append("a run would end at the first bad line, after message 1")
                }
                let output = run.process.output.lines
                for line in lines { #expect(output.contains(line), "\(run.process.allOutput)") }
                run.expectErrors("line 2 of standard input is not JSON that can be sent")
                run.expectErrors("line 5 of standard input is 7, but --json needs an object")
            }
            #expect(peer.count == 0)
            for file in files { #expect(!FileManager.default.fileExists(atPath: file)) }
        }

        @Test("a file on standard input is left for the run that follows")
        func file() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let run = try SenderRun(
                port: broker.port, input: try input("a\nb\n"),
                shell: #""$0" "$@" --dry-run && "$0" "$@""#, ["--stdin", "-m", "2"])
            try run.expectAllAccepted(2)
            #expect(try broker.bodies() == ["'a'", "'b'"])
        }

        @Test("other inputs, several addresses, and JSON for a program")
        func others() throws {
            for (arguments, count) in [
                (["-m", "3"], 3), (["--content", "{{sequence}}", "-m", "12"], 12), (["--stdin"], 0),
            ] {
                let run = try SenderRun(
                    ["-a", "amqp://127.0.0.1:\(peer.port)/q", "--dry-run"] + arguments,
                    input: FileHandle.nullDevice)
                #expect(try run.process.wait(seconds: 30) == 0)
                #expect(run.process.output.lines.contains("messages: \(count)"))
            }
            let endless = try run(FileHandle.nullDevice, "--duration", "1h")
            #expect(try endless.process.wait(seconds: 30) == 0)
            #expect(endless.process.output.lines.contains("messages: no limit"))
            let content = try run(
                FileHandle.nullDevice, "--content", "{\"a\":{{sequence}}{{sequence}}}",
                "--body-type=map", "-m", "9")
            #expect(try content.process.wait(seconds: 30) == 0)
            let pipe = Pipe()
            try pipe.fileHandleForWriting.write(contentsOf: Data("a\nb".utf8))
            try pipe.fileHandleForWriting.close()
            let json = try SenderRun(
                [
                    "-a", "amqp://127.0.0.1:\(peer.port)/q", "-a",
                    "amqp://127.0.0.1:\(peer.port)/r", "--dry-run", "--stdin", "--log-format=json",
                ], input: pipe)
            #expect(try json.process.wait(seconds: 30) == 0)
            let file = folder.file("output")
            try Data(json.process.output.text.utf8).write(to: file)
            try expectEvents("dry_run", in: file)
            #expect(json.process.output.text.contains(#""status":0,"messages":2,"#))
            #expect(peer.count == 0)
        }

        @Test("what can't be written is said by status 2, also where both streams go to one place")
        func fullOutput() throws {
            for shell in [#""$0" "$@" >/dev/full"#, #""$0" "$@" >/dev/full 2>&1"#] {
                let run = try SenderRun(
                    port: peer.port, input: FileHandle.nullDevice, shell: shell,
                    ["--dry-run", "-m", "3"])
                #expect(try run.process.wait(seconds: 30) == 2, "\(shell)")
            }
        }

        @Test("a signal ends it")
        func signal() throws {
            let pipe = Pipe()
            let run = try run(pipe, "--stdin")
            try pipe.fileHandleForWriting.write(contentsOf: Data("\u{FF}x\n".utf8))
            run.process.kill(SIGTERM)
            #expect(try run.process.wait(seconds: 30) == 128 + SIGTERM)
            try pipe.fileHandleForWriting.close()
        }

        @Test("the environment has the address, unless the command line has one")
        func address() throws {
            let variable = ["SENDER_ADDRESS": "amqp://u:secret@127.0.0.1:\(peer.port)/there"]
            for (arguments, name) in [
                ([], "there"), (["-a", "amqp://127.0.0.1:\(peer.port)/here"], "here"),
            ] {
                let run = try SenderRun(arguments + ["--dry-run"], environment: variable)
                #expect(try run.process.wait(seconds: 30) == 0)
                #expect(
                    run.process.output.lines.first
                        == "address: amqp://127.0.0.1:\(peer.port)/\(name)")
                // A file that only this user can read causes no warning.
                #expect(run.process.errors.lines.isEmpty)
            }
            let wrong = try SenderRun(["--dry-run"], environment: ["SENDER_ADDRESS": "http://x/q"])
            #expect(try wrong.process.wait(seconds: 30) == 64)
            wrong.expectErrors("http://x/q")
        }

        @Test("help about one option, and about a topic")
        func help() throws {
            for (name, line) in [("ttl", "  --ttl MS"), ("words", "Words:")] {
                let run = try SenderRun(["--help", name])
                #expect(try run.process.wait(seconds: 30) == 0)
                #expect(run.process.output.lines.first == line)
            }
            let unknown = try SenderRun(["--help", "wordz"])
            #expect(try unknown.process.wait(seconds: 30) == 64)
            unknown.expectErrors("did you mean words?")
        }
    }
}
