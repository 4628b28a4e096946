// The password prompt on a terminal.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite struct PromptTests {
        /// Runs the program on a pseudo terminal and answers, or interrupts, what it asks.
        ///
        /// The last line says what the terminal was left like, and the exit status.
        private static let terminal = """
            import os, pty, select, signal, sys, termios, time
            answer, arguments = sys.argv[1], sys.argv[2:]
            process, terminal = pty.fork()
            if not process:
                os.execv(arguments[0], arguments)
            def echoes(): return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
            text, asked, deadline = b"", False, time.monotonic() + 30
            while time.monotonic() < deadline:
                if not select.select([terminal], [], [], 1)[0]: continue
                try: chunk = os.read(terminal, 4096)
                except OSError: break
                if not chunk: break
                text += chunk
                if b": " in text and not asked and b"password of" in text:
                    asked = True
                    print("echo while asked:", echoes(), flush=True)
                    if answer == "SIGTERM": os.kill(process, signal.SIGTERM)
                    elif answer == "^C": os.write(terminal, b"\\x03")
                    else: os.write(terminal, answer.encode() + b"\\n")
            # The terminal outlives the process as long as this end is open.
            status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            print(text.decode(), flush=True)
            print("left: echo", echoes(), "status", status, flush=True)
            """

        private func ask(_ answer: String, _ arguments: [String]) throws -> ChildProcess {
            let process = try ChildProcess(
                "terminal", executable: Places.python,
                arguments: ["-c", Self.terminal, answer, Places.sender.path] + arguments)
            #expect(try process.wait(seconds: 60) == 0, "\(process.allOutput)")
            return process
        }

        @Test("the password is asked for at the terminal, and not shown there")
        func asked() throws {
            let folder = try TemporaryFolder()
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let process = try ask(
                "typed-secret",
                ["-a", "amqp://bo@localhost:\(broker.port)/q", "-m", "1", "--trace-frames"])
            let lines = process.output.lines
            #expect(lines.first == "echo while asked: False")
            #expect(lines.contains { $0.contains("sender: password of bo at localhost: ") })
            #expect(lines.contains { $0.contains("[mechanism=:PLAIN, the rest is not shown]") })
            #expect(lines.contains { $0.contains("all messages accepted") })
            #expect(!lines.contains { $0.contains("typed-secret") }, "\(process.allOutput)")
            #expect(lines.last == "left: echo True status 0")
        }

        @Test(
            "whatever ends the question, the terminal shows again what is typed",
            arguments: [
                ("^C", "left: echo True status -2"), ("SIGTERM", "left: echo True status -15"),
            ])
        func interrupted(_ answer: String, _ left: String) throws {
            let process = try ask(answer, ["-a", "amqp://bo@localhost:1/q"])
            #expect(process.output.lines.first == "echo while asked: False")
            #expect(process.output.lines.last == left, "\(process.allOutput)")
        }

        @Test("an empty answer is wrong usage")
        func empty() throws {
            let process = try ask("", ["-a", "amqp://bo@localhost:1/q"])
            #expect(
                process.output.lines.contains {
                    $0.contains("the password that was typed is empty: a password is needed")
                })
            #expect(process.output.lines.last == "left: echo True status 64")
        }

        @Test("where there is no terminal, a user without a password is wrong usage")
        func noTerminal() throws {
            // A session of its own has none.
            let process = try ChildProcess(
                "sender", executable: URL(filePath: "/usr/bin/setsid"),
                arguments: ["--wait", Places.sender.path, "-a", "amqp://bo@localhost:1/q"])
            #expect(try process.wait(seconds: 20) == 64)
            #expect(
                process.errors.lines == [
                    #"sender: the user "bo" has no password, and there is no terminal to ask at: "#
                        + "give it with --password-file FILE or in SENDER_PASSWORD"
                ])
        }
    }
}
