// One run: sending, printing and the account at its end.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinkRecovery
import Sending

/// Puts source, sender, printer and signals together.
struct Run {
    private let options: RunOptions
    private let signals: StopSignals
    private let output: OutputWriter
    private let diagnostics: OutputWriter
    private let printer: EventPrinter

    init(_ options: RunOptions) throws(SystemError) {
        self.options = options
        // Before the writers: their threads, too, must not take the signals.
        signals = StopSignals()
        output = try OutputWriter(descriptor: STDOUT_FILENO)
        diagnostics = try OutputWriter(descriptor: STDERR_FILENO)
        printer = EventPrinter(isQuiet: options.isQuiet, output: output, diagnostics: diagnostics)
    }

    /// Sends until the end, reports, and returns the exit status.
    func run() -> Int32 {
        printer.print { text in
            if options.isPasswordOnCommandLine {
                text.message("warning: every user of this machine can read the password given here")
            }
            text.header(options)
        }
        do {
            let (end, summary) = try send()
            // Later signals find a run that has ended: they do not change how.
            let signal = signals.first
            printer.print { $0.end(end, summary) }
            close { $0.summary(summary, end: end, options: options, signal: signal) }
            return exitStatus(end: end, summary: summary, signal: signal)
        } catch {
            close { $0.message("could not start: \(printable(String(describing: error)))") }
            return ExitStatus.couldNotFinish
        }
    }

    private func send() throws -> (end: End, summary: Summary) {
        let source = try CountedMessages(count: options.messages, isDurable: options.isDurable)
        let sender = MessageSender(options: options.sending, source: source, observer: printer)
        let stopHandle = sender.stopHandle
        output.onRoom { stopHandle.wake() }
        try signals.onFirst { stopHandle.stop() }
        let result = try sender.run()
        return (result.end, result.summary)
    }

    /// Prints the last lines, and waits for slow readers only as long as for slow peers.
    private func close(_ lastLines: (inout EventText) -> Void) {
        let limit = options.sending.recovery.drainTimeout
        let clock = ContinuousClock()
        let deadline = clock.now + .milliseconds(limit)
        let isAllWritten = output.finish(within: limit)
        printer.print { text in
            if !isAllWritten {
                text.message("not all lines were written: the reader did not keep up")
            } else if let failure = output.failure, failure.number != EPIPE {
                text.message("standard output could not be written: \(failure)")
            }
            lastLines(&text)
        }
        // Even if the reader of the lines has used all the time up.
        let left = max(deadline - clock.now, .milliseconds(100))
        _ = diagnostics.finish(within: Milliseconds(left / .milliseconds(1)))
    }
}
