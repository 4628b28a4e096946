// One run of the command.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender

/// Connects source, sender, reporting and signals.
struct Run {
    private let options: RunOptions
    private let signals: StopSignals
    private let streams: StandardStreams
    private let monitoring: Monitoring
    private let printer: EventPrinter
    private let service = ServiceManager { name in getenv(name).map { String(cString: $0) } }
    private let files: RunFiles
    private let duplicateID: DuplicateID?
    private let input: RunInput
    private let badLines: BadLines?

    /// Prepares a run; nothing is sent before ``run()``.
    ///
    /// - Throws: A `UsageError` for a file that can't be used, a ``StoppedEarly``, or a
    ///   `SystemError`.
    init(_ options: RunOptions) throws {
        var options = options
        options.destinations.onDemand = OnDemandSenders(options)
        self.options = options
        try options.checkTLSFiles()
        // Before any thread starts: threads inherit the blocked signals.
        let signals = try StopSignals()
        self.signals = signals
        let standardInput = options.input.input.isStandardInput ? try StandardInput() : nil
        let content = try Content(options.input, unlessStoppedBy: signals)
        let files = try Self.open(options, content, standardInput, unlessStoppedBy: signals)
        self.files = files
        let runID = options.runID ?? files.journal?.runID ?? randomRunID()
        duplicateID = options.duplicateIDProperty.map { DuplicateID(property: $0, runID: runID) }
        badLines = files.badLines(options.input.onBadData)
        input = try RunInput(
            options, content: content, standardInput: standardInput, journal: files.journal,
            duplicateID: duplicateID, runID: runID, badLines: badLines)
        streams = try StandardStreams(options.reporting.logFormat, outputAs: .text)
        monitoring = try Monitoring(options, besides: files.distinct, streams)
        printer = EventPrinter(
            monitoring.reporter(options), isTracing: options.isTracing,
            output: monitoring.hidesOutput ? nil : streams.output, diagnostics: streams.diagnostics,
            events: monitoring.events, service: service)
        badLines?.onReport = { [printer] in printer.add(.badLine($0)) }
        // Not held: it and its file report to the printer.
        printer.beforeIdle = { [weak badLines] in badLines?.reportIfDue() }
    }

    private static func open(
        _ options: RunOptions, _ content: Content?, _ standardInput: StandardInput?,
        unlessStoppedBy signals: StopSignals
    ) throws -> RunFiles {
        do {
            return try RunFiles(options, content: content, standardInput: standardInput) {
                signals.first != nil
            }
        } catch {
            if let signal = signals.first { throw StoppedEarly(signal: signal) }
            throw error
        }
    }

    /// Sends to the end, prints the summary, and returns the exit status.
    func run() -> Int32 {
        printer.print(beginning)
        let (result, inputEnd) = send()
        // Signals that come later do not change the status.
        var closing = Closing(
            cause: .couldNotStart, fault: inputEnd.fault, signal: signals.first,
            status: ExitStatus.couldNotFinish)
        do {
            let sent = try result.get()
            let (end, summary) = (sent.end, sent.summary)
            closing.cause = .ended(end)
            closing.summary = summary
            closing.timings = TimingFigures(timings: sent.timings, start: options.latencyStart)
            closing.accounts = accounts(sent, inputEnd)
            closing.status = exitStatus(
                end: end, summary: summary, signal: closing.signal,
                otherRefused: files.refusedEarlier + inputEnd.badLineCount,
                isRecorded: files.areComplete, inputFault: inputEnd.fault)
            let completion = RunEvent.completion(
                end, summary, otherRefused: files.refusedEarlier + inputEnd.badLineCount,
                unconfirmedEarlier: files.unconfirmedEarlier)
            if inputEnd.fault == nil, let completion { printer.print([completion]) }
        } catch {
            closing.fault = nil
            closing.sentence = "could not start: \(printable(String(describing: error)))"
        }
        closing.badLineCount = inputEnd.badLineCount
        closing.notTaken =
            closing.summary.notTakenCount(of: files.missingCount)
            ?? zip(options.destinations.all, input.lags).reduce(0) {
                $0 + $1.1 + inputEnd.notTakenCount
            }
        close(closing, inputEnd)
        return closing.status
    }

    /// The account of each address; none for the only one, whose account is that of the run.
    private func accounts(_ sent: SendingResult, _ inputEnd: InputEnd) -> [Closing.Account] {
        let destinations = options.destinations
        if let onDemand = destinations.onDemand {
            return onDemand.accounts(of: sent, unaddressed: destinations.all[0].address)
        }
        guard destinations.all.count > 1 else { return [] }
        return zip(destinations.all, input.lags).enumerated().map { index, address in
            var account = Closing.Account(address: address.0.address)
            for (sender, summary) in sent.summaries.enumerated()
            where destinations.index(of: SenderID(sender)) == index {
                account.summary.add(summary)
            }
            account.summary.reconnects = sent.summary.reconnects
            account.summary.elapsed = sent.summary.elapsed
            account.notTaken =
                account.summary.notTakenCount(of: files.missingCounts?[index])
                ?? address.1 + inputEnd.notTakenCount
            return account
        }
    }

    /// The events before anything is sent.
    private var beginning: [RunEvent] {
        var events = options.warnings.map { RunEvent.message($0) }
        if let sentence = monitoring.missingProgress { events.append(.message(sentence)) }
        if !options.input.input.isStandardInput, StandardInput.isPipeWithBytes {
            events.append(
                .message(
                    "warning: standard input is not read: --stdin sends its lines, --json those "
                        + "that are JSON"))
        }
        events.append(.begun(options))
        if let duplicateID { events.append(.duplicateIDs(duplicateID)) }
        for sentence in [files.resumptionSentence, input.beginningSentence] {
            if let sentence { events.append(.message(sentence)) }
        }
        return events
    }

    /// Sends, and closes input and files in any case: bytes read from a pipe must be accounted for.
    private func send() -> (result: Result<SendingResult, any Error>, InputEnd) {
        let observer = files.observer(
            before: printer, duplicateID: duplicateID, destinations: options.destinations,
            sources: input.sources)
        var watch: LoopWatchdog?
        defer {
            monitoring.stop()
            // Last, since the disk may hang at the end as well.
            watch?.stop()
        }
        let result = Result {
            try send(observedBy: observer, watchedBy: &watch)
        }
        // No turn comes any more that would show that the program is alive.
        service?.noteStopping()
        watch?.noteWriting()
        files.end()
        // Prints reports that were delayed until written.
        observer.willIdle()
        return (result, input.finish())
    }

    private func send(
        observedBy observer: any SendingObserver, watchedBy watch: inout LoopWatchdog?
    ) throws -> SendingResult {
        let limit = try options.duration.map { try TimeLimit(milliseconds: $0) }
        defer { limit?.end() }
        let sources = limit.map { limit in input.sources.map { TimedSource($0, limit) } }
        let sender = SendingEngine(
            options: options.sending,
            routes: options.destinations.routes(from: sources ?? input.sources),
            supply: limit.flatMap { TimedSupply(input.supply, $0) } ?? input.supply,
            observer: observer,
            statusBoard: monitoring.board, secrets: { [options] in options.secrets(for: $0) },
            onFrame: options.isTracing ? { [printer] in printer.frame($0) } : nil)
        let stopHandle = sender.stopHandle
        files.onFailure { [printer] sentence in
            printer.print([.message(sentence)])
            stopHandle.stop()
        }
        try files.begin { stopHandle.wake() }
        streams.output.onRoom { stopHandle.wake() }
        monitoring.onRoom { stopHandle.wake() }
        let stopReading = input.stopReading
        if let lastErase = monitoring.lastErase { signals.onSecond(lastErase) }
        signals.onFirst { [service] in
            service?.noteStopping()
            stopHandle.stop()
            stopReading()
        }
        limit?.onPassed {
            stopReading()
            stopHandle.wake()
        }
        try input.start { stopHandle.wake() }
        try monitoring.start(total: files.missingCount.map { Int(clamping: $0) }) {
            stopHandle.wake()
        }
        signals.onFiguresAsked(monitoring.showFigures)
        watch = try watchLoop(stopHandle)
        return try sender.run()
    }

    private func watchLoop(_ stopHandle: StopHandle) throws(SystemError) -> LoopWatchdog {
        let detector = HangDetector(
            options.sending.recovery, idleTimeout: options.sending.idleTimeout)
        let (signals, streams, service, board) = (signals, streams, service, monitoring.board)
        let lastWords = monitoring.lastWordsOfHang
        let missing = files.missingCount
        return try LoopWatchdog(
            monitoring.board, detector, wake: { stopHandle.wake() },
            isStopping: { signals.first != nil },
            tick: { hasTurned in
                // For the last words, as a loop that hangs posts none.
                if hasTurned { board.requestDetails {} }
                guard let service else { return }
                if hasTurned { service.ping() }
                service.note(board.status.words(at: .now))
            },
            report: { sentence, summary in
                _ = streams.endOutput(within: 1000)
                lastWords(sentence, summary, summary.notTakenCount(of: missing))
            })
    }

    /// Prints the last lines; slow readers get as much time as slow peers.
    private func close(_ closing: Closing, _ inputEnd: InputEnd) {
        service?.noteStopping()
        let limit = options.readerLimit
        let clock = ContinuousClock()
        let deadline = clock.now + .milliseconds(limit)
        monitoring.endMetrics(closing, within: limit)
        let missingLines = streams.endOutput(within: limit)
        let sentences = [missingLines, files.rejectedFile?.missing].compactMap(\.self)
        printer.close(
            closing, after: (sentences + inputEnd.sentences).map { .message($0) }, options: options)
        // Even if the reader of standard output has used up the time.
        monitoring.finish(until: deadline)
    }
}
