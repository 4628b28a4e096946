// Shows how a run stands, from a thread of its own.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery
import Sending
import Synchronization

/// Draws the line of --progress and writes the lines of --stats, until it is stopped.
///
/// It reads what the loop has posted, and never asks it for anything: a loop that sleeps goes on
/// sleeping.
final class StatusDisplay: Sendable {
    /// Ten times a second.
    private static let drawInterval: Milliseconds = 100

    /// What is shown; under the lock of the thread that shows it.
    private struct Shown {
        var progress: (line: ProgressLine, window: Window)?
        var stats: StatsLine?
    }

    private let board: StatusBoard
    private let diagnostics: Diagnostics
    private let log: StatsLog
    private let clock: @Sendable () -> Instant
    private let shown: Mutex<Shown>
    private let stopAsked: WakePipe
    private let stopped: WakePipe

    init(
        board: StatusBoard, diagnostics: Diagnostics, log: StatsLog,
        progress: (line: ProgressLine, window: Window)?, stats: StatsLine?,
        clock: @escaping @Sendable () -> Instant = { .now }
    ) throws(SystemError) {
        self.board = board
        self.diagnostics = diagnostics
        self.log = log
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

    /// Ends the thread, waits for it, and takes the line away.
    func stop() {
        stopAsked.wake()
        stopped.wait()
        diagnostics.erase()
    }

    /// Shows what is due and says how long to wait for the next, in milliseconds.
    func show() -> Int32? {
        shown.withLock { shown in
            let now = clock()
            let status = board.status
            // First: in the background there is no line that figures could stand above.
            if let (_, window) = shown.progress {
                draw(status, in: window, at: now, &shown)
            }
            if let figures = shown.stats?.next(status, at: now) { log.write(figures) }
            let statsWait = shown.stats.map { max(0, $0.dueAt - now) }
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

/// What a line that is drawn has to know of its terminal, which may change at any time.
struct Window: Sendable {
    var columns: @Sendable () -> Int
    var isInForeground: @Sendable () -> Bool
}

extension Window {
    init(_ terminal: Terminal) {
        self.init(columns: { terminal.columns }, isInForeground: { terminal.isInForeground })
    }
}

/// Where the figures of an interval go.
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
