// Messages sent twice that arrive once.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Duplicate ids", .serialized)
    struct DuplicateIDTests {
        @Test("messages that were kept without an outcome are sent again and arrive once")
        func brokerKilled() throws {
            let network = try Network(misbehaving: ["withhold-outcomes=11+"])
            let run = try SenderRun(
                port: network.ports.client, "-m", "120", "-i", "0", "-s", "200", "--duplicate-id",
                "--run-id", "a run")
            try run.waitForLine("sent=120")
            try run.waitForAccepted(10)
            try waitUntil { try network.broker.messages().count == 120 }
            try network.broker.kill()
            try run.waitForLine("reopen_sender")
            try network.broker.start(misbehaving: false)
            try run.expectAllAccepted(120)
            #expect(try Summary(of: run).resent == 110)
            try expectEachOnce(in: network.broker, count: 120, runID: "a run")

            // The whole run once more, as after its death.
            let again = try SenderRun(
                port: network.ports.client, "-m", "130", "-i", "0", "--duplicate-id", "--run-id",
                "a run")
            try again.expectAllAccepted(130)
            try expectEachOnce(in: network.broker, count: 130, runID: "a run")
        }

        @Test("another run has another id, and the property has the name that was given")
        func runsDiffer() throws {
            let folder = try TemporaryFolder()
            let broker = try StandInBroker(
                in: folder, options: ["--duplicate-id-property", "other-id"])
            try broker.start()
            for _ in 1...2 {
                let run = try SenderRun(
                    port: broker.port, "-m", "3", "-i", "0", "--duplicate-id=other-id")
                try run.expectAllAccepted(3)
                run.expectErrors("messages have other-id ")
            }
            let ids = try broker.messages().compactMap { $0.properties["other-id"] }
            #expect(Set(ids).count == 6)
        }

        private func expectEachOnce(in broker: StandInBroker, count: Int, runID: String) throws {
            let messages = try broker.messages()
            #expect(messages.map(\.sequence).sorted() == Array(1...count))
            for message in messages {
                #expect(message.properties == ["_AMQ_DUPL_ID": "\(runID)-\(message.sequence)"])
            }
        }
    }
}
