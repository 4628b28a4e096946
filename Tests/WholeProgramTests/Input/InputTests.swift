// Messages of each input, received by another client.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Input", .serialized)
    struct InputTests {
        private let folder: TemporaryFolder
        private let broker: StandInBroker

        init() throws {
            folder = try TemporaryFolder()
            broker = try StandInBroker(in: folder)
            try broker.start()
        }

        private func file(_ text: String, _ name: String = "input") throws -> URL {
            try Data(text.utf8).write(to: folder.file(name))
            return folder.file(name)
        }

        private func pipe(_ text: String) throws -> Pipe {
            let pipe = Pipe()
            try pipe.fileHandleForWriting.write(contentsOf: Data(text.utf8))
            try pipe.fileHandleForWriting.close()
            return pipe
        }

        /// Runs it with this input, and expects the bodies to arrive in Python's words.
        private func expect(
            _ bodies: [String], from input: Any = FileHandle.nullDevice, _ arguments: String...,
            sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let before = try broker.bodies().count
            let run = try ChildProcess(
                "sender", executable: Places.sender,
                arguments: ["-a", "amqp://127.0.0.1:\(broker.port)/link1.test"] + arguments,
                input: input)
            let status = try run.wait(seconds: 30)
            #expect(status == 0, "\(run.allOutput)", sourceLocation: sourceLocation)
            let received = try broker.bodies().dropFirst(before)
            #expect(Array(received) == bodies, sourceLocation: sourceLocation)
        }

        @Test("a text, a file, and each body type")
        func contents() throws {
            try expect(["'hello 1'", "'hello 2'"], "--content", "hello {{sequence}}", "-m2", "-i0")
            try expect(["'-'"], "--content=-")
            let path = try file("{{sequence}}\r\n").path
            try expect(["'1\\r\\n'"], "--content-file", path)
            try expect(["b'{{sequence}}\\r\\n'"], "--content-file", path, "--body-type", "binary")
            try expect(
                ["{'n': 1, 'l': [1.5, None]}"], "--content", #"{"n":{{sequence}},"l":[1.5,null]}"#,
                "--body-type", "map")
            try expect(["True"], "--content", "true", "--body-type=value")
        }

        @Test("each line of standard input, whatever it is")
        func lines() throws {
            for input in [
                try pipe("a\n\nb\r\né") as Any, try FileHandle(forReadingFrom: file("a\n\nb\r\né")),
            ] {
                try expect(["'a'", "''", "'b\\r'", "'é'"], from: input, "--stdin")
            }
            try expect(
                ["'a\\nb'", "'c'"], from: try pipe("a\nb\u{0}c\u{0}"), "--stdin", "--delimiter",
                "\\0")
            try expect(
                ["b'a'", "b''"], from: try pipe("a,,"), "--stdin", "--delimiter=,",
                "--body-type=binary")
            try expect(["1", "'x'"], from: try pipe("1\n\"x\"\n"), "--stdin", "--body-type=value")
            try expect([], "--stdin")
        }

        @Test("JSON lines with all that a message can have")
        func json() throws {
            let text = """
                {"body":"plain"}

                {"id":"i","body":[1,2.5,null,true,18446744073709551615,{"a":{}}],"subject":"s",\
                "to":"t","reply_to":"r","correlation_id":9,"content_type":"text/plain",\
                "group_id":"g","ttl":60000,"priority":9,"durable":false,\
                "application_properties":{"l":1,"i:int":2,"s":"x","b:bool":true,"t:timestamp":5},\
                "annotations":{"x-opt-y:symbol":"z"}}
                {"body":"AP8=","body_type":"binary"}
                {"body":7,"body_type":"ulong"}
                """
            let run = try SenderRun(port: broker.port, input: try pipe(text), "--json")
            try run.expectAllAccepted(4)
            #expect(run.process.output.lines.contains("message_count: no limit"))
            let received = try broker.received()
            #expect(received.map { $0["id"] } == ["1", "'i'", "3", "4"])
            #expect(received[0]["body"] == "'plain'" && received[0]["durable"] == "True")
            #expect(
                received[1] == [
                    "id": "'i'",
                    "body": "[1, 2.5, None, True, ulong(18446744073709551615), {'a': {}}]",
                    "subject": "'s'", "address": "'t'", "reply_to": "'r'",
                    "correlation_id": "9", "content_type": "symbol('text/plain')",
                    "group_id": "'g'", "ttl": "60.0", "priority": "9", "durable": "False",
                    "properties":
                        "{'l': 1, 'i': int32(2), 's': 'x', 'b': True, 't': timestamp(5)}",
                    "annotations": "AnnotationDict({symbol('x-opt-y'): symbol('z')})",
                    "inferred": "False",
                ])
            #expect(received[2]["body"] == #"b'\x00\xff'"#)
            #expect(received[3]["body"] == "ulong(7)")
        }

        @Test("counted messages of a size, and a content, as fast as they are taken")
        func contentSize() throws {
            try expect(
                [String](repeating: "'abcdefghij'", count: 3), "--content-size", "10", "-m3", "-i0")
            try expect(["b'abc'"], "--content-size=3", "--body-type=binary", "-m1")
            // At the pace of counted messages it would take longer than this test may.
            try expect([String](repeating: "'x'", count: 300), "--content", "x", "-m", "300")
            let journal = folder.file("journal").path
            func run(_ size: String) throws -> SenderRun {
                try SenderRun(
                    port: broker.port, "--content-size", size, "-m2", "-i0", "--journal", journal)
            }
            try run("1k").expectAllAccepted(2)
            let other = try run("2k")
            #expect(try other.process.wait(seconds: 30) == 64)
            other.expectErrors("another --content-size")
        }

        @Test("lines that end with several bytes, cut anywhere by the pipe")
        func longDelimiter() throws {
            try expect(
                ["'a\\n'", "'b\\r'", "'c'"], from: try pipe("a\n\r\nb\r\r\nc"), "--stdin",
                "--delimiter", "\\r\\n")
            let pipe = Pipe()
            let run = try SenderRun(
                port: broker.port, input: pipe, "--stdin", "--delimiter", "--8<--")
            for (piece, count) in [("1--8<", 0), ("--2--8", 1), ("<--3", 2)] {
                try pipe.fileHandleForWriting.write(contentsOf: Data(piece.utf8))
                if count > 0 { try run.waitForAccepted(count) }
            }
            try pipe.fileHandleForWriting.close()
            try run.expectAllAccepted(3)
        }

        @Test("a file is the body of a message, if it is below the folder of the input")
        func bodyFile() throws {
            try Data([0, 255]).write(to: folder.file("x.bin"))
            let text = """
                {"body_file":"x.bin","user_id":"ann","reply_to_group_id":"g","group_sequence":7,\
                "content_encoding":"gzip","absolute_expiry_time":5000,"creation_time":1000}
                """
            try expect(
                [#"b'\x00\xff'"#], from: try FileHandle(forReadingFrom: file(text)), "--json")
            let outside = #"{"body_file":"/etc/hostname"}"#
            let refused = try SenderRun(
                port: broker.port, input: try FileHandle(forReadingFrom: file(outside)), "--json")
            try refused.expectEnd(status: 65)
            refused.expectErrors("is not below the folder")
            let allowed = try SenderRun(
                port: broker.port, input: try FileHandle(forReadingFrom: file(outside)), "--json",
                "--allow-any-body-file")
            try allowed.expectAllAccepted(1)
        }

        @Test("a line is sent before the next one is written")
        func latePipe() throws {
            let pipe = Pipe()
            let run = try SenderRun(port: broker.port, input: pipe, "--stdin")
            for number in 1...3 {
                try pipe.fileHandleForWriting.write(contentsOf: Data("\(number)\n".utf8))
                try run.waitForAccepted(number)
            }
            try pipe.fileHandleForWriting.close()
            try run.expectAllAccepted(3)
            #expect(try broker.bodies() == ["'1'", "'2'", "'3'"])
        }

        @Test("no more lines are taken than are wanted, and of a file none are eaten")
        func limit() throws {
            let port = broker.port
            let path = try file("1\n2\n3\n4\n5\n").path
            let shell = try SenderRun(
                port: port, shell: { "(\($0); \($0); cat) < \(path)" }, "--stdin", "-m2")
            #expect(try shell.process.wait(seconds: 30) == 0)
            #expect(try broker.bodies() == ["'1'", "'2'", "'3'", "'4'"])
            #expect(shell.process.output.lines.last == "5")
            // Also where the journal says that all before it was sent.
            let journal = folder.file("journal").path
            for lines in [["3", "4", "5"], ["3", "4", "5"]] {
                let rest = try SenderRun(
                    port: port, shell: { "(\($0); cat) < \(path)" }, "--stdin", "-m2",
                    "--journal", journal)
                #expect(try rest.process.wait(seconds: 30) == 0)
                #expect(Array(rest.process.output.lines.suffix(3)) == lines)
            }
            #expect(try broker.bodies().count == 6)
            let none = try SenderRun(port: port, input: try pipe("1\n"), "--stdin", "-m0")
            #expect(try none.process.wait(seconds: 30) == 0)
            #expect(try broker.bodies().count == 6)
        }

        @Test("what the run itself writes is not read: that would never end")
        func ownFiles() throws {
            let peer = try ClosingListener()
            let path = try file("{}\n").path
            for (arguments, redirection, words) in [
                (
                    "--json --rejected-file \(path)", "< \(path)",
                    "standard input and --rejected-file"
                ),
                ("--stdin --events \(path)", "< \(path)", "standard input and --events"),
                ("--stdin", "< \(path) >> \(path)", "standard output and standard input"),
                ("--stdin", "< \(path) 2>> \(path)", "standard error and standard input"),
            ] {
                let run = try SenderRun(
                    port: peer.port, shell: { "exec \($0) \(arguments) \(redirection)" })
                #expect(try run.process.wait(seconds: 30) == 64, "\(run.process.allOutput)")
                let said =
                    run.process.errors.lines.joined()
                    + (try String(contentsOfFile: path, encoding: .utf8))
                #expect(said.contains("\(words) are the same file: name two"))
            }
            #expect(peer.count == 0)
        }

        @Test("a content file is there before the run, and is none that the run writes")
        func contentFileIsOurs() throws {
            let peer = try ClosingListener()
            for option in ["--rejected-file", "--journal", "--events"] {
                let path = folder.file("new\(option)").path
                let run = try SenderRun(port: peer.port, "--content-file", path, option, path)
                #expect(try run.process.wait(seconds: 30) == 64, "\(run.process.allOutput)")
                run.expectErrors("can't be read: No such file or directory")
                #expect(!FileManager.default.fileExists(atPath: path))
            }
            for option in ["--rejected-file", "--events"] {
                let path = try file("text").path
                let run = try SenderRun(port: peer.port, "--content-file", path, option, path)
                #expect(try run.process.wait(seconds: 30) == 64, "\(run.process.allOutput)")
                run.expectErrors("--content-file and \(option) are the same file: name two")
                #expect(try String(contentsOfFile: path, encoding: .utf8) == "text")
            }
            #expect(peer.count == 0)
        }

        @Test("a stop ends the wait for the writer of a named pipe")
        func stoppedBefore() throws {
            let peer = try ClosingListener()
            let fifo = folder.file("fifo").path
            #expect(mkfifo(fifo, 0o600) == 0)
            let run = try SenderRun(port: peer.port, "--content-file", fifo)
            let writer = open(fifo, O_WRONLY)
            defer { close(writer) }
            #expect(write(writer, "abc", 3) == 3)
            run.process.kill(SIGINT)
            #expect(try run.process.wait(seconds: 30) == 130)
            #expect(peer.count == 0)
        }

        @Test("a named pipe is one message, once its writer is done")
        func contentOfANamedPipe() throws {
            let fifo = folder.file("fifo").path
            #expect(mkfifo(fifo, 0o600) == 0)
            let run = try SenderRun(port: broker.port, "--content-file", fifo)
            let writer = open(fifo, O_WRONLY)
            #expect(write(writer, "abc", 3) == 3 && write(writer, "def", 3) == 3)
            close(writer)
            try run.expectAllAccepted(1)
            #expect(try broker.bodies() == ["'abcdef'"])
        }

        @Test("each message has an id that a broker drops repeats by")
        func duplicateIDs() throws {
            for _ in 1...2 {
                let run = try SenderRun(
                    port: broker.port, input: try pipe("a\nb\n"), "--stdin", "--duplicate-id",
                    "--run-id=r")
                try run.expectAllAccepted(2)
            }
            #expect(
                try broker.received().map { $0["properties"] } == [
                    "{'_AMQ_DUPL_ID': 'r-1'}", "{'_AMQ_DUPL_ID': 'r-2'}",
                ])
        }

        @Test("bad data ends with 65, names the line, and what was before it is sent")
        func badData() throws {
            let cases: [(String, [String], Int, String)] = [
                (
                    "a\nb\n\u{FFFD}", ["--stdin", "--body-type=map"], 0,
                    "line 1 of standard input is not JSON"
                ),
                (
                    "{}\n\n{\"bdy\":1}\n{}\n", ["--json"], 1,
                    "line 3 of standard input has the key \"bdy\""
                ),
                ("{}\n[1]\n", ["--json"], 1, "line 2 of standard input is an array"),
                (
                    "12345\n123456\n1\n", ["--stdin", "--max-line-bytes=5"], 1,
                    "line 2 of standard input is longer than the 5 bytes"
                ),
                (
                    String(repeating: "[", count: 1 << 20) + "\n",
                    ["--json", "--max-line-bytes=2000000"],
                    0, "is nested more than 128 deep"
                ),
            ]
            let events = folder.file("events")
            var sent = 0
            for (text, arguments, count, phrase) in cases {
                let run = try ChildProcess(
                    "sender", executable: Places.sender,
                    arguments: [
                        "-a", "amqp://127.0.0.1:\(broker.port)/link1.test", "--events", events.path,
                    ] + arguments,
                    input: try FileHandle(forReadingFrom: file(text)))
                #expect(try run.wait(seconds: 30) == 65, "\(run.allOutput)")
                let closed = try #require(
                    try String(contentsOf: events, encoding: .utf8).split(separator: "\n").last)
                #expect(closed.contains(#""end":"bad_data","status":65,"#), "\(closed)")
                #expect(closed.contains(#""text":"line "#), "\(closed)")
                #expect(closed.contains(#","line":"#), "\(closed)")
                #expect(closed.contains(#","not_taken":"#), "\(closed)")
                #expect(run.errors.lines.contains { $0.contains(phrase) }, "\(run.allOutput)")
                #expect(!run.output.lines.contains { $0.hasPrefix("all messages") })
                sent += count
                #expect(try broker.bodies().count == sent)
            }
            // Bytes that are no text.
            try Data([0x61, 0x0A, 0xFF, 0x0A]).write(to: folder.file("bytes"))
            let bytes = try FileHandle(forReadingFrom: folder.file("bytes"))
            let run = try SenderRun(port: broker.port, input: bytes, "--stdin")
            #expect(try run.expectEnd(status: 65).accepted == 1)
            run.expectErrors(
                "line 2 of standard input is not valid UTF-8: --body-type binary sends")
        }

        @Test("an input that can't be used is wrong usage, and nobody is connected to")
        func refused() throws {
            let peer = try ClosingListener()
            let missing = folder.file("no/such").path
            for (redirection, arguments, phrase) in [
                ("</", ["--stdin"], "is a directory"), ("<&-", ["--json"], "is closed"),
                ("0>/dev/null", ["--stdin"], "can only be written"),
                ("", ["--content-file", missing], "can't be read: No such file or directory"),
                ("", ["--content-file", "/"], "can't be read: Is a directory"),
                (
                    "", ["--content", "{", "--body-type", "map"],
                    "the text of --content is not JSON"
                ),
            ] {
                let words = arguments.map { "'\($0)'" }.joined(separator: " ")
                let run = try SenderRun(
                    port: peer.port, shell: { "exec \($0) \(words) \(redirection)" })
                #expect(try run.process.wait(seconds: 30) == 64, "\(run.process.allOutput)")
                #expect(run.process.output.lines.isEmpty)
                #expect(run.process.errors.lines.count == 1)
                run.expectErrors(phrase)
            }
            #expect(peer.count == 0)
        }

        @Test("what was refused is sent again from the rejected file")
        func deadLetters() throws {
            try broker.kill()
            let other = try StandInBroker(in: folder, misbehaving: ["reject=-3"])
            try other.start()
            let rejected = folder.file("rejected").path
            let text = """
                {"body":{"n":1},"subject":"s","application_properties":{"i:int":1,"u:x:string":"y"}}
                {"body":"AP8=","body_type":"binary","id":"k","priority":3}
                {"body":"last"}
                {"body":"good"}
                """
            let first = try SenderRun(
                port: other.port, input: try pipe(text), "--json", "--rejected-file", rejected)
            #expect(try first.expectEnd(status: 1).rejected == 3)
            let handle = try FileHandle(forReadingFrom: URL(filePath: rejected))
            let second = try SenderRun(port: other.port, input: handle, "--json")
            try second.expectAllAccepted(3)
            let received = try other.received()
            #expect(
                received.map { $0["body"] } == ["'good'", "{'n': 1}", #"b'\x00\xff'"#, "'last'"])
            #expect(received.map { $0["id"] } == ["4", "1", "'k'", "3"])
            #expect(received[1]["subject"] == "'s'")
            #expect(received[1]["properties"] == "{'i': int32(1), 'u:x': 'y'}")
            #expect(received[2]["priority"] == "3")
        }
    }
}
