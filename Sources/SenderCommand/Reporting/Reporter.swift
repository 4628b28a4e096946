// Events of a run as text and JSON, except for two that are made on other threads: `stats`
// (StatsLine.swift, StatusDisplay.swift) and `dropped` (EventsFile.swift).
// SPDX-License-Identifier: Apache-2.0

import AMQP
import ReliableSender

/// Takes events and gathers their lines, as text and as JSON, without I/O.
struct Reporter {
    var text: TextReport
    var json: JSONReport
    private var hints: Hints?
    private let destinations: Destinations?

    init(
        text: TextReport, json: JSONReport = .none, hints: Hints? = nil,
        destinations: Destinations? = nil
    ) {
        self.destinations = destinations
        self.text = text
        self.json = json
        self.hints = hints
    }

    /// A reporter of standard error outside of a run.
    init(_ format: LogFormat, isQuiet: Bool = false) {
        self.init(
            text: TextReport(isQuiet: isQuiet, format: format),
            json: JSONReport(
                format: format, hasFile: false, isQuiet: isQuiet, wallClock: systemWallClock))
    }

    /// Adds an event, and the hint for an error that occurs the first time.
    mutating func report(_ event: RunEvent) {
        json.add(event)
        text.add(event)
        guard case .report(let report) = event, let (level, condition) = report.failure else {
            return
        }
        let address = address(in: report)
        guard let hint = hints?.sentence(level, condition, address: address) else { return }
        self.report(.hint(hint, for: condition))
    }

    private func address(in report: Report) -> String? {
        guard case .link(let sender, _) = report else { return nil }
        return destinations?.address(of: sender)
    }

    /// Adds the end of a run: the summary, and the reason if it could not finish.
    mutating func close(_ closing: Closing, options: RunOptions) {
        var closing = closing
        assert(closing.summary.addsUp)
        let reasons = [
            closing.endSentence(options, unreached: text.unreachedPeer), closing.fault?.sentence,
        ].compactMap(\.self)
        if !reasons.isEmpty { closing.sentence = reasons.joined(separator: "; ") }
        report(.closed(closing))
    }

    /// Ends a turn of the loop.
    mutating func endTurn() {
        text.endTurn()
    }

    /// Bytes that wait to be passed on.
    var gatheredByteCount: Int {
        text.output.count + text.diagnostics.count + json.output.count + json.diagnostics.count
            + json.file.count
    }

    /// All lines for standard error.
    fileprivate var allDiagnostics: [UInt8] { text.diagnostics + json.diagnostics }
}

extension Closing {
    /// The reason of an early end; nil when the run finished.
    fileprivate func endSentence(_ options: RunOptions, unreached: String?) -> String? {
        guard case .ended(let end) = cause else { return sentence }
        guard var sentence = end.sentence(unreached: unreached, hasUser: options.user != nil)
        else { return nil }
        if end == .stopped {
            let reason = signal.map { "by \(signalName($0))" }
            sentence += " " + (reason ?? "because a file can't be written")
        }
        if case .connectionFailed(let condition) = end, !condition.isOfTLS,
            !options.sending.recovery.mayReconnect
        {
            sentence += "; add -r to reconnect"
        }
        if let total = options.messages, !options.input.input.isStandardInput,
            let notTaken, notTaken > 0
        {
            sentence += "; \(notTaken) of \(counted(total, "message")) not sent"
        }
        return sentence
    }
}

/// A sentence outside of a run, as a line for standard error.
func diagnosticLine(_ sentence: String, _ format: LogFormat) -> [UInt8] {
    diagnosticLine(.message(sentence), format)
}

/// An event outside of a run, as a line for standard error.
func diagnosticLine(_ event: RunEvent, _ format: LogFormat) -> [UInt8] {
    var reporter = Reporter(format)
    reporter.report(event)
    return reporter.allDiagnostics
}
