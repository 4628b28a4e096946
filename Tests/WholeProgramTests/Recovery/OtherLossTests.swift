// Losses of other shapes: detach without close, session, router, connection.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Losses of other shapes", .serialized)
    struct OtherLossTests {
        @Test(
            "a peer that detaches, closes the link or ends the session is sent to again",
            arguments: ["detach=%40", "close-link=%40", "end-session=%40"])
        func peerEndsLink(misbehaviour: String) throws {
            let folder = try TemporaryFolder()
            let broker = try StandInBroker(in: folder, misbehaving: [misbehaviour])
            try broker.start()
            let run = try SenderRun(port: broker.port, "-m", "100", "-i", "0", "-s", "50")
            try run.expectAllAccepted(100)
            #expect(run.process.output.lines.contains { $0.hasPrefix("reopen_sender") })
            try broker.expectEverySequence(upTo: 100)
        }

        @Test("with -r a killed router is connected to again, and nothing is missing")
        func killedRouter() throws {
            let network = try Network()
            let run = try SenderRun(
                port: network.ports.client, "-r", "-m", "40000", "-i", "0", "-s", "200")
            try run.waitForAccepted(1500)
            try network.router.kill()
            try run.process.waitForErrors("connection lost")
            try network.router.start()
            try run.expectAllAccepted(40_000)
            try network.broker.expectEverySequence(upTo: 40_000)
        }

        @Test("broker and router lost half a second apart leave one sender, and nothing is missing")
        func brokerThenRouter() throws {
            let network = try Network()
            let run = try SenderRun(
                port: network.ports.client, "-r", "-m", "40000", "-i", "0", "-s", "500")
            try run.waitForAccepted(1500)
            try network.broker.kill()
            // The refusal that follows the first wait comes half a second after the loss.
            try run.waitForLine("on_sender_error: qd:no-route-to-dest")
            try network.router.kill()
            try network.broker.start()
            try network.router.start()
            try run.expectAllAccepted(40_000)
            try network.broker.expectEverySequence(upTo: 40_000)
            let links = network.router.process?.output.lines.filter { $0.hasPrefix("link up: ") }
            #expect(links?.count == 1, "not one sender came out of the race: \(links ?? [])")
        }

        @Test("without -r a killed router is the end: status 2, and the summary adds up")
        func killedNoReconnect() throws {
            let network = try Network()
            let run = try SenderRun(port: network.ports.client, "-m", "100000", "-i", "0")
            try run.waitForAccepted(500)
            try network.router.kill()
            #expect(try run.process.wait(seconds: 30) == 2, "\(run.process.allOutput)")
            let summary = try Summary(of: run)
            #expect(summary.adds, "\(run.process.allOutput)")
            #expect(summary.inDoubt + summary.unsent > 0)
        }

        @Test("a stop by SIGTERM finishes what was taken, and ends with 128 + 15")
        func stopBySignal() throws {
            let network = try Network()
            let run = try SenderRun(port: network.ports.client, "-m", "100000", "-i", "0")
            try run.waitForAccepted(500)
            run.process.kill(SIGTERM)
            #expect(try run.process.wait(seconds: 30) == 128 + SIGTERM, "\(run.process.allOutput)")
            let summary = try Summary(of: run)
            #expect(summary.adds, "\(run.process.allOutput)")
            #expect(summary.taken == summary.accepted, "\(run.process.allOutput)")
            try network.broker.expectEverySequence(upTo: summary.accepted)
        }
    }
}
