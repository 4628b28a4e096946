// The health probe: --check.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Glibc
import ReliableSender

/// Probes each router once, until one grants credit, and reports the results.
struct Check {
    private let options: RunOptions
    private let signals: StopSignals
    private let output: OutputWriter
    private let diagnostics: Diagnostics
    private let printer: EventPrinter

    init(_ options: RunOptions) throws {
        self.options = options
        try options.checkTLSFiles()
        _ = try options.distinctFiles()
        // Before any thread starts: threads inherit the blocked signals.
        signals = try StopSignals()
        output = try OutputWriter(descriptor: STDOUT_FILENO)
        let format = options.reporting.logFormat
        diagnostics = Diagnostics(try OutputWriter(diagnosticsAs: format))
        printer = EventPrinter(
            Reporter(format, isQuiet: options.isQuiet),
            isTracing: options.isTracing, output: output, diagnostics: diagnostics)
    }

    /// Probes the routers and returns the exit status.
    func run() throws -> Int32 {
        // For each address, the routers in turn.
        let probes = options.destinations.all.map { destination in
            options.sending.endpoints.map {
                Probe(
                    $0, destination, options.sending,
                    onFrame: options.isTracing ? { frame($0) } : nil)
            }
        }
        let stopHandles = probes.flatMap { $0.map(\.stopHandle) }
        signals.onFirst { stopHandles.forEach { $0.stop() } }
        options.warnings.forEach { say($0) }
        var status = ExitStatus.allAccepted
        for probes in probes where signals.first == nil {
            status = max(status, try run(probes))
        }
        // Slow readers get the same time as in a run.
        let limit = max(options.sending.recovery.drainTimeout, 100)
        if let sentence = output.missingSentence(
            of: "standard output", isAllWritten: output.finish(within: limit))
        {
            say(sentence)
            status = ExitStatus.couldNotFinish
        }
        _ = diagnostics.finish(within: limit)
        if output.failure == nil, let sentence = diagnostics.missingSentence {
            writeAtOnce(diagnosticLine(sentence, options.reporting.logFormat), to: STDOUT_FILENO)
        }
        return signals.first.map(ExitStatus.endedBySignal) ?? status
    }

    /// Probes the routers for one address, up to the first that grants credit.
    private func run(_ probes: [Probe]) throws -> Int32 {
        var status = ExitStatus.couldNotFinish
        for probe in probes where signals.first == nil && status != ExitStatus.allAccepted {
            let watch = try watchLoop(of: probe)
            defer { watch.stop() }
            let result = try probe.run()
            status = min(status, result.status)
            report(result)
        }
        return status
    }

    private func watchLoop(of probe: Probe) throws(SystemError) -> LoopWatchdog {
        let detector = HangDetector(
            options.sending.recovery, idleTimeout: options.sending.idleTimeout)
        let stopHandle = probe.stopHandle
        let (signals, output, diagnostics) = (signals, output, diagnostics)
        let format = options.reporting.logFormat
        return try LoopWatchdog(
            probe.board, detector, wake: { stopHandle.wake() },
            isStopping: { signals.first != nil },
            report: { sentence, _ in
                _ = output.finish(within: 1000)
                _ = diagnostics.finish(within: 1000)
                writeAtOnce(
                    diagnosticLine(sentence, format), to: STDERR_FILENO)
            })
    }

    private func report(_ result: CheckResult) {
        printer.print([.checked(result, hint: hint(result))])
    }

    private func hint(_ result: CheckResult) -> String? {
        guard let (level, condition) = result.failure else { return nil }
        var hints = Hints(
            Hints.Context(address: result.address, retryInterval: nil, mayReconnect: true))
        return hints.sentence(level, condition)
    }

    private func frame(_ line: String) {
        printer.print([.frame(line)])
    }

    private func say(_ sentence: String) {
        printer.print([.message(sentence)])
    }
}
