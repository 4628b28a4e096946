// A router that routes messages to a queue of the broker, and not links.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Message routes", .serialized)
    struct MessageRouteTests {
        private static let configuration = "message-route.conf"
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        @Test("a broker that is absent, then killed with a full window, loses nothing")
        func inFlight() throws {
            // Messages after the first 1,000 are not stored and have no outcome.
            let broker = try StandInBroker(in: folder, misbehaving: ["ignore=1001+"])
            let ports = try StandInRouter.Ports(broker: broker.port)
            let router = try StandInRouter(Self.configuration, ports: ports, in: folder)
            try router.start(untilRouteIsUp: false)
            let run = try SenderRun(
                port: ports.client, "-m", "3000", "-i", "0", "-s", "200", "--credit-notice", "300")
            try run.process.waitForErrors(
                "a router gives credit only while a receiver is attached to \"link1.test\"")
            try broker.start()
            // All credit is used: 250 is the router's.
            try run.waitForLine("sent=1250")
            try run.waitForAccepted(1000)
            try broker.kill()
            try run.waitForLine("released=250")
            try broker.start(misbehaving: false)
            try run.expectAllAccepted(3000)
            try broker.expectEverySequence(upTo: 3000)
            let summary = try Summary(of: run)
            #expect(summary.linkLosses == 0 && summary.reconnects == 0)
        }

        @Test("credit that a router asks back is returned, and comes again on the same link")
        func drain() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let ports = try StandInRouter.Ports(broker: broker.port)
            let router = try StandInRouter(Self.configuration, ports: ports, in: folder)
            try router.start(untilRouteIsUp: false)
            try loseBroker(port: ports.client, kill: broker.kill) { try broker.start() }
            try broker.expectEverySequence(upTo: 1000)
        }

        @Test(
            "qdrouterd's message route to an Artemis that is killed loses nothing",
            .enabled(
                if: MessageRouteTests.isThere("qdrouterd"),
                "skipped: qdrouterd is not on the PATH, or there is no Artemis"))
        func qdrouterd() throws {
            try loseArtemis(behind: "qdrouterd")
        }

        @Test(
            "skrouterd's message route to an Artemis that is killed loses nothing",
            .enabled(
                if: MessageRouteTests.isThere("skrouterd"),
                "skipped: skrouterd is not on the PATH, or there is no Artemis"))
        func skrouterd() throws {
            try loseArtemis(behind: "skrouterd")
        }

        /// Whether the router can be run here, with Artemis behind it.
        private static func isThere(_ router: String) -> Bool {
            RealRouter.isThere(router) && RealBroker.reasonToSkip("artemis") == nil
        }

        private func loseArtemis(behind name: String) throws {
            let broker = try RealBroker("artemis", in: folder)
            try broker.start()
            let ports = try StandInRouter.Ports(broker: broker.port)
            let router = RealRouter(name, Self.configuration, ports: ports, in: folder)
            try router.start()
            try loseBroker(port: ports.client, kill: broker.kill, start: broker.start)
            try broker.expectEverySequence(upTo: 1000)
            withExtendedLifetime(router) {}
        }

        /// With little in flight, the loss comes as credit that is asked back.
        private func loseBroker(
            port: Int, kill: () throws -> Void, start: () throws -> Void
        ) throws {
            let run = try SenderRun(
                port: port, "-m", "1000", "-i", "10", "-b", "2", "-s", "200", "--credit-notice",
                "300")
            try run.waitForAccepted(300)
            try kill()
            try run.process.waitForErrors("no credit has come for 300 ms")
            try start()
            try run.expectAllAccepted(1000)
            let summary = try Summary(of: run)
            #expect(summary.linkLosses == 0 && summary.reconnects == 0)
            // A sender that keeps the credit gets all of it, 250, released.
            #expect(summary.released < 200, "\(run.process.allOutput)")
        }
    }
}
