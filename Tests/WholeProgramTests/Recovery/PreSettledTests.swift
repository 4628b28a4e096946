// Pre-settled messages: sent once, flushed before the end, lost silently.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Pre-settled messages", .serialized)
    struct PreSettledTests {
        @Test("all of 20,000 reach the queue, and none was confirmed")
        func flushedBeforeTheEnd() throws {
            let network = try Network()
            let run = try SenderRun(
                port: network.ports.client, "--pre-settled", "-m", "20000", "-i", "0")
            let summary = try run.expectEnd(status: 0, seconds: 120)
            try waitForLast(20_000, in: network.broker)
            try network.broker.expectEverySequence(upTo: 20_000)
            #expect(summary.unconfirmed == 20_000 && summary.accepted == 0)
            #expect(run.process.output.lines.last == "all messages sent, unconfirmed")
            #expect(run.process.output.lines.contains("sent=20000"))
            #expect(!run.process.output.lines.contains { $0.hasPrefix("accepted") })
        }

        /// The sender knows only of its router: the broker behind it may have more to read.
        private func waitForLast(_ sequence: Int, in broker: StandInBroker) throws {
            try waitUntil { try broker.messages().last?.sequence == sequence }
        }

        @Test("RabbitMQ has all of them, behind the router")
        func rabbitMQ() throws {
            try sendToRealBroker("rabbitmq")
        }

        @Test(
            "Artemis has all of them, behind the router",
            .enabled(
                if: RealBroker.reasonToSkip("artemis") == nil,
                "skipped: ARTEMIS_HOME does not name an unpacked distribution"))
        func artemis() throws {
            try sendToRealBroker("artemis")
        }

        private func sendToRealBroker(_ name: String) throws {
            let network = try RealNetwork(name)
            let run = try SenderRun(
                port: network.ports.client, "--pre-settled", "-m", "5000", "-i", "0")
            try run.expectEnd(status: 0, seconds: 120)
            try network.broker.expectEverySequence(upTo: 5000)
        }

        @Test("what is on its way when the broker is killed is not sent again, the rest is sent")
        func brokerKilled() throws {
            let network = try Network()
            let run = try SenderRun(
                port: network.ports.client, "--pre-settled", "-m", "2000", "-i", "10", "-b", "5",
                "-s", "100")
            try run.waitForLine("sent=500")
            try network.broker.kill()
            try run.waitForLine("reopen_sender")
            try network.broker.start()
            let summary = try run.expectEnd(status: 0, seconds: 120)
            #expect(summary.unconfirmed == 2000 && summary.resent == 0)
            #expect(summary.linkLosses >= 1)
            try waitForLast(2000, in: network.broker)
            let sequences = try network.broker.messages().map(\.sequence)
            #expect(Set(sequences).count == sequences.count, "something came twice")
        }

        @Test("a router that hangs before the end is no success: the status is 2")
        func routerHangs() throws {
            let network = try Network()
            let run = try SenderRun(
                port: network.ports.client, "--pre-settled", "-m", "3", "-i", "1500",
                "--outcome-timeout", "1000", "--drain-timeout", "500")
            try run.waitForLine("sent=1")
            network.router.process?.kill(SIGSTOP)
            defer { network.router.process?.kill(SIGCONT) }
            let summary = try run.expectEnd(status: 2)
            #expect(summary.unconfirmed == 3)
            run.expectErrors("may not have read the last messages: no answer to the close")
            #expect(run.process.output.lines.last != "all messages sent, unconfirmed")
        }

        @Test("bytes that a hanging peer does not take are given up with their connection")
        func bytesDoNotLeave() throws {
            let folder = try TemporaryFolder()
            // More credit than anybody's buffers hold; and heartbeats that would end it are off.
            let broker = try StandInBroker(
                in: folder, misbehaving: ["hang=2000"], options: ["--credit", "10000000"])
            try broker.start()
            let run = try SenderRun(
                port: broker.port, "--pre-settled", "-m", "10000000", "-i", "0", "-q",
                "--outcome-timeout", "1000", "--idle-timeout", "0")
            let summary = try run.expectEnd(status: 2, seconds: 120)
            run.expectErrors("the connection failed: the peer does not read what was sent")
            #expect(summary.unconfirmed > 2000 && summary.unconfirmed < 10_000_000)
        }

        @Test("a stop flushes what was sent, and ends with 128 + 15")
        func stopped() throws {
            let network = try Network()
            let run = try SenderRun(
                port: network.ports.client, "--pre-settled", "-m", "1000000", "-i", "1")
            try run.waitForLine("sent=200")
            run.process.kill(SIGTERM)
            let summary = try run.expectEnd(status: 128 + SIGTERM)
            #expect(summary.taken == summary.unconfirmed)
            try waitForLast(summary.unconfirmed, in: network.broker)
            try network.broker.expectEverySequence(upTo: summary.unconfirmed)
        }

        @Test("with a journal, what was sent is not sent again by the next run")
        func journal() throws {
            let network = try Network()
            let journal = network.folder.file("journal").path
            let first = try SenderRun(
                port: network.ports.client, "--pre-settled", "-m", "100000", "-i", "1",
                "--journal", journal)
            try first.waitForLine("sent=100")
            first.process.kill(SIGTERM)
            let sent = try first.expectEnd(status: 128 + SIGTERM).unconfirmed
            let second = try SenderRun(
                port: network.ports.client, "-m", "\(sent + 5)", "-i", "0", "--journal", journal)
            let summary = try second.expectEnd(status: 0)
            #expect(summary.accepted == 5 && summary.unconfirmed == 0)
            second.expectErrors("\(sent) sent unconfirmed; 5 to send")
            #expect(second.process.output.lines.last == "all messages sent, unconfirmed")
            try network.broker.expectEverySequence(upTo: sent + 5)
        }
    }
}
