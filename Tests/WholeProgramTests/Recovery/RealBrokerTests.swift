// Real brokers behind the stand-in router, killed during a run.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension WholeProgram {
    @Suite("Real brokers", .serialized)
    struct RealBrokerTests {
        @Test(
            "RabbitMQ killed and started again behind the router has every message",
            .enabled(
                if: RealBroker.reasonToSkip("rabbitmq") == nil, "skipped: RabbitMQ is not there"))
        func rabbitMQ() throws {
            try loseBroker("rabbitmq")
        }

        @Test(
            "a stock Artemis killed and started again behind the router has every message once",
            .enabled(
                if: RealBroker.reasonToSkip("artemis") == nil,
                "skipped: ARTEMIS_HOME does not name an unpacked distribution"))
        func artemis() throws {
            // At an address that nobody has made.
            try loseBroker("artemis", address: "link1.fresh", "--duplicate-id")
        }

        @Test(
            "two links to an address of an Artemis that is killed bring every message once",
            .enabled(
                if: RealBroker.reasonToSkip("artemis") == nil,
                "skipped: ARTEMIS_HOME does not name an unpacked distribution"))
        func twoLinks() throws {
            let network = try RealNetwork("artemis")
            let count = 10_000
            let run = try SenderRun(
                port: network.ports.client, "--links", "2", "--duplicate-id", "-m", "\(count)",
                "-i", "10", "-b", "10", "-s", "500")
            for link in 1...2 { try run.waitForAccepted(2000, by: "link \(link)") }
            try network.broker.kill()
            for link in 1...2 { try run.waitForLine("link \(link): reopen_sender") }
            try network.broker.start()
            #expect(try run.expectEnd(status: 0, seconds: 120).accepted == count)
            try network.broker.expectEverySequence(upTo: count, once: true)
        }

        @Test(
            "qpidd behind a router that is killed and started again has every message",
            .enabled(
                if: RealBroker.reasonToSkip("qpidd") == nil, "skipped: no qpidd is on the PATH"))
        func qpidd() throws {
            // Without its module for it (store), qpidd keeps nothing over a kill of its own.
            let network = try RealNetwork("qpidd")
            let run = try SenderRun(
                port: network.ports.client, "-r", "-m", "10000", "-i", "10", "-b", "20", "-s",
                "200")
            try run.waitForAccepted(2000)
            try network.router.kill()
            try run.process.waitForErrors("next attempt")
            try network.router.start()
            try run.expectAllAccepted(10_000)
            try network.broker.expectEverySequence(upTo: 10_000)
        }

        @Test(
            "a durable queue of RabbitMQ's is asked for as one, and who does not gets a hint",
            .enabled(if: RealBroker.isRabbitMQOld, "skipped: RabbitMQ 4 takes either"))
        func durability() throws {
            let network = try RealNetwork("rabbitmq")
            let (broker, ports) = (network.broker, network.ports)
            for (port, words) in [
                (
                    broker.port,
                    "hint: the queue has a different durability"
                ),
                (ports.client, "attach 1 was not answered: the broker may hold this queue"),
            ] {
                let run = try SenderRun(
                    port: port, "--non-durable", "-m", "1", "-s", "100", "--retry-attempts", "2",
                    "--open-timeout", "3000")
                try run.expectEnd(status: 2)
                run.expectErrors(words)
            }
            let run = try SenderRun(
                port: ports.client, "--non-durable", "--target-durability", "unsettled-state",
                "-m", "5", "-i", "0")
            try run.expectAllAccepted(5)
            try broker.expectEverySequence(upTo: 5)
        }

        private func loseBroker(
            _ name: String, address: String = "link1.test", _ options: String...
        ) throws {
            let network = try RealNetwork(name)
            let (broker, ports) = (network.broker, network.ports)
            #expect(try broker.runsInItsFolder())
            // For about 2 s RabbitMQ 3.10 forgets a queue that was declared just before it is killed,
            // whatever it had accepted: so the kill comes later than that, at 2,000 messages a second.
            let count = 20_000
            let run = try SenderRun(
                port: ports.client, address: address,
                options: ["-m", "\(count)", "-i", "10", "-b", "20", "-s", "500"] + options)
            try run.waitForAccepted(7000)
            try broker.kill()
            try run.waitForLine("reopen_sender")
            try broker.start()
            try run.expectAllAccepted(count)
            try broker.expectEverySequence(
                upTo: count, address: address, once: options.contains("--duplicate-id"))
        }
    }
}
