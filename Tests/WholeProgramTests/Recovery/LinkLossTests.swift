// The broker dies, the connection stays up: the link is reopened and no message is lost.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Broker lost behind a router", .serialized)
    struct LinkLossTests {
        @Test("one router: a broker killed with messages in flight and restarted loses nothing")
        func singleNode() throws {
            let network = try Network()
            try loseBrokerAtFullSpeed(network.broker, port: network.ports.client)
        }

        @Test("two routers: a broker killed with messages in flight and restarted loses nothing")
        func dualNode() throws {
            let folder = try TemporaryFolder()
            let broker = try StandInBroker(in: folder, misbehaving: [Self.holdingUp])
            try broker.start()
            let ports = try StandInRouter.Ports(broker: broker.port)
            let brokerSide = try StandInRouter(
                "dual-node-broker-side.conf", ports: ports, in: folder)
            try brokerSide.start()
            let clientSide = try StandInRouter(
                "dual-node-client-side.conf", ports: ports, in: folder)
            try clientSide.start()
            try loseBrokerAtFullSpeed(broker, port: ports.client)
        }

        /// With a full window behind that the run can't end before the broker is killed.
        private static let holdingUp = "withhold-outcomes=3001+"

        private func loseBrokerAtFullSpeed(_ broker: StandInBroker, port: Int) throws {
            let count = 6000
            let run = try SenderRun(port: port, "-m", "\(count)", "-i", "0", "-s", "200")
            try run.waitForAccepted(count / 3)
            try broker.kill()
            try run.waitForLine("on_sender_error: qd:routed-link-lost")
            try run.waitForLine("on_sender_error: qd:no-route-to-dest", count: 2)
            try broker.start(misbehaving: false)
            try run.expectAllAccepted(count)
            try broker.expectEverySequence(upTo: count)
        }

        @Test("a broker that is absent at the start is waited for")
        func brokerAbsentAtStart() throws {
            let folder = try TemporaryFolder()
            let broker = try StandInBroker(in: folder)
            let ports = try StandInRouter.Ports(broker: broker.port)
            let router = try StandInRouter("single-node.conf", ports: ports, in: folder)
            try router.start(untilRouteIsUp: false)
            let run = try SenderRun(port: ports.client, "-m", "5", "-i", "10", "-s", "200")
            try run.waitForLine("on_sender_open: credit=false", count: 3)
            try broker.start()
            try run.expectAllAccepted(5)
            try broker.expectEverySequence(upTo: 5)
        }

        @Test("a broker killed after the last send and back ten refusals later has every message")
        func lostAfterLastSend() throws {
            // The last ten messages are not stored and have no outcome when the broker dies.
            let network = try Network(misbehaving: ["ignore=11+"])
            let run = try SenderRun(port: network.ports.client, "-m", "20", "-i", "0", "-s", "200")
            try run.waitForLine("sent=20")
            try run.waitForAccepted(10)
            try network.broker.kill()
            try run.waitForLine("on_sender_error: qd:no-route-to-dest", count: 10)
            try network.broker.start(misbehaving: false)
            try run.expectAllAccepted(20)
            try network.broker.expectEverySequence(upTo: 20)
        }

        @Test("messages that come back rejected for a lost route are sent again, not given up")
        func routingFailures() throws {
            let network = try Network(
                misbehaving: ["withhold-outcomes=1001+"],
                router: ["--routing-failures", "without-detach"])
            // When all credit is used up at that moment nothing comes that could be rejected, and
            // only what gets no outcome shows that the link is dead.
            let run = try SenderRun(
                port: network.ports.client, "-m", "3000", "-i", "0", "-s", "200",
                "--outcome-timeout",
                "2000")
            try run.waitForAccepted(500)
            try network.broker.kill()
            try run.waitForLine("reopen_sender")
            try network.broker.start(misbehaving: false)
            try run.expectAllAccepted(3000)
            try network.broker.expectEverySequence(upTo: 3000)
        }
    }
}
