// Monitoring of a run: standard error, the files of events and metrics, progress and figures.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender

/// Standard error, the files of events and metrics, the progress line and the figures of --stats.
final class Monitoring {
    /// Unless --stats says another one.
    private static let metricsInterval: Milliseconds = 10_000

    let events: EventsFile?
    /// The current status of the run.
    let board = StatusBoard()
    /// Standard output is hidden: it is the terminal with the progress line.
    let hidesOutput: Bool
    /// The sentence about a progress line that can't be drawn.
    let missingProgress: String?

    private let options: ReportingOptions
    private let streams: StandardStreams
    private var diagnostics: Diagnostics { streams.diagnostics }
    private let isQuiet: Bool
    private let terminal: Terminal?
    private let latencyStart: LatencyStart
    private let metrics: (file: MetricsFile, first: MetricsSnapshot)?
    private var metricsWriter: MetricsWriter?
    private var askedFigures: AskedFigures?
    private var display: StatusDisplay?

    /// `files` are the other files of the run.
    ///
    /// - Throws: A `UsageError` for a file that can't be used, or a `SystemError`.
    init(_ run: RunOptions, besides files: DistinctFiles, _ streams: StandardStreams) throws {
        options = run.reporting
        self.streams = streams
        isQuiet = run.isQuiet
        events = try options.events.map {
            try EventsFile($0, besides: files, wallClock: systemWallClock)
        }
        latencyStart = run.latencyStart
        metrics = try Self.metrics(run, besides: files)
        terminal = options.isProgressAsked ? Terminal(STDERR_FILENO) : nil
        hidesOutput = terminal?.isSame(as: STDOUT_FILENO) ?? false
        missingProgress =
            options.isProgressAsked && terminal == nil
            ? "--progress draws no line here: standard error is not a terminal that can clear a line; "
                + "--stats MS writes lines" : nil
    }

    private static func metrics(
        _ run: RunOptions, besides files: DistinctFiles
    ) throws(UsageError) -> (MetricsFile, MetricsSnapshot)? {
        guard let path = run.reporting.metricsFile else { return nil }
        var files = files
        try files.add("--events", run.reporting.events.flatMap(FileIdentity.init(path:)))
        let first = MetricsSnapshot(
            run.destinations, labels: run.reporting.metricsLabels, startedAt: systemWallClock())
        return (try MetricsFile(path, besides: files, text: first.text), first)
    }

    /// The reporter of a run with these options.
    func reporter(_ run: RunOptions) -> Reporter {
        let recovery = run.sending.recovery
        return Reporter(
            text: TextReport(
                isQuiet: isQuiet, isOutputHidden: hidesOutput, format: options.logFormat,
                peers: run.sending.endpoints.map(\.inURL), destinations: run.destinations,
                isInputShared: run.input.input.isStandardInput && run.destinations.all.count > 1,
                offersProgress: offersProgress),
            json: JSONReport(
                format: options.logFormat, hasFile: events != nil, isQuiet: isQuiet,
                destinations: run.destinations, wallClock: systemWallClock),
            hints: Hints(
                Hints.Context(
                    address: run.targets[0].address, retryInterval: recovery.retry.interval,
                    mayReconnect: recovery.mayReconnect)),
            destinations: run.destinations)
    }

    /// Whether a person sees the lines of standard output, and has not asked for the progress line.
    private var offersProgress: Bool {
        !isQuiet && !options.isProgressAsked && options.logFormat == .text
            && Terminal(STDERR_FILENO)?.isSame(as: STDOUT_FILENO) ?? false
    }

    /// Starts progress, figures and metrics; `total` messages are to be sent, if known.
    ///
    /// `wake` asks for a turn of the loop.
    func start(total: Int?, wake: @escaping @Sendable () -> Void) throws(SystemError) {
        let figures = RunFigures(board: board, latencyStart: latencyStart, wake: wake)
        let log = StatsLog(
            diagnostics: diagnostics, format: options.logFormat, events: events,
            wallClock: systemWallClock)
        askedFigures = AskedFigures(figures, log)
        try startMetrics(figures)
        guard terminal != nil || options.statsInterval != nil else { return }
        let display = try StatusDisplay(
            board: board, diagnostics: diagnostics, log: log,
            progress: terminal.map { (ProgressLine(total: total), Window($0)) },
            stats: options.statsInterval.map { StatsLine(every: $0, from: .now) },
            timings: { figures.timings() })
        try display.start()
        self.display = display
    }

    private func startMetrics(_ figures: RunFigures) throws(SystemError) {
        guard let (file, first) = metrics else { return }
        let (diagnostics, events, format) = (diagnostics, events, options.logFormat)
        let writer = try MetricsWriter(
            file, every: options.statsInterval ?? Self.metricsInterval,
            text: {
                let (status, details) = figures.read()
                return first.during(status, details, at: .now).text
            },
            report: { sentence in
                var line = diagnosticLine(sentence, format)
                diagnostics.submit(&line)
                events?.submit(diagnosticLine(sentence, .json))
            })
        try writer.start()
        metricsWriter = writer
    }

    /// Writes a line of figures.
    var showFigures: (@Sendable () -> Void)? {
        guard let askedFigures else { return nil }
        return { askedFigures.show() }
    }

    /// Writes the metrics of the end, as far as the disk keeps up.
    func endMetrics(_ closing: Closing, within limit: Milliseconds) {
        guard let (file, first) = metrics else { return }
        let text = first.after(closing).text
        guard let metricsWriter else {
            // The run could not start.
            try? file.write(text)
            return
        }
        metricsWriter.stop(text, within: limit)
        self.metricsWriter = nil
    }

    /// Ends progress and figures, before the last lines.
    func stop() {
        askedFigures?.stop()
        display?.stop()
        display = nil
    }

    /// Erases the progress line before the process ends, without blocking; nil without a terminal.
    var lastErase: (@Sendable () -> Void)? {
        guard let terminal else { return nil }
        return { [diagnostics] in
            if diagnostics.mayHaveLine, terminal.isInForeground { terminal.eraseAtOnce() }
        }
    }

    /// Writes the backlog, as far as readers keep up, the metrics, and that the loop hangs, with the summary.
    ///
    /// Latencies are those of the newest details that were requested.
    ///
    /// - Isolation: any thread: it leaves alone what the loop's thread has gathered.
    var lastWordsOfHang: @Sendable (_ sentence: String, Summary, _ notTaken: Int?) -> Void {
        let (lastErase, format, latencyStart) = (lastErase, options.logFormat, latencyStart)
        return { [diagnostics, events, board, metrics, metricsWriter] sentence, summary, notTaken in
            let details = board.details
            let closing = RunEvent.closed(
                Closing(
                    cause: .hung, summary: summary, notTaken: notTaken,
                    timings: TimingFigures(timings: details.timings, start: latencyStart),
                    status: ExitStatus.couldNotFinish, sentence: sentence))
            var json = JSONReport(
                format: format, hasFile: events != nil, isQuiet: false, wallClock: systemWallClock)
            json.add(closing)
            if let events {
                events.submit(json.file)
                _ = events.finish(within: 1000)
            }
            if let metrics, let metricsWriter {
                let last = metrics.first.afterHang(board.status, details, at: .now)
                metricsWriter.stop(last.text, within: 1000)
            }
            lastErase?()
            _ = diagnostics.finish(within: 1000)
            writeAtOnce(diagnosticLine(closing, format), to: STDERR_FILENO)
        }
    }

    /// Sets the callback for a reader of events that has caught up.
    func onRoom(_ body: @escaping @Sendable () -> Void) {
        events?.onRoom(body)
        diagnostics.onRoom(body)
    }

    /// Waits for slow readers until this time, and reports missing lines.
    func finish(until deadline: ContinuousClock.Instant) {
        let clock = ContinuousClock()
        // At least a moment, for the writer's thread to run.
        func left() -> Milliseconds {
            Milliseconds(max(deadline - clock.now, .milliseconds(100)) / .milliseconds(1))
        }
        if let events {
            let isAllWritten = events.finish(within: left())
            if let sentence = events.missingSentence(isAllWritten: isAllWritten) {
                var line = diagnosticLine(sentence, options.logFormat)
                diagnostics.submit(&line)
            }
        }
        streams.endDiagnostics(within: left())
    }
}
