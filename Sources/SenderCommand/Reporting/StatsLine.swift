// The figures of --stats.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// Computes the figures of --stats, without I/O.
struct StatsLine {
    let interval: Milliseconds
    private let startedAt: Instant
    private var lastAt: Instant
    private var lastDone = 0
    private var lastLatencies = Histogram()
    private(set) var dueAt: Instant

    init(every interval: Milliseconds, from start: Instant) {
        self.interval = interval
        startedAt = start
        lastAt = start
        dueAt = start.advanced(by: interval)
    }

    /// The figures of one interval.
    struct Figures {
        var status: Status
        var now: Instant
        var elapsed: Milliseconds
        var interval: Milliseconds
        var tenthsPerSecond: Int
        /// The latencies of the interval, and the interruptions so far.
        var timings: TimingFigures
    }

    /// Ends the interval if it is due; missed intervals are skipped.
    mutating func next(_ status: Status, _ timings: TimingFigures, at now: Instant) -> Figures? {
        guard dueAt <= now else { return nil }
        defer {
            let missedCount = now.milliseconds(since: dueAt) / interval
            dueAt = dueAt.advanced(by: (missedCount + 1) * interval)
        }
        return end(status, timings, at: now)
    }

    /// Ends the interval now.
    mutating func end(_ status: Status, _ timings: TimingFigures, at now: Instant) -> Figures {
        let length = now.milliseconds(since: lastAt)
        let rate = tenthsPerSecond(status.doneCount - lastDone, in: length)
        lastAt = now
        lastDone = status.doneCount
        var figures = timings
        figures.timings.latencies = timings.timings.latencies.added(since: lastLatencies)
        lastLatencies = timings.timings.latencies
        return Figures(
            status: status, now: now, elapsed: now.milliseconds(since: startedAt), interval: length,
            tenthsPerSecond: rate, timings: figures)
    }
}

extension StatsLine.Figures {
    /// The line of text.
    var text: String {
        let summary = status.summary
        return "stats: elapsed \(elapsed) ms, accepted \(status.doneCount), "
            + "rate \(decimal(tenths: tenthsPerSecond))/s in \(interval) ms, "
            + "rejected \(summary.rejected), given up \(summary.givenUp), "
            + "in flight \(status.inFlight), in doubt \(status.inDoubt), "
            + (["resent \(summary.resent)"] + timings.words + [status.words(at: now)])
            .joined(separator: ", ")
    }

    /// Adds the fields of the event `stats`.
    func write(to line: inout JSONLines) {
        let summary = status.summary
        line.field("elapsed_ms", elapsed)
        line.field("interval_ms", interval)
        line.field("rate", tenths: tenthsPerSecond)
        line.field("taken", summary.taken)
        line.field("accepted", summary.accepted)
        line.field("rejected", summary.rejected)
        line.field("given_up", summary.givenUp)
        line.field("unconfirmed", summary.unconfirmed)
        line.field("in_flight", status.inFlight)
        line.field("in_doubt", status.inDoubt)
        line.field("waiting", status.waiting)
        line.field("resent", summary.resent)
        timings.write(to: &line)
        line.state(of: status, at: now)
    }
}

extension JSONLines {
    fileprivate mutating func state(of status: Status, at now: Instant) {
        field("state", status.state(at: now))
        if let attempt = status.attempt { field("attempt", attempt) }
        if let retryAt = status.retryAt {
            field("retry_in_ms", max(0, retryAt.milliseconds(since: now)))
        }
        if let stopsAt = status.stopsAt {
            field("stop_in_ms", max(0, stopsAt.milliseconds(since: now)))
        }
    }
}
