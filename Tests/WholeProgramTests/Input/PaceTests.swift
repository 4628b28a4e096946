// The pace of a run, and its time.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Pace", .serialized)
    struct PaceTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        @Test("a rate is kept, and what became due while the link was gone is sent behind that")
        func rate() throws {
            let network = try Network()
            let begin = ContinuousClock.now
            let run = try SenderRun(
                port: network.ports.client, "-m", "300", "--rate", "50", "-s", "100",
                "--duplicate-id",
                "--events", folder.file("events").path)
            try run.waitForAccepted(20)
            try network.broker.kill()
            try run.waitForLine("qd:no-route-to-dest", count: 20)
            try network.broker.start()
            let summary = try run.expectEnd(status: 0, seconds: 120)
            let elapsed = ContinuousClock.now - begin
            #expect(summary.accepted == 300 && summary.linkLosses >= 1)
            // It does not take longer than without the interruption, but for a slow machine.
            #expect(elapsed >= .milliseconds(299 * 1000 / 50))
            let lines = run.process.output.lines
            let reopened = try #require(
                lines.lastIndex { $0.hasPrefix("on_sender_open: credit=true") })
            // Without a wait in between, several are sent one after the other.
            let behind = lines[reopened...].dropFirst().prefix(20).filter { $0.hasPrefix("sent=") }
            #expect(behind.count >= 5, "\(lines[reopened...].prefix(40))")
            // Each counts from when it was due: half of the interruption for those that came due in it.
            let closed = try lastEvent(in: folder.file("events"))
            let latency = try #require(closed["latency"] as? [String: Any])
            #expect(latency["count"] as? Int == 300 && latency["since"] as? String == "due")
            let longest = try #require(closed["longest_interruption_ms"] as? Double)
            let mean = try #require(latency["mean_ms"] as? Double)
            #expect(try #require(latency["max_ms"] as? Double) >= longest - 1000 / 50 - 1)
            let sent = lines[..<reopened].compactMap {
                $0.hasPrefix("sent=") ? SenderRun.number("sent", in: $0) : nil
            }
            let left = Double(300 - (sent.max() ?? 0))
            #expect(mean * 300 >= 0.9 * min(longest / 1000 * 50 - 1, left) * longest / 2)
            run.expectErrors("summary: latency from when due: count 300, ")
        }

        @Test("a run takes messages for a time, and finishes")
        func duration() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            for arguments in [["-i", "10"], ["--content", "x", "--rate", "200"]] {
                let begin = ContinuousClock.now
                let run = try SenderRun(
                    port: broker.port, options: arguments + ["--duration", "1500ms"])
                let summary = try run.expectEnd(status: 0)
                #expect(ContinuousClock.now - begin >= .milliseconds(1500))
                // A machine that is late makes up for it: all that has come due is sent.
                #expect(summary.accepted > 1 && summary.accepted < 1000 && summary.notTaken == 0)
                #expect(run.process.output.lines.contains("message_count: no limit"))
                #expect(run.process.output.lines.last == "all messages accepted")
            }
        }

        @Test("an open pipe is no longer read when the time is over, and the rest is reported")
        func durationOfAPipe() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let pipe = Pipe()
            let run = try SenderRun(
                port: broker.port, input: pipe, "--stdin", "--duration", "1s", "-i", "100")
            try pipe.fileHandleForWriting.write(
                contentsOf: Data(String(repeating: "x\n", count: 1000).utf8))
            let summary = try run.expectEnd(status: 0)
            #expect(summary.accepted > 1 && summary.accepted < 100)
            #expect(summary.notTaken == 1000 - summary.accepted)
            run.expectErrors("had been read from standard input and were not taken")
            try pipe.fileHandleForWriting.close()
        }
    }
}
