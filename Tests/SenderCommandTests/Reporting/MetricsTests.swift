// Figures for Prometheus, read back as its text format says.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import LinkRecovery
import ReliableSender
import Synchronization
import TestSupport
import Testing

@testable import SenderCommand

/// A parsed file of metrics.
private struct ParsedMetrics {
    struct Sample: Equatable {
        var name: String
        var labels: [String: String]
        var value: Double
    }
    struct Family {
        var kind: String
        var help: String
        var samples: [Sample] = []
    }

    private(set) var families: [String: Family] = [:]

    init(_ text: String) throws {
        var name = ""
        var help: String?
        #expect(text.hasSuffix("\n"))
        for line in text.split(separator: "\n") {
            if let match = line.wholeMatch(of: /# HELP (\w+) (.+)/) {
                name = String(match.1)
                help = String(match.2)
            } else if let match = line.wholeMatch(of: /# TYPE (\w+) (counter|gauge|summary)/) {
                #expect(match.1 == name && families[name] == nil, "\(line)")
                families[name] = Family(kind: String(match.2), help: try #require(help))
            } else {
                let match = try #require(
                    line.wholeMatch(of: /(\w+)(?:\{(.*)\})? (NaN|[0-9]+(?:\.[0-9]+)?)/), "\(line)")
                let sample = Sample(
                    name: String(match.1), labels: try Self.labels(String(match.2 ?? "")),
                    value: try #require(Double(match.3)))
                #expect([name, name + "_sum", name + "_count"].contains(sample.name), "\(line)")
                let isNew = families[name]?.samples.contains {
                    $0.name == sample.name && $0.labels == sample.labels
                }
                #expect(isNew == false, "\(line)")
                families[name]?.samples.append(sample)
            }
        }
    }

    private static func labels(_ text: String) throws -> [String: String] {
        var labels: [String: String] = [:]
        var rest = Substring(text)
        while !rest.isEmpty {
            let match = try #require(
                rest.prefixMatch(of: /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/),
                "\(text)")
            labels[String(match.1)] = String(match.2).replacing(/\\(.)/) {
                $0.1 == "n" ? "\n" : String($0.1)
            }
            rest = rest[match.range.upperBound...]
        }
        return labels
    }

    /// The number of a figure with these labels.
    func value(_ name: String, _ labels: [String: String] = [:], suffix: String = "") -> Double? {
        families[name]?.samples.first { $0.name == name + suffix && $0.labels == labels }?.value
    }
}

@Suite struct MetricsTests {
    private let now = Instant(milliseconds: 1_000_000)

    private func first(
        _ addresses: [String] = ["a"], links: Int = 1, labels: [MetricLabel] = []
    ) -> MetricsSnapshot {
        MetricsSnapshot(
            Destinations(all: addresses.map { Destination(address: $0) }, linkCount: links),
            labels: labels, startedAt: 1_769_860_800_007)
    }

    private func parsed(_ snapshot: MetricsSnapshot) throws -> ParsedMetrics {
        try ParsedMetrics(String(decoding: snapshot.text, as: UTF8.self))
    }

    private func status(accepted: Int, inFlight: Int = 0, inDoubt: Int = 0) -> Status {
        var summary = Summary()
        summary.accepted = accepted
        summary.inDoubt = inFlight + inDoubt
        summary.unsent = 3
        summary.taken = accepted + inFlight + inDoubt + 3
        return Status(summary: summary, inFlight: inFlight, activity: .sending)
    }

    @Test("before anything is sent, each figure is there that has a number")
    func atFirst() throws {
        let metrics = try parsed(first())
        for metric in Metric.all {
            let family = metrics.families[metric.name]
            let isLater = metric.name.contains("_m") && metric.name.hasSuffix("_seconds")
            #expect((family == nil) == (isLater || metric.name == "sender_exit_status"))
            #expect(family == nil || family?.kind == metric.kind.rawValue)
            #expect((metric.kind == .counter) == metric.name.hasSuffix("_total"), "\(metric.name)")
        }
        #expect(metrics.value("sender_start_time_seconds") == 1_769_860_800.007)
        #expect(metrics.value("sender_build_info", ["version": senderVersion]) == 1)
        #expect(metrics.value("sender_state", ["state": "starting"]) == 1)
        #expect(metrics.value("sender_messages_accepted_total") == 0)
        #expect(metrics.value("sender_latency_seconds", suffix: "_count") == 0)
        #expect(metrics.value("sender_latency_seconds", ["quantile": "0.5"])?.isNaN == true)
    }

    @Test("of several addresses each has its figures, those of its links together")
    func addresses() throws {
        var details = StatusDetails()
        details.senders = [
            status(accepted: 1, inFlight: 1), status(accepted: 2, inFlight: 2, inDoubt: 5),
            status(accepted: 10), status(accepted: 20),
        ]
        details.timings.latencies.add(1500, count: 3)
        details.timings.latencies.add(2_000_000)
        var whole = status(accepted: 33)
        whole.summary.reconnects = 4
        let snapshot = first(["a", "b\"\\\n{,}é"], links: 2).during(whole, details, at: now)
        let metrics = try parsed(snapshot)
        func value(_ name: String, _ address: String) -> Double? {
            metrics.value("sender_messages_\(name)", ["address": address])
        }
        #expect(value("accepted_total", "a") == 3 && value("accepted_total", "b\"\\\n{,}é") == 30)
        #expect(
            value("in_flight", "a") == 3 && value("in_doubt", "a") == 5
                && value("waiting", "a") == 6)
        #expect(metrics.value("sender_reconnects_total") == 4)
        #expect(metrics.value("sender_state", ["state": "sending"]) == 1)
        let states = metrics.families["sender_state"]?.samples.map(\.value)
        #expect(states?.reduce(0, +) == 1 && states?.count == Status.states.count + 1)
        #expect(metrics.value("sender_latency_seconds", suffix: "_count") == 4)
        #expect(metrics.value("sender_latency_seconds", suffix: "_sum") == 2.0045)
        #expect(metrics.value("sender_latency_min_seconds") == 0.0015)
        #expect(metrics.value("sender_latency_max_seconds") == 2)
        let median = try #require(metrics.value("sender_latency_seconds", ["quantile": "0.5"]))
        #expect(abs(median - 0.0015) < 0.000015)
    }

    @Test("the last figures are those of the summary, with the exit status, and labels are on all")
    func atTheEnd() throws {
        var closing = Closing(cause: .ended(.finished), status: 1)
        closing.summary = status(accepted: 7, inDoubt: 2).summary
        let label = MetricLabel(key: "job", value: "x y")
        let metrics = try parsed(first(labels: [label]).after(closing))
        for family in metrics.families.values {
            #expect(family.samples.allSatisfy { $0.labels["job"] == "x y" })
        }
        #expect(metrics.value("sender_exit_status", ["job": "x y"]) == 1)
        #expect(metrics.value("sender_state", ["job": "x y", "state": "ended"]) == 1)
        #expect(metrics.value("sender_messages_accepted_total", ["job": "x y"]) == 7)
        #expect(metrics.value("sender_messages_in_doubt", ["job": "x y"]) == 2)
    }

    @Test("a label's value is escaped by scalars, whatever joins what is escaped")
    func joinedCharacters() {
        for (value, escaped) in [
            ("a\r\nb", "a\r\\nb"), ("a\"\u{301}b", "a\\\"\u{301}b"),
            ("a\\\u{301}b", "a\\\\\u{301}b"), ("\n\u{301}", "\\n\u{301}"),
        ] {
            let text = first(labels: [MetricLabel(key: "job", value: value)]).text
            let line = "sender_reconnects_total{job=\"\(escaped)\"} 0"
            #expect(text.split(separator: UInt8(ascii: "\n")).contains(Array(line.utf8)[...]))
        }
    }

    @Test("the last figures of a loop that hangs are the newest that it has posted")
    func ofHang() throws {
        var details = StatusDetails()
        details.senders = [status(accepted: 1, inFlight: 1), status(accepted: 2)]
        details.timings.latencies.add(1500, count: 3)
        let snapshot = first(["a", "b"]).afterHang(status(accepted: 3), details, at: now)
        let metrics = try parsed(snapshot)
        #expect(metrics.value("sender_state", ["state": "ended"]) == 1)
        #expect(metrics.value("sender_exit_status") == 2)
        #expect(metrics.value("sender_messages_accepted_total", ["address": "b"]) == 2)
        #expect(metrics.value("sender_messages_in_flight", ["address": "a"]) == 0)
        #expect(metrics.value("sender_messages_in_doubt", ["address": "a"]) == 1)
        #expect(metrics.value("sender_latency_seconds", suffix: "_count") == 3)
    }

    @Test("each activity is one of the states")
    func states() {
        let activities: [Status.Activity] = [
            .starting, .connecting(attempt: 1), .attaching(attempt: 0), .sending, .awaitingOutcomes,
            .waiting(.link, attempt: 1, until: now), .waiting(.session, attempt: 1, until: now),
            .waiting(.connection, attempt: 1, until: now), .givingUp(.link), .closing,
            .noCredit(since: now + -5000),
        ]
        let states = activities.map { Status(activity: $0).state(at: now) }
        #expect(Set(states) == Set(Status.states))
    }

    @Test("docs/operating.md lists each figure with its type and meaning, and no other")
    func documented() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(
            contentsOf: root.appending(path: "docs/operating.md"), encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `sender_") }.map(
            String.init)
        #expect(rows == Metric.all.map { "| `\($0.name)` | \($0.kind.rawValue) | \($0.help) |" })
    }
}

@Suite struct MetricsFileTests {
    private let folder: URL
    private var path: String { folder.appending(path: "x.prom").path }

    init() throws {
        folder = URL(filePath: "/tmp/sender-metrics-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private var contents: String? { try? String(contentsOfFile: path, encoding: .utf8) }

    private func files() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    private func text(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("it is replaced as a whole, and nothing else stays in the folder")
    func replaced() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try "of another process".write(
            toFile: path + ".tmp", atomically: false, encoding: .utf8)
        let file = try MetricsFile(path, besides: DistinctFiles(), text: text("long text\n"))
        #expect(contents == "long text\n")
        let reader = try OpenFile(path, O_RDONLY)
        try file.write(text("x\n"))
        #expect(contents == "x\n")
        #expect(try reader.read(at: 0, byteCount: 10) == text("long text\n"))
        #expect(try files() == ["x.prom", "x.prom.tmp"])
        #expect(
            try String(contentsOfFile: path + ".tmp", encoding: .utf8) == "of another process")
        #expect(try OpenFile(path, O_RDONLY).permissions & 0o600 == 0o600)
    }

    @Test("a symbolic link stays, and its file is replaced, whether it was there or not")
    func link() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let target = folder.appending(path: "target").path
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
        for text in ["first\n", "second\n"] {
            let file = try MetricsFile(path, besides: DistinctFiles(), text: [])
            try file.write(self.text(text))
            #expect(try String(contentsOfFile: target, encoding: .utf8) == text)
            #expect(try files() == ["target", "x.prom"])
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == target)
        }
    }

    @Test("a file that can't be used is one sentence")
    func unusable() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        func sentence(_ path: String, _ others: DistinctFiles = DistinctFiles()) -> String {
            do {
                _ = try MetricsFile(path, besides: others, text: [])
                return ""
            } catch {
                return error.sentence
            }
        }
        #expect(sentence("/no/such.prom").hasSuffix("can't be written: No such file or directory"))
        #expect(
            sentence("/dev/null")
                == #"--metrics-file "/dev/null" is not a regular file: name another one"#
        )
        #expect(sentence(folder.path).hasSuffix("is not a regular file: name another one"))
        try "".write(toFile: path, atomically: false, encoding: .utf8)
        var others = DistinctFiles()
        try others.add("--events", OpenFile(path, O_RDONLY).identity)
        #expect(sentence(path, others) == "--events and --metrics-file are the same file: name two")
        #expect(try files() == ["x.prom"])
    }

    @Test("a failure is said once, and writing goes on when it can")
    func failing() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = try MetricsFile(path, besides: DistinctFiles(), text: [])
        let sentences = Mutex<[String]>([])
        let asked = Mutex(0)
        let writer = try MetricsWriter(
            file, every: 1,
            text: {
                asked.withLock { $0 += 1 }; return []
            },
            report: { sentence in sentences.withLock { $0.append(sentence) } })
        try FileManager.default.removeItem(at: folder)
        try writer.start()
        try waitUntil { asked.withLock { $0 } >= 4 }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        writer.stop(text("last\n"), within: 60_000)
        #expect(contents == "last\n")
        let sentence = "the metrics can't be written to \"\(path)\": No such file or directory; "
        #expect(
            sentences.withLock { $0 } == [sentence + "writing is retried, and sending goes on"])
    }
}
