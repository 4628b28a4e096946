// The progress line.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery

/// Composes the progress line, without I/O.
struct ProgressLine {
    /// The number of messages to send; nil if unknown.
    private let total: Int?
    private var meter = RateMeter()

    init(total: Int?) {
        self.total = total
    }

    /// The line at this time, in at most `columns` columns.
    mutating func text(_ status: Status, at now: Instant, columns: Int) -> String {
        let rate = meter.note(status.doneCount, at: now)
        var pieces = pieces(status, tenthsPerSecond: rate, at: now)
        func line() -> String { pieces.map(\.text).joined(separator: ", ") }
        while line().count > columns, let least = pieces.map(\.weight).min(), least < 9 {
            pieces.removeAll { $0.weight == least }
        }
        if line().count > columns { pieces[0].text = accepted(status, isShort: true) }
        // ASCII only: one column per character.
        return String(line().prefix(max(0, columns)))
    }

    /// The parts in order, with weights: the lightest is dropped first.
    private func pieces(
        _ status: Status, tenthsPerSecond: Int, at now: Instant
    ) -> [(text: String, weight: Int)] {
        let summary = status.summary
        var pieces = [(text: accepted(status), weight: 9)]
        if summary.rejected > 0 { pieces.append(("rejected \(summary.rejected)", 7)) }
        if summary.givenUp > 0 { pieces.append(("given up \(summary.givenUp)", 6)) }
        pieces.append(("\(decimal(tenths: tenthsPerSecond))/s", 4))
        pieces.append(("in flight \(status.inFlight)", 2))
        pieces.append(("in doubt \(status.inDoubt)", status.inDoubt > 0 ? 5 : 1))
        pieces.append((status.words(at: now), 9))
        return pieces
    }

    private func accepted(_ status: Status, isShort: Bool = false) -> String {
        guard let total else { return "accepted \(status.doneCount)" }
        guard total > 0, !isShort else { return "accepted \(status.doneCount)/\(total)" }
        let percent = Int(Double(status.doneCount) * 100 / Double(total))
        return "accepted \(status.doneCount)/\(total) (\(percent)%)"
    }
}
