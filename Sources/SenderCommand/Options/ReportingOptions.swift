// The reporting options.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// The format of standard error.
enum LogFormat: String, Sendable, CaseIterable {
    /// Sentences.
    case text
    /// One JSON object per line.
    case json
}

/// The options of the section "Reporting".
struct ReportingOptions: Hashable {
    var isProgressAsked = false
    /// nil: no lines of figures.
    var statsInterval: Milliseconds?
    var logFormat = LogFormat.text
    /// nil: no file of events.
    var events: String?
    /// nil: no figures for Prometheus.
    var metricsFile: String?
    var metricsLabels: [MetricLabel] = []
    var isCheck = false
    var isDryRun = false

    func checkForContradictions() throws(UsageError) {
        if isCheck, isDryRun {
            throw UsageError("--check and --dry-run contradict each other: give one of them")
        }
        if metricsFile == nil, let label = metricsLabels.first {
            throw UsageError(
                "--metrics-label \(quoted(label.key)) has no effect without --metrics-file: add that"
            )
        }
        for (index, label) in metricsLabels.enumerated()
        where metricsLabels[..<index].contains(where: { $0.key == label.key }) {
            throw UsageError(
                "--metrics-label \(quoted(label.key)) is given more than once: give each key once")
        }
        if isProgressAsked, logFormat == .json {
            throw UsageError(
                "--progress draws a line for a person, --log-format json is for a program: "
                    + "give one of them, or --stats")
        }
    }
}

extension ReportingOptions {
    /// A hint for a file that node_exporter would pass over.
    var metricsHint: String? {
        guard let metricsFile, !metricsFile.hasSuffix(".prom") else { return nil }
        return
            "hint: node_exporter's textfile collector reads only files whose names end in .prom, "
            + "which \(quoted(metricsFile)) does not"
    }
}

extension GivenValue {
    /// A label of metrics: a name that Prometheus allows and no figure has, and any value.
    func metricLabel() throws(UsageError) -> MetricLabel {
        let equals = text.utf8.firstIndex(of: UInt8(ascii: "="))
        guard let equals, MetricLabel.isName(text[..<equals]) else {
            throw wrong("KEY=VALUE, KEY being letters, digits and _, and no digit first")
        }
        let key = String(text[..<equals])
        guard !key.hasPrefix("__") else {
            throw UsageError(
                "\(option) \(quoted(key)) begins with two underscores, as only labels of Prometheus itself "
                    + "do: give another")
        }
        guard !MetricLabel.ownKeys.contains(key) else {
            throw UsageError(
                "\(option) \(quoted(key)) is a label of figures already: give another")
        }
        return MetricLabel(key: key, value: String(text[text.utf8.index(after: equals)...]))
    }
}
