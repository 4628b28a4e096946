// The program as a process, without a broker.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import RawPeer
import ReliableSender
import TestSupport
import Testing

@testable import SenderCommand

@Suite(.endsIfItHangs) struct ProgramTests {
    private static let nothingToDo = ["-a", "amqp://127.0.0.1:1/q", "-m", "0"]
    private static let account =
        "summary: taken 0 = accepted 0 + rejected 0 + given up 0 + unconfirmed 0 "
        + "+ in doubt 0 + unsent 0; not taken 0\n"

    private func outcome(
        _ arguments: [String]
    ) throws -> (status: Int32, output: String, errors: String) {
        try Program(arguments).end()
    }

    @Test("wrong usage is status 64 and one sentence on standard error")
    func wrongUsage() throws {
        let (status, output, errors) = try outcome(["-m", "-5"])
        #expect(status == 64)
        #expect(output == "")
        #expect(
            errors == "sender: -m is \"-5\", but must be a whole number from 0 to 1000000000000, "
                + "or as much with k or M\n")
    }

    @Test(
        "--help and --version go to standard output",
        arguments: [
            ("-h", "Usage: sender -a URL"), ("--help", "Exit status:"),
            ("--version", "(compiled for qpid-proton 0."),
        ])
    func helpAndVersion(_ option: String, _ phrase: String) throws {
        let (status, output, errors) = try outcome([option])
        #expect(status == 0)
        #expect(output.contains(phrase))
        #expect(errors == "")
    }

    /// A name server that says nothing, in a network and with a resolv.conf of its own.
    private static let withSilentNameServer = """
        import os, socket, subprocess, sys
        subprocess.check_call(["ip", "link", "set", "lo", "up"])
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 53))
        server.set_inheritable(True)
        place = os.path.realpath("/etc/resolv.conf")
        subprocess.check_call(["mount", "--bind", sys.argv[1], place])
        os.execv(sys.argv[2], sys.argv[2:])
        """

    static var mayUnshare: Bool {
        let words = [
            "unshare", "-r", "-n", "-m", "/bin/sh", "-c",
            "ip link set lo up && test -f /etc/resolv.conf",
        ]
        return (try? ChildProcess.run(words).status) == 0
    }

    @Test(
        "a name server that never answers holds up neither the open timeout nor a signal",
        .enabled(if: mayUnshare, "this machine allows no namespaces"))
    func silentNameServer() throws {
        let folder = try TemporaryFolder()
        let configuration = folder.file("resolv.conf")
        // Far more than any limit here.
        try "nameserver 127.0.0.1\noptions timeout:30 attempts:3\n".write(
            to: configuration, atomically: true, encoding: .utf8)
        let shell =
            "; exec unshare -r -n -m /usr/bin/python3 -c '\(Self.withSilentNameServer)' "
            + "'\(configuration.path)' \"$0\" \"$@\""
        let url = ["-a", "amqp://router.example/q"]
        let clock = ContinuousClock()
        let start = clock.now
        let (status, errors) = try Program(
            url + ["--check", "--open-timeout", "200"], shell: shell
        ).wait()
        #expect(status == 2)
        #expect(errors.contains("no answer from the name server within 200 ms"), "\(errors)")
        let program = try Program(url, shell: shell)
        _ = try program.blockedSignals()
        program.signal(SIGTERM)
        let ended = try program.wait()
        #expect(ended.status == 128 + SIGTERM)
        #expect(ended.errors.contains("stopped by SIGTERM"))
        #expect(clock.now - start < .seconds(25))
    }

    @Test("--version names the proton that is loaded")
    func version() throws {
        let folder = try TemporaryFolder()
        let copy = folder.file("libqpid-proton-core.so.10.99.7")
        let link = folder.file("libqpid-proton-core.so.10")
        try FileManager.default.copyItem(
            at: URL(filePath: protonLibrary.file), to: copy)
        try FileManager.default.createSymbolicLink(
            atPath: link.path, withDestinationPath: copy.path)
        let (status, text, _) = try Program(
            ["--version"],
            shell:
                "; export LD_LIBRARY_PATH='\(folder.url.path)'\"${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}\""
        ).end()
        #expect(status == 0)
        #expect(text.hasSuffix("runs on \(copy.path))\n"), "\(text)")
    }

    @Test("proton's log of a peer is not put between our lines")
    func protonLog() throws {
        let peer = try Peer { connection in
            _ = try connection.greet()
            // Proton warns of a frame size that AMQP does not allow.
            try connection.send(Frame(.open, [.string("peer"), .null, .uint(1)]), .close())
            try connection.drain()
        }
        let (_, _, errors) = try outcome(
            ["-a", "amqp://127.0.0.1:\(peer.port)/q", "-m", "1", "--log-format", "json"])
        try peer.finish()
        let lines = errors.split(separator: "\n")
        #expect(!lines.isEmpty)
        #expect(lines.allSatisfy { $0.hasPrefix("{") }, "\(errors)")
    }

    @Test(
        "a text that can't be written is status 2",
        arguments: ["-h", "--help", "--version", "--generate=man"])
    func unwritten(_ option: String) throws {
        let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
        let (status, errors) = try Program([option], output: full).wait()
        #expect(status == 2)
        #expect(
            errors == "sender: standard output could not be written: No space left on device\n")
    }

    /// Threads get a stack as large as this limit, and the memory for one is not there.
    private static let noThread = "; ulimit -s 4000000; ulimit -v 3000000"

    private static let nothingLeftLimits: [String] =
        (6...24).map { "; ulimit -n \($0)" } + [noThread]

    @Test(
        "where there is no descriptor or no thread left, standard error says so",
        .enabled(if: !Sanitizer.isThere, "a sanitizer needs both itself"),
        arguments: nothingLeftLimits)
    func nothingLeft(_ limit: String) throws {
        for arguments in [["-m", "1"], ["--check"]] {
            let (status, errors) = try Program(
                ["-a", "amqp://127.0.0.1:1/q"] + arguments, shell: limit
            ).wait()
            #expect(status == 2, "\(limit): \(errors)")
            #expect(errors.contains("sender: "), "\(limit): \(errors)")
        }
    }

    @Test("lines that go to one place stay in order")
    func sharedOutput() throws {
        for _ in 1...10 {
            let (status, text, _) = try Program(
                ["-a", "amqp://127.0.0.1:1/q"], shell: "; exec 2>&1"
            ).end()
            #expect(status == 2)
            let lines = text.split(separator: "\n")
            let kinds = lines.map { $0.prefix { $0 != ":" } }
            #expect(
                kinds == [
                    "address", "user", "password", "reconnect", "message_count",
                    "summary", "summary", "summary", "sender", "sender",
                ])
        }
    }

    @Test("bytes of a pipe that the run does not read get a warning")
    func unreadPipe() throws {
        let warning = "sender: warning: standard input is not read: "
        for (text, arguments, isWarned) in [
            ("hi\n", [], true), ("hi\n", ["--stdin"], false), ("", [], false),
        ] {
            let pipe = Pipe()
            try pipe.fileHandleForWriting.write(contentsOf: Data(text.utf8))
            let errors = try Program(Self.nothingToDo + arguments, input: pipe).wait().errors
            #expect(errors.hasPrefix(warning) == isWarned)
        }
    }

    @Test("with nothing to do no peer is needed")
    func nothingToDo() throws {
        let (status, output, errors) = try outcome(Self.nothingToDo)
        #expect(status == 0)
        #expect(
            output == """
                address: amqp://127.0.0.1:1/q
                user:
                password:
                reconnect: F
                message_count: 0
                all messages accepted

                """)
        #expect(errors.hasPrefix(Self.account))
    }

    @Test("a quiet run prints the summary only")
    func quiet() throws {
        let (status, output, errors) = try outcome(Self.nothingToDo + ["-q"])
        #expect(status == 0)
        #expect(output == "")
        #expect(errors.split(separator: "\n").count == 3)
    }

    @Test("a password gets a warning, and is not printed")
    func password() throws {
        let (status, output, errors) = try outcome(
            ["-a", "amqp://bo:secret@127.0.0.1:1/q", "-m0", "-p", "secret2"])
        #expect(status == 0)
        #expect(output.contains("user: bo\npassword: given\n"))
        #expect(errors.hasPrefix("sender: warning: "))
        #expect(!(output + errors).contains("secret"))
    }

    @Test("an option that changes nothing gets a warning")
    func uselessOption() throws {
        let (status, _, errors) = try outcome(Self.nothingToDo + ["--retry-multiplier=2"])
        #expect(status == 0)
        #expect(errors.hasPrefix("sender: warning: --retry-multiplier changes nothing"))
    }

    @Test("a connection that is refused is status 2")
    func refused() throws {
        let (status, output, errors) = try outcome(["-a", "amqp://127.0.0.1:1/q", "-m", "3"])
        #expect(status == 2)
        #expect(!output.contains("all messages"))
        let lines = errors.split(separator: "\n").suffix(2)
        #expect(
            lines.first.map(String.init)
                == "sender: can't connect to 127.0.0.1:1: connection refused; add -r to reconnect; "
                + "3 of 3 messages not sent")
        #expect(lines.last?.hasPrefix("sender: hint: nothing listens on that port") == true)
    }

    @Test("a reader that is gone does not change the status")
    func goneReader() throws {
        let output = Pipe()
        try output.fileHandleForReading.close()
        let (status, errors) = try Program(Self.nothingToDo, output: output).wait()
        #expect(status == 0)
        #expect(errors.hasPrefix(Self.account))
    }

    @Test("a full disk is reported, and does not change the status")
    func fullDisk() throws {
        let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
        let (status, errors) = try Program(Self.nothingToDo, output: full).wait()
        #expect(status == 0)
        #expect(errors.hasPrefix("sender: standard output could not be written: No space left"))
    }

    @Test("the descriptor of a closed standard output is used for nothing else")
    func closedOutput() throws {
        let listener = try SilentListener()
        let program = try Program(
            ["-a", "amqp://127.0.0.1:\(listener.port)/q"], shell: "; exec <&- >&-")
        listener.waitForConnection()
        #expect(try program.file(ofDescriptor: STDIN_FILENO) == "/dev/null")
        #expect(try program.file(ofDescriptor: STDOUT_FILENO) == "/dev/null")
        program.signal(SIGTERM)
        #expect(try program.wait().status == 143)
    }

    @Test("a stalled reader is waited for at the end, but not for ever")
    func stalledReader() throws {
        let start = ContinuousClock.now
        let (status, errors) = try Program(Self.nothingToDo, output: fullPipe()).wait()
        #expect(status == 0)
        #expect(errors.hasPrefix("sender: not all lines of standard output were written"))
        #expect(errors.contains(Self.account))
        #expect(ContinuousClock.now - start >= .seconds(5))
    }

    @Test("a second signal ends the process at once")
    func secondSignal() throws {
        let isRunning = DispatchSemaphore(value: 0)
        let peer = try Peer { connection in
            // A message without an outcome would be waited for.
            try connection.acceptLink(credit: 0)
            isRunning.signal()
            try? connection.answerEnding()
        }
        // The stalled reader holds up the end, but not the run.
        let program = try Program(
            ["-a", "amqp://127.0.0.1:\(peer.port)/q", "-m", "5"], output: fullPipe())
        #expect(try program.blockedSignals() == [SIGINT, SIGTERM, SIGHUP, SIGUSR1])
        isRunning.wait()
        program.signal(SIGINT)
        try program.waitUntilTaken(SIGINT)
        let start = ContinuousClock.now
        program.signal(SIGTERM)
        let (status, errors) = try program.wait()
        #expect(status == 143)
        #expect(errors == "")
        #expect(ContinuousClock.now - start < .seconds(5))
        try peer.finish()
    }

    @Test("a signal that comes twice at once is one")
    func repeatedSignal() throws {
        for _ in 1...5 {
            let listener = try SilentListener()
            let program = try Program(["-a", "amqp://127.0.0.1:\(listener.port)/q", "-m", "5"])
            listener.waitForConnection()
            let start = ContinuousClock.now
            program.signal(SIGTERM)
            try program.waitUntilTaken(SIGTERM)
            program.signal(SIGTERM)
            let (status, errors) = try program.wait()
            #expect(status == 143)
            // Only what comes within a tenth of a second is a repeat.
            guard ContinuousClock.now - start < .milliseconds(100) else { continue }
            #expect(errors.hasSuffix("sender: stopped by SIGTERM; 5 of 5 messages not sent\n"))
        }
    }

    @Test("under nohup the end of the terminal is not the end of the run")
    func nohup() throws {
        let listener = try SilentListener()
        let program = try Program(
            ["-a", "amqp://127.0.0.1:\(listener.port)/q"], shell: "; trap '' HUP")
        listener.waitForConnection()
        #expect(try program.blockedSignals() == [SIGINT, SIGTERM, SIGUSR1])
        program.signal(SIGHUP)
        program.signal(SIGTERM)
        #expect(try program.wait().status == 143)
    }

    @Test(
        "a first signal ends the run in order",
        arguments: [(SIGINT, 130, "SIGINT"), (SIGTERM, 143, "SIGTERM"), (SIGHUP, 129, "SIGHUP")])
    func firstSignal(_ signal: Int32, _ expected: Int32, _ name: String) throws {
        let listener = try SilentListener()
        let program = try Program(["-a", "amqp://127.0.0.1:\(listener.port)/q", "-m", "5"])
        listener.waitForConnection()
        program.signal(signal)
        let (status, errors) = try program.wait()
        #expect(status == expected)
        #expect(errors.contains("+ unsent 0; not taken 5\n"))
        #expect(errors.hasSuffix("sender: stopped by \(name); 5 of 5 messages not sent\n"))
    }

    /// Behind the header is a hole, which takes longer to search than anybody waits.
    @Test("a signal is not held up by a journal that takes long to read")
    func slowJournal() throws {
        let directory = try JournalDirectory()
        let size = 1 << 40
        try directory.write(JournalSample().bytes)
        try #require(truncate(directory.path, size) == 0)
        let program = try Program(
            ["-a", "amqp://127.0.0.1:1/link1.queue", "--journal", directory.path])
        _ = try program.blockedSignals()
        program.signal(SIGTERM)
        let (status, errors) = try program.wait()
        #expect(status == 143)
        #expect(errors == "sender: stopped by SIGTERM; nothing was sent\n")
        let file = try FileManager.default.attributesOfItem(atPath: directory.path)
        #expect(file[.size] as? Int == size)
    }
}
