// The demonstration's run under valgrind.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension WholeProgram {
    @Suite("Memory", .serialized)
    struct Memory {
        @Test("Twenty messages and a lost broker leave nothing lost and no error in valgrind")
        func twentyMessages() throws {
            let network = try Network()
            let run = try ChildProcess(
                "valgrind", executable: URL(filePath: "/usr/bin/valgrind"),
                arguments: [
                    "--leak-check=full", "--error-exitcode=99",
                    "--suppressions=\(Places.script("valgrind.supp").path)",
                    Places.sender.path, "-a", "amqp://127.0.0.1:\(network.ports.client)/link1.test",
                    "-m", "20", "-i", "100", "-s", "200",
                ])
            try run.waitForLine(containing: "accepted=8 ", seconds: 120)
            try network.broker.kill()
            try run.waitForLine(containing: "reopen_sender", count: 2)
            try network.broker.start()
            #expect(try run.wait(seconds: 120) == 0, "\(run.allOutput)")
            #expect(run.output.lines.last == "all messages accepted")
            #expect(run.errors.text.contains("definitely lost: 0 bytes"), "\(run.allOutput)")
            #expect(run.errors.text.contains("ERROR SUMMARY: 0 errors"), "\(run.allOutput)")
            try network.broker.expectEverySequence(upTo: 20)
        }
    }
}
