// Intervals and number of retries, and fatal errors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Attempts", .serialized)
    struct RetryTests {
        @Test("waits grow up to the longest one, and when the attempts are used up the status is 2")
        func pace() throws {
            let expected = [100.0, 200, 400, 400, 400]
            var shortest = expected.map { _ in Double.infinity }
            func areShort() -> Bool { zip(shortest, expected).allSatisfy { $0 <= $1 + 150 } }
            // The connect itself comes on top: on a busy machine it may need another run.
            for _ in 1...10 where !areShort() {
                let peer = try ClosingListener()
                let run = try SenderRun(
                    port: peer.port, "-r", "-s", "100", "--retry-multiplier", "2",
                    "--max-retry-interval", "400", "--retry-attempts", "5")
                try run.expectEnd(status: 2)
                try #require(peer.count == 6)
                for (wait, expected) in zip(peer.waits, expected) {
                    #expect(wait >= expected * 0.95, "\(peer.waits)")
                }
                shortest = zip(shortest, peer.waits).map { min($0, $1) }
                run.expectErrors("can't connect to ", count: 6)
                run.expectErrors("gave up after 5 attempts in a row: ")
            }
            #expect(areShort(), "\(shortest)")
        }

        @Test("without -r the reason for the end is said once")
        func reasonIsSaidOnce() throws {
            let peer = try ClosingListener()
            let run = try SenderRun(port: peer.port)
            try run.expectEnd(status: 2)
            run.expectErrors("connection", count: 1)
        }

        @Test("refused links count as attempts")
        func refusedLinks() throws {
            let folder = try TemporaryFolder()
            let broker = try StandInBroker(
                in: folder, misbehaving: ["refuse-attach:qd:no-route-to-dest"])
            try broker.start()
            let run = try SenderRun(port: broker.port, "-s", "30", "--retry-attempts", "3")
            try run.expectEnd(status: 2)
            #expect(run.process.output.lines.count { $0.hasPrefix("reopen_sender") } == 3)
            run.expectErrors("gave up after 3 attempts in a row: qd:no-route-to-dest")
        }

        @Test("a condition that --fatal names ends the run at once")
        func fatal() throws {
            let folder = try TemporaryFolder()
            let broker = try StandInBroker(
                in: folder, misbehaving: ["refuse-attach:qd:no-route-to-dest"])
            try broker.start()
            let run = try SenderRun(port: broker.port, "--fatal", "qd:no-route-to-dest")
            try run.expectEnd(status: 2)
            #expect(!run.process.output.text.contains("reopen_sender"))
            run.expectErrors("a retry does not cure: qd:no-route-to-dest")
        }

        @Test("a condition that --retryable names is no end")
        func retryable() throws {
            let folder = try TemporaryFolder()
            let broker = try StandInBroker(
                in: folder, misbehaving: ["refuse-attach=-2:amqp:not-found"])
            try broker.start()
            let once = try SenderRun(port: broker.port, "-m", "3", "-i", "0", "-s", "30")
            try once.expectEnd(status: 2)
            let run = try SenderRun(
                port: broker.port, "-m", "3", "-i", "0", "-s", "30", "--retryable",
                "amqp:not-found")
            try run.expectAllAccepted(3)
            #expect(run.process.output.text.contains("reopen_sender"))
        }

        @Test("a message that comes back more often than --redeliveries allows is given up")
        func redeliveries() throws {
            let folder = try TemporaryFolder()
            let broker = try StandInBroker(in: folder, misbehaving: ["release"])
            try broker.start()
            let run = try SenderRun(
                port: broker.port, "-m", "3", "-i", "0", "-s", "20", "--redeliveries", "2")
            let summary = try run.expectEnd(status: 1)
            #expect(summary.givenUp == 3 && summary.resent == 6, "\(run.process.allOutput)")
            run.expectErrors("more often than --redeliveries allows", count: 3)
            #expect(run.process.output.lines.last == "all messages accounted for")
        }
    }
}
