// Latencies, metrics and figures on request of real runs.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The last event in a file.
func lastEvent(in file: URL) throws -> [String: Any] {
    let line = try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).last
    return try JSONSerialization.jsonObject(with: line ?? Data()) as? [String: Any] ?? [:]
}

extension WholeProgram {
    @Suite("Figures", .serialized)
    struct FiguresTests {
        private let folder: TemporaryFolder
        private var events: URL { folder.file("events") }
        private var metrics: URL { folder.file("run.prom") }

        init() throws {
            folder = try TemporaryFolder()
        }

        @Test("latencies are what the peer's own clock says, and the way there and back")
        func latencies() throws {
            let broker = try StandInBroker(in: folder, options: ["--outcome-delay", "200"])
            try broker.start()
            let run = try SenderRun(
                port: broker.port, "-m", "40", "-i", "20", "-q", "--events", events.path)
            let summary = try run.expectEnd(status: 0)
            #expect(summary.accepted == 40)
            try expectEvents("closed", in: events)
            let waits = (broker.process?.output.lines ?? []).filter { $0.hasPrefix("outcomes of ") }
                .compactMap { $0.split(separator: " ").dropLast().last.flatMap { Double($0) } }
            let (least, most) = (try #require(waits.min()), try #require(waits.max()))
            #expect(least >= 200)
            let closed = try lastEvent(in: events)
            let latency = try #require(closed["latency"] as? [String: Any])
            #expect(latency["count"] as? Int == 40 && latency["since"] as? String == "first_send")
            let elapsed = try #require(closed["elapsed_ms"] as? Double)
            func value(_ name: String) throws -> Double { try #require(latency[name] as? Double) }
            #expect(try value("min_ms") >= least && value("max_ms") >= most)
            // Percentiles are off by less than 1 %.
            #expect(try value("p50_ms") >= least * 0.99 && value("p99_ms") >= most * 0.99)
            let ascending = try ["min_ms", "p50_ms", "p95_ms", "p99_ms", "p99_9_ms", "max_ms"].map(
                value)
            #expect(ascending == ascending.sorted())
            #expect(try value("mean_ms") >= least && value("mean_ms") <= value("max_ms"))
            #expect(try value("max_ms") <= elapsed + 1)
            run.expectErrors("summary: latency from first send: count 40, min ")
        }

        @Test("SIGUSR1 prints figures, also with --quiet and while the link is lost")
        func onRequest() throws {
            let broker = try StandInBroker(in: folder)
            let ports = try StandInRouter.Ports(broker: broker.port)
            let router = try StandInRouter("single-node.conf", ports: ports, in: folder)
            for format in ["text", "json"] {
                try broker.start()
                try router.start()
                let run = try SenderRun(
                    port: ports.client, "-q", "-i", "10", "-m", "100000", "-s", "60000",
                    "--log-format", format, "--drain-timeout", "100")
                let before = try storedCount(in: broker)
                try waitUntil { try storedCount(in: broker) > before + 5 }
                let mark = format == "text" ? "stats: elapsed " : #""event":"stats""#
                let latency = format == "text" ? "latency from first send: " : #""p50_ms":"#
                // A stored message may not be accepted yet, and then nothing has a latency.
                try waitUntil {
                    run.process.kill(SIGUSR1)
                    return run.process.errors.lines.contains {
                        $0.contains(mark) && $0.contains("sending") && $0.contains(latency)
                    }
                }
                try broker.kill()
                // The link is lost soon: until then the line says something else.
                let lost = format == "text" ? "link lost - retry 1 in " : "link_lost"
                try waitUntil {
                    run.process.kill(SIGUSR1)
                    return run.process.errors.lines.contains { $0.contains(lost) }
                }
                run.process.kill(SIGTERM)
                #expect(try run.process.wait(seconds: 30) == 128 + SIGTERM)
                #expect(!run.process.endedBySignal)
                if format == "json" {
                    try Data(run.process.errors.text.utf8).write(to: events)
                    try expectEvents("stats", "closed", in: events)
                }
                try router.kill()
            }
        }

        private func storedCount(in broker: StandInBroker) throws -> Int {
            FileManager.default.fileExists(atPath: broker.store.path)
                ? try broker.messages().count : 0
        }

        /// The number behind a name at the beginning of a line.
        private func value(_ name: String, in text: String) -> Int? {
            text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
                .flatMap { Int($0.dropFirst(name.count + 1)) }
        }

        @Test("the metrics are whole at any time, and at the end those of the summary")
        func metricsFile() throws {
            let broker = try StandInBroker(in: folder, misbehaving: ["reject=7:amqp:not-allowed"])
            try broker.start()
            let run = try SenderRun(
                port: broker.port, "-q", "-m", "100", "-i", "50", "--metrics-file", metrics.path,
                "--stats", "20")
            var seen: Set<Int> = []
            try waitUntil(seconds: 60) {
                if let text = try? String(contentsOf: metrics, encoding: .utf8) {
                    #expect(
                        text.hasSuffix("\n") && text.contains("sender_interruption_seconds_count"))
                    seen.insert(try #require(value("sender_messages_accepted_total", in: text)))
                }
                return !run.process.isRunning
            }
            _ = try run.expectEnd(status: 1)
            #expect(seen.count > 2, "\(seen)")
            let text = try String(contentsOf: metrics, encoding: .utf8)
            #expect(value("sender_messages_accepted_total", in: text) == 99)
            #expect(value("sender_messages_rejected_total", in: text) == 1)
            #expect(value("sender_latency_seconds_count", in: text) == 100)
            #expect(value("sender_exit_status", in: text) == 1)
            let files = try FileManager.default.contentsOfDirectory(
                atPath: metrics.deletingLastPathComponent().path)
            #expect(!files.contains { $0.hasSuffix(".tmp") }, "\(files)")
        }

        private static let promtool = (ProcessInfo.processInfo.environment["PATH"] ?? "")
            .split(separator: ":").map { "\($0)/promtool" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }

        @Test(
            "promtool has nothing to say against the metrics",
            .enabled(if: promtool != nil, "Debian's package prometheus has promtool"))
        func promtoolCheck() throws {
            let broker = try StandInBroker(in: folder, misbehaving: ["detach=20"])
            try broker.start()
            let run = try SenderRun(
                ["one", "two%22%5C"].flatMap { ["-a", "amqp://127.0.0.1:\(broker.port)/\($0)"] } + [
                    "-q", "-m", "40", "-i", "0", "-s", "50", "--metrics-file", metrics.path,
                    "--metrics-label", "job=a \"b\"",
                ])
            _ = try run.expectEnd(status: 0)
            let check = try ChildProcess(
                "promtool", executable: URL(filePath: try #require(Self.promtool)),
                arguments: ["check", "metrics"], input: try FileHandle(forReadingFrom: metrics))
            #expect(try check.wait(seconds: 60) == 0, "\(check.allOutput)")
            #expect(check.output.lines.isEmpty && check.errors.lines.isEmpty, "\(check.allOutput)")
        }

        @Test("metrics that can't be written are wrong usage at the start, and one sentence later")
        func unwritable() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let wrong = try SenderRun(
                port: broker.port, "-q", "--metrics-file", "/no/such/folder/x.prom")
            #expect(try wrong.process.wait(seconds: 30) == 64)
            wrong.expectErrors("can't be written: No such file or directory")
            let own = folder.file("metrics")
            try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
            let run = try SenderRun(
                port: broker.port, "-q", "-m", "150", "-i", "20", "--stats", "10", "--metrics-file",
                own.appending(path: "x").path)
            try waitUntil { FileManager.default.fileExists(atPath: own.appending(path: "x").path) }
            // In one step: the sender makes files in it all the time.
            try FileManager.default.moveItem(at: own, to: folder.file("gone"))
            _ = try run.expectEnd(status: 0)
            run.expectErrors("the metrics can't be written to ")
            run.expectErrors("hint: node_exporter's textfile collector reads only files")
        }
    }
}
