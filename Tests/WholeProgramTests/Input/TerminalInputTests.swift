// Lines from a terminal, which may be in the background.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite struct TerminalInputTests {
        /// Starts the program in the background of a terminal, waits until it is stopped for its reading, brings
        /// it to the foreground and types.
        private static let terminal = """
            import os, pty, signal, sys
            shell, terminal = pty.fork()
            if shell:
                os.write(terminal, sys.argv[1].encode() + b"\\n\\x04")
                while True:
                    try: chunk = os.read(terminal, 4096)
                    except OSError: break
                    if not chunk: break
                    os.write(1, chunk)
                sys.exit(os.waitstatus_to_exitcode(os.waitpid(shell, 0)[1]))
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            process = os.fork()
            if not process:
                os.setpgid(0, 0)
                signal.signal(signal.SIGTTOU, signal.SIG_DFL)
                os.execv(sys.argv[2], sys.argv[2:])
            status = os.waitpid(process, os.WUNTRACED)[1]
            print("stopped by SIGTTIN:",
                os.WIFSTOPPED(status) and os.WSTOPSIG(status) == signal.SIGTTIN, flush=True)
            os.tcsetpgrp(0, process)
            os.kill(process, signal.SIGCONT)
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
            """

        @Test("reading in the background stops the program until it is in the foreground")
        func background() throws {
            let folder = try TemporaryFolder()
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let process = try ChildProcess(
                "terminal", executable: Places.python,
                arguments: [
                    "-c", Self.terminal, "typed", Places.sender.path,
                    "-a", "amqp://127.0.0.1:\(broker.port)/q", "--stdin", "-i", "0",
                ])
            #expect(try process.wait(seconds: 60) == 0, "\(process.allOutput)")
            #expect(
                process.output.lines.contains { $0.contains("stopped by SIGTTIN: True") },
                "\(process.allOutput)")
            #expect(try broker.bodies() == ["'typed'"])
        }
    }
}
