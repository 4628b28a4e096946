// RabbitMQ 4: its types of queues, full and down, and its addresses.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite(
        "RabbitMQ 4", .serialized,
        .enabled(if: RabbitMQ4.reasonToSkip == nil, "skipped: RabbitMQ 4 is not there"))
    struct RabbitMQ4Tests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        @Test("quorum and classic queues and streams of a RabbitMQ that is killed miss nothing")
        func killed() throws {
            let queues = ["quorum", "classic", "stream"]
            let rabbit = try RabbitMQ4(in: folder, queues: queues.map { .init($0, type: $0) })
            let count = 12_000
            // To all three over one connection.
            let run = try SenderRun(
                queues.flatMap { ["-a", rabbit.url($0)] }
                    + ["-r", "-m", "\(count)", "-i", "10", "-b", "20", "-s", "500"])
            for queue in queues {
                try run.waitForAccepted(6000, by: "/queues/\(queue)")
            }
            try rabbit.broker.kill()
            try run.process.waitForErrors("next attempt")
            try rabbit.startAgain()
            let summary = try run.expectEnd(status: 0, seconds: 120)
            #expect(summary.accepted == 3 * count)
            for queue in queues {
                try rabbit.broker.expectEverySequence(
                    upTo: count, address: "/queues/\(queue)",
                    options: queue == "stream" ? ["--stream"] : [])
            }
        }

        @Test("a classic queue that is down, and a full one that rejects, are waited for")
        func downAndFull() throws {
            let limits = ["x-max-length": 5, "x-overflow": "reject-publish"] as [String: Any]
            let rabbit = try RabbitMQ4(
                in: folder,
                queues: [.init("down", type: "classic"), .init("full", type: "classic", limits)])

            // Up to 4.2 a rejection has no reason, and is final unless it is said that it is not.
            let refused = try SenderRun(["-a", rabbit.url("full"), "-m", "20", "-i", "0"])
            let some = try refused.expectEnd(status: 1)
            #expect(some.accepted >= 5 && some.rejected > 0 && some.givenUp == 0)
            refused.expectErrors("hint: the peer rejects messages without a reason")
            let full = try SenderRun([
                "-a", rabbit.url("full"), "-m", "20", "-i", "0", "-s", "200", "--retryable", "none",
            ])
            try full.process.waitForOutput("a message returned") { lines in
                lines.contains { $0.hasPrefix("released: ") }
            }
            // The messages that the first run left there are in the way of the second.
            try rabbit.broker.expectEverySequence(
                upTo: 20, address: "/queues/full", isEmptied: true,
                options: ["--idle", "10"])
            try full.expectAllAccepted(20)

            try rabbit.takeDown("down")
            let down = try SenderRun([
                "-a", rabbit.url("down"), "-m", "20", "-i", "0", "-r", "-s", "200", "--retryable",
                "none",
            ])
            try down.process.waitForOutput("a message returned") { lines in
                lines.contains { $0.hasPrefix("released: ") }
            }
            // A start of the broker brings the queue back.
            try rabbit.broker.kill()
            try rabbit.startAgain()
            try down.expectAllAccepted(20)
            try rabbit.broker.expectEverySequence(upTo: 20, address: "/queues/down")
        }

        @Test("addresses are queues or exchanges, and another one is answered with the right form")
        func addresses() throws {
            let rabbit = try RabbitMQ4(in: folder, queues: [.init("orders", type: "classic")])
            let port = rabbit.broker.port
            for path in ["/queues/orders", "/exchanges/amq.direct/orders"] {
                let run = try SenderRun(port: port, address: path, options: ["-m", "3", "-i", "0"])
                try run.expectAllAccepted(3)
                try rabbit.broker.expectEverySequence(upTo: 3, address: "/queues/orders")
            }
            // No queue is bound by that key: the message is released.
            let lost = try SenderRun(
                port: port, address: "/exchanges/amq.direct/nobody",
                options: ["-m", "1", "-s", "50", "--redeliveries", "1"])
            #expect(try lost.expectEnd(status: 1).givenUp == 1)
            for (path, words) in [
                ("orders", "after host and port, a queue is written as \"//queues/orders\""),
                ("/queues/nothing", "the peer has no address \"/queues/nothing\""),
            ] {
                // The session ends, and another attempt may be answered otherwise.
                let run = try SenderRun(
                    port: port, address: path,
                    options: ["-m", "1", "-s", "50", "--retry-attempts", "2"])
                try run.expectEnd(status: 2)
                run.expectErrors(words)
            }
        }
    }
}
