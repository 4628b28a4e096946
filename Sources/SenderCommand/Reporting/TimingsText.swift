// Latencies and interruptions as text and JSON.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// The moment from which a message's latency counts.
enum LatencyStart: String, Hashable, Sendable {
    case firstSend = "first_send"
    /// With --rate: what an interruption holds up counts from when it was due.
    case due

    fileprivate var words: String {
        switch self {
        case .firstSend: "first send"
        case .due: "when due"
        }
    }
}

/// The latencies and interruptions of a run, or of an interval.
struct TimingFigures: Hashable, Sendable {
    var timings = Timings()
    var start = LatencyStart.firstSend

    /// The times that there are of both, in words.
    var words: [String] {
        [
            ("latency from \(start.words)", timings.latencies),
            ("interruptions", timings.interruptions),
        ].compactMap { name, times in times.count > 0 ? "\(name): \(times.words)" : nil }
    }

    /// Adds both as objects.
    func write(to line: inout JSONLines) {
        line.object("latency") {
            $0.field("since", start.rawValue)
            timings.latencies.write(to: &$0)
        }
        line.object("interruptions") { timings.interruptions.write(to: &$0) }
    }
}

extension RunOptions {
    /// The moment from which the latencies of this run count.
    var latencyStart: LatencyStart {
        destinations.pace.rate > 0 ? .due : .firstSend
    }
}

extension Histogram {
    /// The quantiles that are shown: their names in text and JSON, and the part that each does not exceed.
    static let shownQuantiles: [(word: String, key: StaticString, part: Double)] = [
        ("p50", "p50_ms", 0.5), ("p95", "p95_ms", 0.95), ("p99", "p99_ms", 0.99),
        ("p99.9", "p99_9_ms", 0.999),
    ]

    fileprivate var words: String {
        let quantiles = Self.shownQuantiles.map { "\($0.word) \(milliseconds(quantile($0.part)))" }
        let parts = ["min \(milliseconds(min))", "mean \(milliseconds(mean))"] + quantiles
        return "count \(count), \(parts.joined(separator: ", ")), max \(milliseconds(max)) ms"
    }

    fileprivate func write(to line: inout JSONLines) {
        line.field("count", count)
        guard count > 0 else { return }
        line.field("min_ms", thousandths: Int(min))
        line.field("mean_ms", thousandths: Int(mean))
        for (_, key, part) in Self.shownQuantiles {
            line.field(key, thousandths: Int(quantile(part)))
        }
        line.field("max_ms", thousandths: Int(max))
    }
}

/// A time in milliseconds, with as many decimals as say something.
func milliseconds(_ time: Microseconds) -> String {
    guard time < 100_000 else { return decimal(tenths: Int((time + 50) / 100)) }
    let thousandths = String(1000 + time % 1000).dropFirst()
    return "\(time / 1000).\(thousandths)"
}
