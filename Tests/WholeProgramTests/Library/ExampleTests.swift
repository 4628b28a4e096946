// The programs of Examples/.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Examples of the library", .serialized)
    struct ExampleTests {
        private func start(_ name: String, _ arguments: String...) throws -> ChildProcess {
            try ChildProcess(
                name, executable: Places.products.appending(path: name), arguments: arguments)
        }

        @Test("first-message sends its text, and says what became of it")
        func firstMessage() throws {
            let network = try Network()
            let url = "amqp://127.0.0.1:\(network.ports.client)"
            let run = try start("first-message", url, "link1.test", "hello")
            #expect(try run.wait(seconds: 60) == 0, "\(run.allOutput)")
            #expect(run.output.lines == ["link1.test: accepted", "1 of 1 accepted"])
            #expect(try network.broker.bodies() == ["'hello'"])
        }

        @Test("first-message says why it can't send")
        func firstMessageFails() throws {
            let run = try start("first-message", "amqp://bob:secret@127.0.0.1/q", "q", "hello")
            #expect(try run.wait(seconds: 60) == 1)
            let text = run.output.text
            #expect(text.hasPrefix("first-message: the URL ") && !text.contains("secret"))
            #expect(try start("first-message").wait(seconds: 60) == 64)
        }

        @Test(
            "order-service outlives its broker, and ends at SIGTERM with every message accounted for"
        )
        func orderService() throws {
            let network = try Network()
            let run = try start("order-service", "amqp://127.0.0.1:\(network.ports.client)", "5")
            let addresses = ["orders", "invoices", "audit"].map { "link1.\($0)" }
            try waitForAccepted(10, run, addresses)
            try network.broker.kill()
            try run.waitForLine(containing: "qd:no-route-to-dest", count: 3)
            try network.broker.start()
            try run.waitForLine(containing: "restored", count: 3)
            let counts = addresses.map { accepted(run.output.lines, $0) }
            try waitForAccepted(1 + (counts.max() ?? 0), run, addresses)
            run.kill(SIGTERM)
            #expect(try run.wait(seconds: 60) == 0, "\(run.allOutput)")
            let bodies = try network.broker.bodies()
            var total = 0
            for address in addresses {
                let count = accepted(run.output.lines, address)
                total += count
                // One that was in doubt may have arrived twice.
                let arrived = Set(bodies.filter { $0.hasPrefix("'\(address) ") })
                #expect(arrived.isSuperset(of: (1...count).map { "'\(address) \($0)'" }))
            }
            #expect(run.output.lines.contains("closed: \(total) of \(total) accepted"))
        }

        private func accepted(_ lines: [String], _ address: String) -> Int {
            lines.count { $0.hasPrefix("\(address) ") && $0.hasSuffix(": accepted") }
        }

        private func waitForAccepted(
            _ count: Int, _ run: ChildProcess, _ addresses: [String]
        ) throws {
            try run.waitForOutput(seconds: 60, "\(count) acceptances for each address") { lines in
                addresses.allSatisfy { accepted(lines, $0) >= count }
            }
        }

        @Test("lost-link shows that no message is lost with its link")
        func lostLink() throws {
            let run = try start("lost-link", Places.standIn("broker.py"))
            #expect(try run.wait(seconds: 60) == 0, "\(run.allOutput)")
            #expect(
                run.output.lines == ["the link was lost once, 2 messages have arrived"],
                "\(run.allOutput)")
            // Its broker would hold the pipe of standard error.
            #expect(run.errors.waitForEnd(seconds: 5), "the broker was not ended")
        }
    }
}
