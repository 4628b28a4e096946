// Resuming after a kill.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Journal", .serialized)
    struct JournalTests {
        private let folder: TemporaryFolder
        private var file: URL { folder.file("journal") }

        init() throws {
            folder = try TemporaryFolder()
        }

        @Test("a killed sender goes on where it was, and with ids each message arrives once")
        func senderKilled() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let count = 20_000
            func start(_ pace: String...) throws -> SenderRun {
                try SenderRun(
                    port: broker.port,
                    options: ["-m", "\(count)", "--journal", file.path, "--duplicate-id"] + pace)
            }
            for accepted in [500, 1000] {
                let run = try start("-i", "1", "-b", "2")
                try run.waitForAccepted(accepted)
                try run.process.killAndWait()
            }
            let last = try start("-i", "0")
            #expect(try last.process.wait(seconds: 180) == 0, "\(last.process.allOutput)")
            last.expectErrors("resuming: of the messages so far ")
            let summary = try Summary(of: last)
            #expect(summary.adds && summary.taken < count)
            #expect(try broker.messages().map(\.sequence).sorted() == Array(1...count))

            // There is nothing to do any more.
            let another = try start("-i", "0")
            #expect(try another.process.wait(seconds: 30) == 0)
            #expect(try Summary(of: another).taken == 0)
        }

        @Test("what an earlier run had rejected is not forgotten in the status")
        func rejectedEarlier() throws {
            let broker = try StandInBroker(in: folder, misbehaving: ["reject=2"])
            try broker.start()
            for count in ["5", "7"] {
                let run = try SenderRun(
                    port: broker.port, "-m", count, "-i", "0", "--journal", file.path)
                try run.expectEnd(status: 1)
                #expect(run.process.output.lines.last == "all messages accounted for")
            }
            #expect(try broker.messages().map(\.sequence) == [1, 3, 4, 5, 6, 7])
        }

        /// A library that makes a disk slow.
        private func slowDisk(milliseconds: Int) throws -> [String: String] {
            let library = folder.file("slow.so").path
            let code = """
                #include <unistd.h>
                int fdatasync(int descriptor) { return usleep(\(milliseconds * 1000)); }
                int fsync(int descriptor) { return usleep(\(milliseconds * 1000)); }
                """
            let compiler = try ChildProcess(
                "cc", executable: URL(filePath: "/usr/bin/env"),
                arguments: [
                    "bash", "-c", "cc -shared -fPIC -o \"$0\" -x c - <<<\"$1\"", library, code,
                ])
            #expect(try compiler.wait(seconds: 60) == 0, "\(compiler.allOutput)")
            return ["LD_PRELOAD": library]
        }

        @Test(
            "a slow disk holds nothing else up: lines go out as they come, and a stop is heard",
            .enabled(if: !Sanitizer.isThere, "a sanitizer has to be the first library"))
        func slowDisk() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let pipe = Pipe()
            let run = try SenderRun(
                port: broker.port, input: pipe, environment: slowDisk(milliseconds: 50), "--stdin",
                "--journal", file.path)
            // Faster than the disk, and far slower than what has to go on.
            let writer = SteadyWriter(pipe, everyMilliseconds: 20)
            defer { writer.stop() }
            try run.waitForAccepted(1)
            // When the window was full, everything went out at once.
            #expect(writer.count < 900)
            try run.waitForAccepted(100)
            run.process.kill(SIGTERM)
            let summary = try run.expectEnd(status: 128 + SIGTERM)
            #expect(summary.accepted == summary.taken && summary.resent == 0)
        }

        @Test("a journal that can't be used is wrong usage, and nobody is connected to")
        func refused() throws {
            let peer = try ClosingListener()
            try "no journal".write(to: file, atomically: true, encoding: .utf8)
            let other = folder.file("other")
            let cases = [
                (["--journal", file.path], "is not a journal of sender"),
                (["--journal", folder.file("no/such").path], "No such file or directory"),
                (
                    ["--journal", other.path, "--rejected-file", other.path],
                    "--journal and --rejected-file are the same file: name two"
                ),
            ]
            for (arguments, phrase) in cases {
                let run = try SenderRun(port: peer.port, options: arguments)
                #expect(try run.process.wait(seconds: 30) == 64, "\(run.process.allOutput)")
                #expect(run.process.output.lines.isEmpty)
                #expect(run.process.errors.lines.count == 1)
                run.expectErrors(phrase)
            }
            #expect(peer.count == 0)
        }

        @Test("the journal of another command is wrong usage, and says how it differs")
        func anotherCommand() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let text = folder.file("text")
            try "a".write(to: text, atomically: true, encoding: .utf8)
            func run(_ input: String, _ arguments: String) throws -> SenderRun {
                let name = folder.file("journal-\(input.count)").path
                return try SenderRun(
                    port: broker.port,
                    shell: { "\(input) exec \($0) \(arguments) --journal \(name)" })
            }
            typealias Case = (input: String, first: String, others: [(String, String)])
            let cases: [Case] = [
                (
                    ":;", "--content a",
                    [
                        ("--content b", "begun with another text of --content"),
                        ("--content a --body-type binary", "--body-type string, not binary"),
                        ("-m 1", "is one of messages of --content or --content-file, not of"),
                    ]
                ),
                (
                    "printf '1,2,' |", "--stdin --delimiter ,",
                    [
                        ("--stdin", #"begun with --delimiter ',', not '\n'"#),
                        (
                            "--stdin --delimiter , --body-type value",
                            "--body-type string, not value"
                        ),
                        ("--json --delimiter ,", "is one of lines of a pipe, not of lines of JSON"),
                    ]
                ),
            ]
            for (input, first, others) in cases {
                #expect(try run(input, first).process.wait(seconds: 30) == 0)
                for (arguments, phrase) in others {
                    let other = try run(input, arguments)
                    #expect(try other.process.wait(seconds: 30) == 64, "\(arguments)")
                    other.expectErrors(phrase)
                }
            }
            #expect(try broker.bodies() == ["'a'", "'1'", "'2'"])
        }

        @Test(
            "when it can't be written any more nothing new is taken, and the status is 2",
            .enabled(if: !Sanitizer.isOfThreads, "the thread sanitizer"))
        func notWritten() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            // In blocks of 1 KiB.
            let run = try SenderRun(
                port: broker.port, shell: { "ulimit -f 1; exec \($0)" },
                "-m", "100000", "-i", "0", "--journal", file.path)
            let summary = try run.expectEnd(status: 2)
            #expect(summary.accepted == summary.taken && summary.taken < 100_000)
            run.expectErrors("could not be written: File too large")
            let next = try SenderRun(
                port: broker.port, "-m", "\(summary.taken)", "-i", "0", "--journal", file.path)
            #expect(try next.process.wait(seconds: 30) == 0, "\(next.process.allOutput)")
            #expect(Set(try broker.messages().map(\.sequence)) == Set(1...summary.taken))
        }
    }
}

/// Writes lines into a pipe, one after the other.
private final class SteadyWriter: Sendable {
    private let written = Mutex(0)
    private let stopped = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    init(_ pipe: Pipe, everyMilliseconds pause: Int) {
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        Thread.detachNewThread { [self] in
            // The reader may go first; the signal would end the tests.
            var brokenPipe = sigset_t()
            sigemptyset(&brokenPipe)
            sigaddset(&brokenPipe, SIGPIPE)
            pthread_sigmask(SIG_BLOCK, &brokenPipe, nil)
            while stopped.wait(timeout: .now() + .milliseconds(pause)) == .timedOut {
                let line = Array("\(count)\n".utf8)
                if write(descriptor, line, line.count) == line.count {
                    written.withLock { $0 += 1 }
                }
            }
            ended.signal()
        }
    }

    var count: Int { written.withLock { $0 } }

    /// Nothing is written from now on.
    func stop() {
        stopped.signal()
        ended.wait()
    }
}
