// The window.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Window", .serialized)
    struct WindowTests {
        @Test("with a window of 1 messages arrive in order, also when the broker is lost")
        func strictOrder() throws {
            // The run can't end before the broker is killed.
            let network = try Network(misbehaving: ["withhold-outcomes=1001+"])
            let run = try SenderRun(
                port: network.ports.client, "--window", "1", "-m", "1500", "-i", "0", "-s", "100")
            try run.waitForAccepted(200)
            try network.broker.kill()
            try run.waitForLine("reopen_sender")
            try network.broker.start(misbehaving: false)
            try run.expectAllAccepted(1500)
            let sequences = try network.broker.messages().map(\.sequence)
            #expect(sequences == sequences.sorted())
            #expect(Set(sequences) == Set(1...1500))
        }

        @Test("no more is taken than the window holds")
        func windowIsFull() throws {
            let folder = try TemporaryFolder()
            let broker = try StandInBroker(in: folder, misbehaving: ["withhold-outcomes"])
            try broker.start()
            let run = try SenderRun(
                port: broker.port, "--window", "7", "-m", "50", "-i", "0", "--drain-timeout", "1000"
            )
            try run.waitForLine("sent=7")
            run.process.kill(SIGTERM)
            let summary = try run.expectEnd(status: 128 + SIGTERM)
            #expect(summary.taken == 7 && summary.inDoubt == 7, "\(run.process.allOutput)")
        }
    }
}
