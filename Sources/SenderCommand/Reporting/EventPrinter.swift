// Prints what happens while a run is going on.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery
import Sending

/// Gathers the lines of a batch of events, and passes them on when the loop goes idle.
///
/// Isolation: the thread that runs the sender.
final class EventPrinter: SendingObserver {
    private static let gatheredByteCountMax = 64 * 1024

    private var text: EventText
    private let isTracing: Bool
    /// nil: its lines are left out.
    private let output: OutputWriter?
    private let diagnostics: Diagnostics
    private let events: EventsFile?
    private var isEventsFailureTold = false
    private var toldOnce: Set<String> = []

    init(
        _ text: EventText, isTracing: Bool = false, output: OutputWriter?,
        diagnostics: Diagnostics, events: EventsFile? = nil
    ) {
        self.text = text
        self.isTracing = isTracing
        self.output = output
        self.diagnostics = diagnostics
        self.events = events
    }

    /// Adds lines of the command's own and passes them on.
    func print(_ lines: (inout EventText) -> Void) {
        lines(&text)
        willIdle()
    }

    /// Adds a sentence of the command's own, the first time.
    func printOnce(_ sentence: String) {
        if toldOnce.insert(sentence).inserted { text.message(sentence) }
    }

    func observe(_ report: Report) {
        text.event(report)
        // In a batch that long, too, isHoldingUp must know what waits.
        if text.gatheredByteCount >= Self.gatheredByteCountMax { passOn() }
    }

    func willIdle() {
        text.endTurn()
        tellEventsFailure()
        passOn()
    }

    /// Adds a line of the trace of frames.
    func frame(_ line: String) {
        text.frame(line)
        if text.gatheredByteCount >= Self.gatheredByteCountMax { passOn() }
    }

    private func passOn() {
        if let output { output.submit(&text.output) } else { text.output.removeAll() }
        diagnostics.submit(&text.diagnostics)
        diagnostics.submit(&text.log.diagnostics)
        events?.submit(taking: &text.log.file)
    }

    /// Once: events are not data, and nothing waits for them.
    private func tellEventsFailure() {
        guard !isEventsFailureTold, let failure = events?.failure else { return }
        isEventsFailureTold = true
        text.message(failure)
    }

    /// Standard error counts only where it has a line per event or frame.
    var isHoldingUp: Bool {
        output?.isHoldingUp == true || events?.isHoldingUp == true
            || (isTracing || text.log.isOnDiagnostics) && diagnostics.isHoldingUp
    }
}
