// Several routers to one broker.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Other routers", .serialized)
    struct FailoverTests {
        @Test("when a router is killed the next one is used at once, and nothing is missing")
        func routerKilled() throws {
            // With a full window behind that the run can't end before the router is killed.
            let network = try Network(router: ["--misbehave", "withhold-outcomes=1001+"])
            let other = try StandInRouter.Ports(broker: network.broker.port)
            let folder = try TemporaryFolder()
            let router = try StandInRouter("single-node.conf", ports: other, in: folder)
            try router.start()
            let run = try SenderRun(
                port: network.ports.client, "--failover", "amqp://127.0.0.1:\(other.client)",
                "-m", "10000", "-i", "0", "-s", "60000")
            try run.waitForAccepted(500)
            try network.router.kill()
            try run.expectAllAccepted(10000, seconds: 50)
            try network.broker.expectEverySequence(upTo: 10000)
            #expect(try Summary(of: run).reconnects == 1)
        }

        @Test("a router that is not there is passed over, with an address as with none")
        func routerAbsent() throws {
            let network = try Network()
            let nobody = try Places.freePort()
            let run = try SenderRun(
                port: nobody, "--failover", "amqp://127.0.0.1:\(network.ports.client)/link1.test",
                "-m", "3", "-i", "0", "-s", "60000")
            try run.expectAllAccepted(3, seconds: 50)
        }
    }
}
