// Monitoring of a run: standard error, the file of events, progress and figures.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinkRecovery
import ReliableSender

/// Standard error, the file of events, the progress line and the figures of --stats.
final class Monitoring {
    let diagnostics: Diagnostics
    let events: EventsFile?
    /// The current status of the run.
    let board = StatusBoard()
    /// Standard output is hidden: it is the terminal with the progress line.
    let hidesOutput: Bool
    /// Standard output and standard error share a writer.
    let sharesOutput: Bool
    /// The sentence about a progress line that can't be drawn.
    let missingProgress: String?

    private let options: ReportingOptions
    private let output: OutputWriter
    private let isQuiet: Bool
    private let terminal: Terminal?
    private var display: StatusDisplay?

    /// `files` are the other files of the run.
    ///
    /// `output` also writes standard error if both have the same destination, which keeps lines in
    /// order.
    ///
    /// - Throws: A `UsageError` for a file that can't be used, or a `SystemError`.
    init(_ run: RunOptions, besides files: DistinctFiles, output: OutputWriter) throws {
        options = run.reporting
        self.output = output
        isQuiet = run.isQuiet
        sharesOutput =
            options.logFormat == .text && isSameDestination(STDOUT_FILENO, STDERR_FILENO)
        diagnostics = Diagnostics(
            sharesOutput ? output : try OutputWriter(diagnosticsAs: options.logFormat))
        events = try options.events.map {
            try EventsFile($0, besides: files, wallClock: systemWallClock)
        }
        terminal = options.isProgressAsked ? Terminal(STDERR_FILENO) : nil
        hidesOutput = terminal?.isSame(as: STDOUT_FILENO) ?? false
        missingProgress =
            options.isProgressAsked && terminal == nil
            ? "--progress draws no line here: standard error is no terminal that can clear one; "
                + "--stats MS writes lines" : nil
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

    /// Starts progress and figures; `total` messages are to be sent, if known.
    func start(total: Int?) throws(SystemError) {
        guard terminal != nil || options.statsInterval != nil else { return }
        let log = StatsLog(
            diagnostics: diagnostics, format: options.logFormat, events: events,
            wallClock: systemWallClock)
        let display = try StatusDisplay(
            board: board, diagnostics: diagnostics, log: log,
            progress: terminal.map { (ProgressLine(total: total), Window($0)) },
            stats: options.statsInterval.map { StatsLine(every: $0, from: .now) })
        try display.start()
        self.display = display
    }

    /// Ends progress and figures, before the last lines.
    func stop() {
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

    /// Writes the backlog, as far as readers keep up, and that the loop hangs, with the summary.
    ///
    /// - Isolation: any thread: it leaves alone what the loop's thread has gathered.
    var lastWordsOfHang: @Sendable (_ seconds: Int, Summary, _ notTaken: Int?) -> Void {
        let (lastErase, format) = (lastErase, options.logFormat)
        return { [diagnostics, events] seconds, summary, notTaken in
            let closing = RunEvent.closed(
                Closing(
                    cause: .hung, summary: summary, notTaken: notTaken,
                    status: ExitStatus.couldNotFinish, sentence: hangSentence(seconds: seconds)))
            var json = JSONReport(
                format: format, hasFile: events != nil, isQuiet: false, wallClock: systemWallClock)
            json.add(closing)
            if let events {
                events.submit(json.file)
                _ = events.finish(within: 1000)
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
        _ = diagnostics.finish(within: left())
        // Useless if it is the same file or terminal.
        if !sharesOutput, output.failure == nil, let sentence = diagnostics.missingSentence {
            writeAtOnce(diagnosticLine(sentence, .text), to: STDOUT_FILENO)
        }
    }
}
