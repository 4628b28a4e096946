// A run without a peer: --dry-run.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender

/// Reads and encodes the input as a run does, and reports it.
struct DryRun {
    private let options: RunOptions
    private let signals: StopSignals
    private let input: RunInput
    private let badLines = BadLines(keptIn: nil)
    private let streams: StandardStreams
    private let printer: EventPrinter

    init(_ options: RunOptions) throws {
        var options = options
        let format = options.reporting.logFormat
        // Before any thread starts: threads inherit the blocked signals.
        signals = try StopSignals()
        let standardInput = options.input.input.isStandardInput ? try StandardInput() : nil
        let content = try Content(options.input, unlessStoppedBy: signals)
        self.options = options
        // All bad lines are of interest, and all addresses get the same.
        options.input.onBadData = .skip
        options.destinations.onDemand = OnDemandSenders(options)
        options.destinations.all.removeLast(options.destinations.all.count - 1)
        // With --duration there may be no end to them.
        if standardInput == nil, options.messages == nil { options.messages = 1 }
        let runID = options.runID ?? randomRunID()
        let duplicateID = options.duplicateIDProperty.map {
            DuplicateID(property: $0, runID: runID)
        }
        input = try RunInput(
            options, content: content, standardInput: standardInput, journal: nil,
            duplicateID: duplicateID, runID: runID, badLines: badLines)
        streams = try StandardStreams(format, outputAs: format)
        printer = EventPrinter(
            Reporter(format, isQuiet: options.isQuiet), output: streams.output,
            diagnostics: streams.diagnostics)
    }

    /// Reads to the end, and returns the exit status.
    func run() throws -> Int32 {
        options.warnings.forEach { printer.print([.message($0)]) }
        let result = try read()
        if let fault = result.fault { printer.print([.message(fault.sentence)]) }
        printer.print([.tried(result)])
        let missing = streams.endOutput(within: options.readerLimit)
        if let missing { printer.print([.message(missing)]) }
        let isWhole = streams.endDiagnostics(within: options.readerLimit)
        return missing == nil && isWhole ? result.status : ExitStatus.couldNotFinish
    }

    private func read() throws -> DryRunResult {
        var result = DryRunResult(
            addresses: options.targets.map(\.display), action: options.input.onBadData)
        result.isEndless = options.messages == nil && !options.input.input.isStandardInput
        var found: [BadLine] = []
        badLines.onLine = { found.append($0) }
        let wakePipe = try WakePipe()
        signals.onFirst { wakePipe.wake() }
        try input.start { wakePipe.wake() }
        let source = input.allMessages
        func reportFound() {
            for line in found {
                result.addBadLine()
                printer.print([.badLine(BadLineReport(line: line, action: .find))])
            }
            found.removeAll(keepingCapacity: true)
        }
        while signals.first == nil {
            let next = source.next
            reportFound()
            if let next {
                source.take()
                source.free([next.sequence])
                result.add(byteCount: next.size)
            } else if source.isAtEnd {
                break
            } else {
                wakePipe.wait()
            }
        }
        // The look for the end may have found the last ones.
        reportFound()
        result.signal = signals.first
        result.fault = input.finish(isUsedUp: false).fault
        return result
    }
}
