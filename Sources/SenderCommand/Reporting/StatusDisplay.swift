// The thread that shows progress and figures.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender
import Synchronization

/// Draws the progress line and writes the lines of --stats until stopped.
///
/// It reads the status board, and wakes the loop only for the latencies of --stats.
final class StatusDisplay: Sendable {
    /// Ten times per second.
    private static let drawInterval: Milliseconds = 100

    /// The state of both displays.
    private struct Shown {
        var progress: (line: ProgressLine, window: Window)?
        var stats: StatsLine?
    }

    private let board: StatusBoard
    private let diagnostics: Diagnostics
    private let log: StatsLog
    private let timings: @Sendable () -> TimingFigures
    private let clock: @Sendable () -> Instant
    private let shown: Mutex<Shown>
    private let stopAsked: WakePipe
    private let stopped: WakePipe

    init(
        board: StatusBoard, diagnostics: Diagnostics, log: StatsLog,
        progress: (line: ProgressLine, window: Window)?, stats: StatsLine?,
        timings: @escaping @Sendable () -> TimingFigures = { TimingFigures() },
        clock: @escaping @Sendable () -> Instant = { .now }
    ) throws(SystemError) {
        self.board = board
        self.diagnostics = diagnostics
        self.log = log
        self.timings = timings
        self.clock = clock
        shown = Mutex(Shown(progress: progress, stats: stats))
        stopAsked = try WakePipe()
        stopped = try WakePipe()
    }

    func start() throws(SystemError) {
        try startThread { [self] in
            while let wait = show(), !stopAsked.wait(atMost: wait) {}
            stopped.wake()
        }
    }

    /// Ends the thread and erases the progress line.
    func stop() {
        stopAsked.wake()
        stopped.wait()
        diagnostics.erase()
    }

    /// Shows what is due; returns the wait for the next, in milliseconds.
    func show() -> Int32? {
        shown.withLock { shown in
            let now = clock()
            var status = board.status
            // Before the figures: in the background there must be no progress line.
            if let (_, window) = shown.progress {
                draw(status, in: window, at: now, &shown)
            }
            if let stats = shown.stats, stats.dueAt <= now {
                let timings = timings()
                status = board.status
                if let figures = shown.stats?.next(status, timings, at: now) { log.write(figures) }
            }
            let statsWait = shown.stats.map { max(0, $0.dueAt.milliseconds(since: now)) }
            let drawWait = shown.progress.map { _ in Self.drawInterval }
            return [statsWait, drawWait].compactMap(\.self).min().map { Int32(clamping: $0) }
        }
    }

    private func draw(
        _ status: Status, in window: Window, at now: Instant, _ shown: inout Shown
    ) {
        guard window.isInForeground() else { return diagnostics.forgetLine() }
        if let line = shown.progress?.line.text(status, at: now, columns: window.columns()) {
            diagnostics.draw(line)
        }
    }
}

/// Properties of the terminal that may change at any time.
struct Window: Sendable {
    var columns: @Sendable () -> Int
    var isInForeground: @Sendable () -> Bool
}

extension Window {
    init(_ terminal: Terminal) {
        self.init(columns: { terminal.columns }, isInForeground: { terminal.isInForeground })
    }
}

/// The destinations of the figures of --stats.
struct StatsLog: Sendable {
    let diagnostics: Diagnostics
    let format: LogFormat
    let events: EventsFile?
    let wallClock: WallClock

    func write(_ figures: StatsLine.Figures) {
        var json = JSONLines()
        if format == .json || events != nil {
            json.add("stats", at: wallClock()) { figures.write(to: &$0) }
        }
        events?.submit(json.bytes)
        var bytes = json.bytes
        if format == .text {
            bytes.removeAll()
            bytes.appendLine(figures.text)
        }
        diagnostics.submit(&bytes)
    }
}
