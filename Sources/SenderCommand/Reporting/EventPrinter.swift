// Printing of events during a run.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// Gathers the lines of a batch of events, and passes them on when the loop goes idle.
///
/// - Isolation: the thread that runs the sender.
final class EventPrinter: SendingObserver {
    private static let gatheredByteCountMax = 64 * 1024

    private var reporter: Reporter
    private let isTracing: Bool
    /// nil: standard output is hidden.
    private let output: OutputWriter?
    private let diagnostics: Diagnostics
    private let events: EventsFile?
    private let service: ServiceManager?
    private var isEventsFailureReported = false
    /// Called before the loop goes idle, to add what is due.
    var beforeIdle: (() -> Void)?

    init(
        _ reporter: Reporter, isTracing: Bool = false, output: OutputWriter?,
        diagnostics: Diagnostics, events: EventsFile? = nil, service: ServiceManager? = nil
    ) {
        self.service = service
        self.reporter = reporter
        self.isTracing = isTracing
        self.output = output
        self.diagnostics = diagnostics
        self.events = events
    }

    /// Adds an event of the command, which is passed on with those of the loop.
    func add(_ event: RunEvent) {
        reporter.report(event)
    }

    /// Adds events of the command and passes them on.
    func print(_ events: [RunEvent]) {
        for event in events { reporter.report(event) }
        willIdle()
    }

    /// Adds last events and the end of the run, and passes them on.
    func close(_ closing: Closing, after events: [RunEvent], options: RunOptions) {
        for event in events { reporter.report(event) }
        reporter.close(closing, options: options)
        willIdle()
    }

    func observe(_ report: Report) {
        reporter.report(.report(report))
        if let service, case .link(_, .opened(hasCredit: true)) = report { service.noteReady() }
        // A long batch must not evade isHoldingUp.
        if reporter.gatheredByteCount >= Self.gatheredByteCountMax { passOn() }
    }

    func willIdle() {
        beforeIdle?()
        reporter.endTurn()
        reportEventsFailure()
        passOn()
    }

    /// Adds a line of --trace-frames.
    func frame(_ line: String) {
        reporter.report(.frame(line))
        if reporter.gatheredByteCount >= Self.gatheredByteCountMax { passOn() }
    }

    private func passOn() {
        if let output {
            output.submit(&reporter.text.output)
            output.submit(&reporter.json.output)
        } else {
            reporter.text.output.removeAll()
            reporter.json.output.removeAll()
        }
        diagnostics.submit(&reporter.text.diagnostics)
        diagnostics.submit(&reporter.json.diagnostics)
        events?.submit(taking: &reporter.json.file)
    }

    /// Reports once that the file of events fails; the run does not wait for it.
    private func reportEventsFailure() {
        guard !isEventsFailureReported, let failure = events?.failure else { return }
        isEventsFailureReported = true
        reporter.report(.message(failure))
    }

    /// Standard error counts only if it has a line per event or frame.
    var isHoldingUp: Bool {
        output?.isHoldingUp == true || events?.isHoldingUp == true
            || (isTracing || reporter.json.isOnDiagnostics) && diagnostics.isHoldingUp
    }
}
