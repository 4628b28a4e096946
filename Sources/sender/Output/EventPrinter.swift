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
    private let output: OutputWriter
    private let diagnostics: OutputWriter

    init(
        isQuiet: Bool, isTracing: Bool = false, output: OutputWriter, diagnostics: OutputWriter
    ) {
        self.isTracing = isTracing
        text = EventText(isQuiet: isQuiet)
        self.output = output
        self.diagnostics = diagnostics
    }

    /// Adds lines of the command's own and passes them on.
    func print(_ lines: (inout EventText) -> Void) {
        lines(&text)
        willIdle()
    }

    func observe(_ report: Report) {
        text.event(report)
        // In a batch that long, too, isHoldingUp must know what waits.
        if text.output.count >= Self.gatheredByteCountMax { output.submit(&text.output) }
    }

    func willIdle() {
        output.submit(&text.output)
        diagnostics.submit(&text.diagnostics)
    }

    /// Adds a line of the trace of frames.
    func frame(_ line: String) {
        text.frame(line)
        if text.diagnostics.count >= Self.gatheredByteCountMax {
            diagnostics.submit(&text.diagnostics)
        }
    }

    var isHoldingUp: Bool {
        output.isHoldingUp || isTracing && diagnostics.isHoldingUp
    }
}
