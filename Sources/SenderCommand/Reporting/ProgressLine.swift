// The progress line.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// Composes the progress line, without I/O.
struct ProgressLine {
    /// The number of messages to send; nil if unknown.
    private let total: Int?
    private var meter = RateMeter()
    /// That of a longer time: an estimate that jumps is of little use.
    private var slowMeter = RateMeter(over: 10_000)

    init(total: Int?) {
        self.total = total
    }

    /// The line at this time, in at most `columns` columns.
    mutating func text(_ status: Status, at now: Instant, columns: Int) -> String {
        let rate = meter.note(status.doneCount, at: now)
        let slowRate = slowMeter.note(status.doneCount, at: now)
        var pieces = pieces(status, tenthsPerSecond: rate, at: now)
        if let rest = rest(status, tenthsPerSecond: slowRate) {
            pieces.insert((rest, 3), at: pieces.count - 3)
        }
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

    /// Time that the rest will take; nil where that is not known, and while nothing can be sent.
    private func rest(_ status: Status, tenthsPerSecond: Int) -> String? {
        guard let total, tenthsPerSecond > 0, status.stopsAt == nil else { return nil }
        switch status.activity {
        case .sending, .awaitingOutcomes: break
        default: return nil
        }
        let final = status.doneCount + status.summary.rejected + status.summary.givenUp
        guard final < total else { return nil }
        let seconds = (Double(total - final) * 10 / Double(tenthsPerSecond)).rounded(.up)
        guard seconds < 1e9 else { return nil }
        return "\(roughly(seconds: Int(seconds))) left"
    }

    /// A time with its two largest units at most.
    private func roughly(seconds: Int) -> String {
        let minutes = (seconds + 30) / 60
        return switch seconds {
        case ..<90: "\(seconds) s"
        case ..<5400: "\(minutes) min"
        default: "\(minutes / 60) h \(minutes % 60) min"
        }
    }

    private func accepted(_ status: Status, isShort: Bool = false) -> String {
        guard let total else { return "accepted \(status.doneCount)" }
        guard total > 0, !isShort else { return "accepted \(status.doneCount)/\(total)" }
        let percent = Int(Double(status.doneCount) * 100 / Double(total))
        return "accepted \(status.doneCount)/\(total) (\(percent)%)"
    }
}
