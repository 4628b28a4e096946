// Long inputs, with peers or the program killed meanwhile.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Pipe", .serialized)
    struct PipeTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        @Test("all lines arrive through a router that dies twice, in little memory")
        func routerDiesTwice() throws {
            let count =
                ProcessInfo.processInfo.environment["PIPE_LINES"].flatMap { Int($0) } ?? 100_000
            let network = try Network()
            let run = try SenderRun(
                port: network.ports.client, shell: { "seq \(count) | exec \($0)" }, "--stdin", "-r",
                "-s",
                "200", "--duplicate-id", "--drain-timeout", "60000")
            for part in 1...2 {
                try run.waitForAccepted(count / 3 * part, seconds: 600)
                try network.router.kill()
                try network.router.start()
            }
            let memory = try run.peakMemoryInKiB(untilAccepted: count)
            let summary = try run.expectEnd(status: 0, seconds: 600)
            #expect(summary.accepted == count && summary.reconnects == 2)
            #expect(memory < 64 * 1024 || Sanitizer.isThere, "\(memory) KiB")
            try network.broker.expectEverySequenceConsumed(upTo: count)
        }

        @Test("a peer without credit holds up whoever writes, and the rest is reported")
        func backPressure() throws {
            let broker = try StandInBroker(in: folder, misbehaving: ["withhold-credit=10"])
            try broker.start()
            let pipe = Pipe()
            let run = try SenderRun(
                port: broker.port, input: pipe, "--stdin", "--drain-timeout=1000")
            let writer = pipe.fileHandleForWriting.fileDescriptor
            try #require(fcntl(writer, F_SETFL, O_NONBLOCK) == 0)
            let line = Array((String(repeating: "x", count: 999) + "\n").utf8)
            var written = 0
            var ready = pollfd(fd: writer, events: Int16(POLLOUT), revents: 0)
            // Until nothing has been taken for a while.
            while written < 100 << 20, poll(&ready, 1, 1000) == 1 {
                let result = write(writer, line, line.count)
                if result > 0 { written += result }
            }
            #expect(written > 10 * 1000 && written < 2 << 20)
            try run.waitForAccepted(10)
            run.process.kill(SIGTERM)
            #expect(try run.process.wait(seconds: 30) == 128 + SIGTERM)
            #expect(try Summary(of: run).accepted == 10)
            // All that is not left in the pipe.
            let unread = Int(try Self.unreadByteCount(pipe.fileHandleForWriting))
            run.expectErrors(
                "sender: \((written - unread) / line.count - 10) messages had been read from standard "
                    + "input and were not taken")
            try pipe.fileHandleForWriting.close()
        }

        @Test("a stop is not taken for the end of a pipe that is open")
        func stopOfAnOpenPipe() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            for _ in 1...15 {
                let pipe = Pipe()
                let run = try SenderRun(port: broker.port, input: pipe, "--stdin")
                try pipe.fileHandleForWriting.write(contentsOf: Data("a\n".utf8))
                try run.waitForAccepted(1)
                run.process.kill(SIGTERM)
                try run.expectEnd(status: 128 + SIGTERM)
                #expect(!run.process.output.lines.contains("all messages accepted"))
                try pipe.fileHandleForWriting.close()
            }
        }

        @Test("a file goes on where a killed sender was, and nothing is missing")
        func fileAfterKill() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let (count, journal) = (20_000, folder.file("journal").path)
            let input = folder.file("input")
            try Data((1...count).map { "{\"body\":\($0)}\n\n" }.joined().utf8).write(to: input)
            func start() throws -> SenderRun {
                try SenderRun(
                    port: broker.port, input: try FileHandle(forReadingFrom: input), "--json",
                    "--journal", journal, "--duplicate-id")
            }
            for accepted in [500, 2000] {
                let run = try start()
                try run.waitForAccepted(accepted)
                try run.process.killAndWait()
            }
            // The file has grown, and its last line is bad.
            let handle = try FileHandle(forWritingTo: input)
            try handle.seekToEnd()
            try handle.write(contentsOf: Data("{\"body\":\(count + 1)}\nbad\n".utf8))
            let last = try start()
            let summary = try last.expectEnd(status: 65, seconds: 60)
            #expect(summary.taken < count)
            last.expectErrors("resuming: of the messages so far ")
            last.expectErrors("line \(2 * count + 2) of standard input is not JSON")
            let sequences = try broker.messages().map(\.sequence)
            #expect(sequences.sorted() == Array(1...count + 1))
            #expect(Set(try broker.bodies()) == Set((1...count + 1).map(String.init)))

            // Another file or a pipe is not the one of the journal, nor is the file read otherwise.
            try Data("other\n".utf8).write(to: input)
            #expect(try start().process.wait(seconds: 30) == 64)
            let pipe = try SenderRun(
                port: broker.port, input: Pipe(), "--json", "--journal", journal)
            #expect(try pipe.process.wait(seconds: 30) == 64)
            pipe.expectErrors(
                "is one of lines of JSON of a regular file, not of lines of JSON of a pipe")
            let lines = try SenderRun(
                port: broker.port, input: try FileHandle(forReadingFrom: input), "--stdin",
                "--journal", journal)
            #expect(try lines.process.wait(seconds: 30) == 64)
            lines.expectErrors("not of lines of a regular file: give the same input")
        }

        @Test("what was read of a pipe outlives a kill once it is noted, and a stop in any case")
        func pipeAfterKill() throws {
            // The first five are accepted; the others are kept, and get no outcome.
            let first = try StandInBroker(in: folder, misbehaving: ["withhold-outcomes=6+"])
            try first.start()
            let journal = folder.file("journal").path
            func run(_ broker: StandInBroker, _ pipe: Pipe) throws -> SenderRun {
                try SenderRun(
                    port: broker.port, input: pipe, "--stdin", "--journal", journal, "--window=10",
                    "--drain-timeout=1000")
            }
            func write(_ range: ClosedRange<Int>, _ pipe: Pipe) throws {
                let text = range.map { "\($0)\n" }.joined()
                try pipe.fileHandleForWriting.write(contentsOf: Data(text.utf8))
            }
            let pipes = [Pipe(), Pipe(), Pipe()]
            // Taken, so noted: the window is full.
            let killed = try run(first, pipes[0])
            try write(1...15, pipes[0])
            try killed.waitForLine("sent=15")
            try killed.process.killAndWait()
            // Read and not taken: noted when the run ends in order.
            let stopped = try run(first, pipes[1])
            try write(16...500, pipes[1])
            try stopped.waitForLine("sent=10")
            try waitUntil { try Self.unreadByteCount(pipes[1].fileHandleForWriting) == 0 }
            stopped.process.kill(SIGTERM)
            #expect(try stopped.process.wait(seconds: 30) == 128 + SIGTERM)
            stopped.expectErrors("had been read", count: 0)
            try first.kill()

            let second = try StandInBroker(in: folder)
            try second.start()
            let last = try run(second, pipes[2])
            try write(501...600, pipes[2])
            try pipes[2].fileHandleForWriting.close()
            #expect(try last.expectEnd(status: 0).taken == 595)
            last.expectErrors("resuming: of the messages so far 5 were accepted; ")
            #expect(Set(try second.bodies()) == Set((1...600).map { "'\($0)'" }))
            let numbers = try second.received().map { "\($0["id"] ?? "") \($0["body"] ?? "")" }
            #expect(Set(numbers) == Set((1...600).map { "\($0) '\($0)'" }))
        }

        @Test("what stands behind bad data of a pipe is counted, and a journal keeps it")
        func behindBadData() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            func run(_ bytes: [UInt8], journal: String = "") throws -> SenderRun {
                let pipe = Pipe()
                try pipe.fileHandleForWriting.write(contentsOf: Data(bytes))
                try pipe.fileHandleForWriting.close()
                return journal.isEmpty
                    ? try SenderRun(port: broker.port, input: pipe, "--stdin")
                    : try SenderRun(
                        port: broker.port, input: pipe, "--stdin", "--journal", journal)
            }
            let text: [UInt8] =
                [0x61, 0x0A, 0xFF, 0x0A] + (1...500).flatMap { Array("\($0)\n".utf8) }
            let alone = try run(text)
            #expect(try alone.expectEnd(status: 65).taken == 1)
            alone.expectErrors(
                "sender: 500 messages had been read from standard input and were not taken")
            let journal = folder.file("journal").path
            let first = try run(text, journal: journal)
            #expect(try first.expectEnd(status: 65).taken == 1)
            first.expectErrors("the journal keeps 500 messages for the next run")
            first.expectErrors("had been read", count: 0)
            let next = try run([], journal: journal)
            #expect(try next.expectEnd(status: 0).accepted == 500)
            #expect(try broker.bodies() == ["'a'", "'a'"] + (1...500).map { "'\($0)'" })
        }

        @Test("the rest of a line of which a run that is gone had read the beginning is dropped")
        func restOfALine() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            for (name, signal) in [("killed", SIGKILL), ("stopped", SIGTERM)] {
                let pipe = Pipe()
                func run() throws -> SenderRun {
                    try SenderRun(
                        port: broker.port, input: pipe.fileHandleForReading, "--json", "--journal",
                        folder.file(name).path)
                }
                func write(_ text: String) throws {
                    try pipe.fileHandleForWriting.write(contentsOf: Data(text.utf8))
                }
                let first = try run()
                try write("{\"body\":1}\n{\"bo")
                try first.waitForAccepted(1)
                first.process.kill(signal)
                _ = try first.process.wait(seconds: 30)
                let second = try run()
                try write("dy\":2}\n{\"body\":3}\n")
                try second.waitForAccepted(1)
                second.process.kill(signal)
                _ = try second.process.wait(seconds: 30)
                second.expectErrors("the rest of a line is dropped: an earlier run has read")
                // The input read so far ends with a line now.
                let third = try run()
                try write("{\"body\":4}\n")
                try pipe.fileHandleForWriting.close()
                #expect(try third.expectEnd(status: 0).accepted == 1)
                third.expectErrors("rest of a line", count: 0)
                if signal == SIGTERM {
                    second.expectErrors("the rest of a line, 7 bytes, was dropped")
                }
            }
            #expect(try broker.bodies() == ["1", "3", "4", "1", "3", "4"])
        }

        @Test("the last line of a named pipe needs no end, and the next writer begins a line")
        func namedPipeWithoutAnEnd() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let fifo = folder.file("fifo").path
            #expect(mkfifo(fifo, 0o600) == 0)
            for text in ["a\nb", "c\nd"] {
                let run = try SenderRun(
                    port: broker.port,
                    shell: { "printf '\(text)' > \(fifo) & exec \($0) < \(fifo)" },
                    "--stdin", "--journal", folder.file("journal").path)
                #expect(try run.expectEnd(status: 0).accepted == 2)
            }
            #expect(try broker.bodies() == ["'a'", "'b'", "'c'", "'d'"])
        }

        @Test("a file may grow from run to run, also in the middle of a line")
        func growingFile() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let input = folder.file("input")
            func run() throws -> SenderRun {
                try SenderRun(
                    port: broker.port, input: try FileHandle(forReadingFrom: input), "--stdin",
                    "--journal", folder.file("journal").path)
            }
            for (text, accepted, isHeld) in [
                ("one\ntwo-begi", 1, true), ("one\ntwo-begi", 0, true),
                ("one\ntwo-beginning\nthree\n", 2, false),
                ("one\ntwo-beginning\nthree\n", 0, false),
            ] {
                try Data(text.utf8).write(to: input)
                let run = try run()
                let summary = try run.expectEnd(status: 0)
                #expect(summary.accepted == accepted && summary.notTaken == (isHeld ? 1 : 0))
                run.expectErrors(
                    "the last line of standard input, 8 bytes, has no end yet and was not taken: "
                        + "end the line, and run the same command again", count: isHeld ? 1 : 0)
            }
            #expect(try broker.bodies() == ["'one'", "'two-beginning'", "'three'"])
        }

        @Test(
            "a run that can't start has taken nothing from its pipe, and the next one sends all",
            .enabled(if: !Sanitizer.isThere, "a sanitizer needs descriptors of its own"))
        func failingStart() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            var expected: Set<String> = []
            var failedCount = 0
            for limit in 8...40 {
                let lines = (1...100).map { "\(limit)-\($0)" }
                expected.formUnion(lines.map { "'\($0)'" })
                let text = Data(lines.map { $0 + "\n" }.joined().utf8)
                func start(_ pipe: Pipe, _ options: [String], isLimited: Bool) throws -> SenderRun {
                    try SenderRun(
                        port: broker.port, input: pipe.fileHandleForReading,
                        shell: (isLimited ? "ulimit -n \(limit); " : "") + #"exec "$0" "$@""#,
                        ["--stdin"] + options)
                }
                let pipe = Pipe()
                try pipe.fileHandleForWriting.write(contentsOf: text)
                try pipe.fileHandleForWriting.close()
                let first = try start(pipe, [], isLimited: true)
                _ = try first.process.wait(seconds: 60)
                if first.process.errors.lines.contains(where: { $0.contains("could not start") }) {
                    failedCount += 1
                    #expect(
                        try Self.unreadByteCount(pipe.fileHandleForReading) == text.count,
                        "\(limit)")
                    first.expectErrors("had been read", count: 0)
                }

                let other = Pipe()
                let journal = ["--journal", folder.file("journal-\(limit)").path]
                try other.fileHandleForWriting.write(contentsOf: text)
                try other.fileHandleForWriting.close()
                _ = try start(other, journal, isLimited: true).process.wait(seconds: 60)
                let second = try start(other, journal, isLimited: false)
                try second.expectEnd(status: 0)
            }
            #expect(failedCount > 0)
            #expect(Set(try broker.bodies()) == expected)
        }

        private static func unreadByteCount(_ pipe: FileHandle) throws -> Int32 {
            var count: Int32 = 0
            try #require(
                ioctl(pipe.fileDescriptor, UInt(FIONREAD), &count) == 0)
            return count
        }
    }
}

extension SenderRun {
    /// The most memory that was used, as the kernel counts it, as late as it can be asked.
    fileprivate func peakMemoryInKiB(untilAccepted count: Int) throws -> Int {
        try waitForAccepted(count - count / 4, seconds: 600)
        // The shell is replaced by the last process of the pipeline only if that is asked for; so
        // look for the sender among its children.
        let shell = process.identifier
        let text = try String(
            contentsOfFile: "/proc/\(shell)/task/\(shell)/children", encoding: .utf8)
        let identifiers = [Int(shell)] + text.split(separator: " ").compactMap { Int($0) }
        return identifiers.compactMap { identifier in
            let status = try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)
            guard let status, status.contains("Name:\tsender") else { return nil }
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
            return Int(line.filter(\.isNumber))
        }.max() ?? .max
    }
}
