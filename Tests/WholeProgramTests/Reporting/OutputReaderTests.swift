// Readers of the output that leave or stall.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Readers of the output", .serialized)
    struct OutputReaderTests {
        @Test("when the reader goes away, sending goes on, and the status is its own")
        func closedPipe() throws {
            let folder = try TemporaryFolder()
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let run = try SenderRun(
                port: broker.port, shell: { "\($0) | head -n 7; exit ${PIPESTATUS[0]}" },
                "-m", "500", "-i", "0")
            let summary = try run.expectEnd(status: 0)
            #expect(summary.accepted == 500)
            #expect(run.process.output.lines.count == 7)
            try broker.expectEverySequence(upTo: 500)
        }

        @Test("a reader that stalls holds up new messages, but not the heartbeat")
        func stalledReader() throws {
            let folder = try TemporaryFolder()
            let broker = try StandInBroker(in: folder, options: ["--idle-timeout", "5"])
            try broker.start()
            let count = 12_000
            let go = folder.file("go")
            // It ends with the folder, too, when the test fails.
            let waits = "[ ! -e '\(go.path)' ] && [ -d '\(folder.url.path)' ]"
            let reader = "{ while \(waits); do sleep 0.1; done; cat; }"
            let run = try SenderRun(
                port: broker.port, shell: { "\($0) | \(reader); exit ${PIPESTATUS[0]}" },
                "-m", "\(count)", "-i", "0")
            // Two of the broker's idle timeouts without anything new.
            var (stored, since) = (0, ContinuousClock.now)
            try waitUntil(seconds: 120) {
                let now = try broker.messages().count
                if now != stored { (stored, since) = (now, .now) }
                return stored > 0 && ContinuousClock.now - since > .seconds(12)
            }
            #expect(stored < count)
            try Data().write(to: go)
            try run.expectAllAccepted(count)
            let summary = try Summary(of: run)
            #expect(summary.linkLosses == 0 && summary.reconnects == 0)
            try broker.expectEverySequence(upTo: count)
        }
    }
}
