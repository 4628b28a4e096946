// A short round of scripts/chaos: the stand-ins are killed and stopped at random while messages are sent.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Chaos", .serialized)
    struct ChaosTests {
        /// Seeds whose faults are short and of every kind: another pair says as much, later.
        @Test(
            "brokers and routers that are killed and stopped at random lose nothing",
            arguments: [("single", 13), ("dual", 22)])
        func randomFaults(topology: String, seed: Int) throws {
            try play("--topology", topology, "--seed", "\(seed)", "--rounds", "2")
        }

        @Test("a storm around two routers, with another one and a broker behind, loses nothing")
        func storm() throws {
            try play(
                "--topology", "pair", "--seed", "469", "--rounds", "1", "--storm", "8",
                "--longest", "2", "--",
                "--idle-timeout", "500", "--open-timeout", "1000")
        }

        @Test("a case of the table of compatibility is run again, and only its row changes")
        func compatibility() throws {
            let folder = try TemporaryFolder()
            let page = folder.file("page.md")
            try FileManager.default.copyItem(
                at: Places.root.appending(path: "docs/compatibility.md"), to: page)
            func lines() throws -> [Substring] {
                try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
            }
            let before = try lines()
            let script = try ChildProcess(
                "compatibility", executable: Places.python,
                arguments: [
                    Places.script("chaos/compatibility.py").path, "--broker", "stand-in",
                    "--number", "one", "--route", "message", "--fault", "router killed",
                    "--messages", "2000", "--seconds", "2", "--sender", Places.sender.path,
                    "--page", page.path, "--keep", folder.file("logs").path,
                ])
            #expect(try script.wait(seconds: 300) == 0, "\(script.allOutput)")
            let changes = zip(before, try lines()).filter { $0 != $1 }.map(\.1)
            #expect(
                changes.count {
                    $0.hasPrefix("| stand-in | one | message | router killed | 2,000 | 0 |")
                }
                    == 1, "\(changes)")
            // The other one is the sum of all.
            #expect(changes.count == 2, "\(changes)")
        }

        private func play(_ options: String...) throws {
            let folder = try TemporaryFolder()
            let chaos = try ChildProcess(
                "chaos", executable: Places.python,
                arguments: [
                    Places.script("chaos").path, "--messages", "3000", "--longest", "1", "--limit",
                    "60", "--retry-interval", "200", "--sender", Places.sender.path, "--keep",
                    folder.file("logs").path,
                ] + options,
                environment: ["BROKER": "stand-in", "ROUTER": "stand-in"])
            // It ends by itself, with all that it started, before this would kill it.
            #expect(try chaos.wait(seconds: 300) == 0, "\(chaos.allOutput)")
        }
    }
}
