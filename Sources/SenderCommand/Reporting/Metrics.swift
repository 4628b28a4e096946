// Figures for Prometheus, in its text format 0.0.4.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// A label of a figure.
struct MetricLabel: Hashable, Sendable {
    var key: String
    var value: String

    /// Those that figures have by themselves.
    static let ownKeys = ["address", "quantile", "state", "version"]

    /// Whether Prometheus allows the name, or has it itself.
    static func isName(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, !isDigit(first) else { return false }
        return bytes.allSatisfy {
            isDigit($0) || $0 == UInt8(ascii: "_")
                || ($0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z"))
        }
    }
}

/// The metrics of a run at a time.
struct MetricsSnapshot {
    /// The account of one address; `label` is nil when there is only one.
    struct Account {
        var label: MetricLabel?
        var summary = Summary()
        var inFlight = 0
    }

    /// The state once the run is over.
    static let ended = "ended"

    var accounts: [Account]
    var reconnects = 0
    var timings = Timings()
    var state = "starting"
    /// In milliseconds since 1970.
    var startedAt: Int64
    /// nil while the run goes on.
    var exitStatus: Int32?
    /// Those of --metrics-label.
    var labels: [MetricLabel]
    private let linkCount: Int

    /// The metrics before anything is sent.
    init(_ destinations: Destinations, labels: [MetricLabel], startedAt: Int64) {
        linkCount = destinations.linkCount
        self.labels = labels
        self.startedAt = startedAt
        accounts = destinations.all.map { destination in
            Account(
                label: destinations.all.count > 1
                    ? MetricLabel(key: "address", value: destination.address) : nil)
        }
    }

    /// The same while the run goes on.
    func during(_ status: Status, _ details: StatusDetails, at now: Instant) -> MetricsSnapshot {
        var snapshot = self
        snapshot.state = status.state(at: now)
        snapshot.reconnects = status.summary.reconnects
        snapshot.timings = details.timings
        guard accounts.count > 1 else {
            snapshot.accounts[0].summary = status.summary
            snapshot.accounts[0].inFlight = status.inFlight
            return snapshot
        }
        for (sender, status) in details.senders.enumerated() {
            let index = sender / linkCount
            snapshot.accounts[index].summary.add(status.summary)
            snapshot.accounts[index].inFlight += status.inFlight
        }
        return snapshot
    }

    /// The same at the end of a run whose loop hangs, as of its last turns.
    func afterHang(
        _ status: Status, _ details: StatusDetails, at now: Instant
    ) -> MetricsSnapshot {
        var snapshot = during(status, details, at: now)
        snapshot.state = Self.ended
        snapshot.exitStatus = ExitStatus.couldNotFinish
        for index in snapshot.accounts.indices { snapshot.accounts[index].inFlight = 0 }
        return snapshot
    }

    /// The same at the end.
    func after(_ closing: Closing) -> MetricsSnapshot {
        var snapshot = self
        snapshot.state = Self.ended
        snapshot.exitStatus = closing.status
        snapshot.reconnects = closing.summary.reconnects
        snapshot.timings = closing.timings.timings
        let summaries =
            accounts.count > 1 ? closing.accounts.map(\.summary) : [closing.summary]
        // None of several when the run could not start.
        for (index, summary) in zip(accounts.indices, summaries) {
            snapshot.accounts[index].summary = summary
        }
        return snapshot
    }
}

/// A figure, or several that differ in their labels.
struct Metric: Sendable {
    enum Kind: String, Sendable {
        case counter, gauge, summary
    }

    /// One line: an addition to the name, labels, and the number.
    typealias Sample = (suffix: String, labels: [MetricLabel], number: String)

    var name: String
    var kind: Kind
    var help: String
    var samples: @Sendable (MetricsSnapshot) -> [Sample]

    /// In the order of the file.
    static let all: [Metric] =
        [
            Metric("sender_build_info", .gauge, "Always 1; the label has the version of sender.") {
                _ in
                [("", [MetricLabel(key: "version", value: senderVersion)], "1")]
            },
            Metric("sender_start_time_seconds", .gauge, "Start of the run, since 1970.") {
                [("", [], seconds($0.startedAt * 1000))]
            },
            Metric("sender_exit_status", .gauge, "Exit status of the run, once it has ended.") {
                $0.exitStatus.map { [("", [], "\($0)")] } ?? []
            },
            Metric("sender_state", .gauge, "1 for what the run is doing, 0 for all else.") {
                snapshot in
                (Status.states + [MetricsSnapshot.ended]).map {
                    ("", [MetricLabel(key: "state", value: $0)], $0 == snapshot.state ? "1" : "0")
                }
            },
            counter("sender_messages_taken_total", "Messages taken from the input.") { $0.taken },
            counter("sender_messages_accepted_total", "Messages accepted.") { $0.accepted },
            counter("sender_messages_rejected_total", "Messages rejected for good.") {
                $0.rejected
            },
            counter("sender_messages_given_up_total", "Messages given up.") { $0.givenUp },
            counter(
                "sender_messages_unconfirmed_total",
                "Messages sent pre-settled, without an outcome."
            ) { $0.unconfirmed },
            gauge(
                "sender_messages_in_flight",
                "Messages sent on the current link, without an outcome yet."
            ) { $0.inFlight },
            gauge(
                "sender_messages_in_doubt", "Messages that may have arrived, and are to be resent."
            ) { $0.summary.inDoubt - $0.inFlight },
            gauge(
                "sender_messages_waiting", "Messages that can't have arrived, and are to be sent."
            ) { $0.summary.unsent },
            counter("sender_resends_total", "Attempts beyond the first.") { $0.resent },
            counter("sender_releases_total", "Outcomes released and modified.") { $0.released },
            counter("sender_late_outcomes_total", "Outcomes of messages that were final already.") {
                $0.lateOutcomes
            },
            counter("sender_link_losses_total", "Links lost after they had had credit.") {
                $0.linkLosses
            },
            Metric("sender_reconnects_total", .counter, "Connections beyond the first.") {
                [("", [], "\($0.reconnects)")]
            },
        ]
        + times(
            "sender_latency",
            "Time of a message from its first send, or with --rate from when it was due, to its outcome"
        ) { $0.latencies }
        + times("sender_interruption", "Time from the loss of a link to the next credit") {
            $0.interruptions
        }

    private init(
        _ name: String, _ kind: Kind, _ help: String,
        _ samples: @escaping @Sendable (MetricsSnapshot) -> [Sample]
    ) {
        (self.name, self.kind, self.help, self.samples) = (name, kind, help, samples)
    }

    private static func counter(
        _ name: String, _ help: String, _ number: @escaping @Sendable (Summary) -> Int
    ) -> Metric {
        Metric(name, .counter, help) { snapshot in
            snapshot.accounts.map { ("", $0.labels, "\(number($0.summary))") }
        }
    }

    private static func gauge(
        _ name: String, _ help: String,
        _ number: @escaping @Sendable (MetricsSnapshot.Account) -> Int
    ) -> Metric {
        Metric(name, .gauge, help) { snapshot in
            snapshot.accounts.map { ("", $0.labels, "\(number($0))") }
        }
    }

    /// Times as a summary, and the shortest and longest of them, which a summary lacks.
    private static func times(
        _ name: String, _ help: String, _ times: @escaping @Sendable (Timings) -> Histogram
    ) -> [Metric] {
        [
            Metric("\(name)_seconds", .summary, "\(help).") { snapshot in
                let times = times(snapshot.timings)
                let quantiles: [Sample] = Histogram.shownQuantiles.map {
                    let label = MetricLabel(key: "quantile", value: "\($0.part)")
                    return ("", [label], times.count > 0 ? seconds(times.quantile($0.part)) : "NaN")
                }
                return quantiles + [
                    ("_sum", [], seconds(times.total)), ("_count", [], "\(times.count)"),
                ]
            },
            Metric("\(name)_min_seconds", .gauge, "The shortest of \(name)_seconds.") {
                let times = times($0.timings)
                return times.count > 0 ? [("", [], seconds(times.min))] : []
            },
            Metric("\(name)_max_seconds", .gauge, "The longest of \(name)_seconds.") {
                let times = times($0.timings)
                return times.count > 0 ? [("", [], seconds(times.max))] : []
            },
        ]
    }
}

extension MetricsSnapshot.Account {
    fileprivate var labels: [MetricLabel] { [label].compactMap(\.self) }
}

/// Microseconds as seconds.
private func seconds(_ time: Microseconds) -> String {
    let decimals = String(1_000_000 + time % 1_000_000).dropFirst()
    return "\(time / 1_000_000).\(decimals)"
}

extension MetricsSnapshot {
    /// The contents of the file.
    var text: [UInt8] {
        var bytes: [UInt8] = []
        for metric in Metric.all {
            let samples = metric.samples(self)
            guard !samples.isEmpty else { continue }
            bytes.append("# HELP \(metric.name) \(metric.help)\n")
            bytes.append("# TYPE \(metric.name) \(metric.kind.rawValue)\n")
            for (suffix, labels, number) in samples {
                bytes.append(metric.name + suffix)
                bytes.append(braced(self.labels + labels))
                bytes.append(" \(number)\n")
            }
        }
        return bytes
    }

    private func braced(_ labels: [MetricLabel]) -> String {
        guard !labels.isEmpty else { return "" }
        let texts = labels.map { label in
            "\(label.key)=\"\(escaped(label.value))\""
        }
        return "{\(texts.joined(separator: ","))}"
    }

    /// By scalars: a character may be a line's end or a quote with what joins it.
    private func escaped(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
