// The health probe: --check.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Glibc
import ReliableSender

/// Probes each router once, until one grants credit, and reports the results.
struct Check {
    private let options: RunOptions
    private let signals: StopSignals
    private let streams: StandardStreams
    private let printer: EventPrinter

    init(_ options: RunOptions) throws {
        self.options = options
        try options.checkTLSFiles()
        _ = try options.distinctFiles()
        // Before any thread starts: threads inherit the blocked signals.
        signals = try StopSignals()
        let format = options.reporting.logFormat
        streams = try StandardStreams(format, outputAs: format)
        printer = EventPrinter(
            Reporter(format, isQuiet: options.isQuiet), isTracing: options.isTracing,
            output: streams.output, diagnostics: streams.diagnostics)
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
        if let sentence = streams.endOutput(within: options.readerLimit) {
            say(sentence)
            status = ExitStatus.couldNotFinish
        }
        if !streams.endDiagnostics(within: options.readerLimit) {
            status = ExitStatus.couldNotFinish
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
        let (signals, streams, diagnostics) = (signals, streams, streams.diagnostics)
        let format = options.reporting.logFormat
        return try LoopWatchdog(
            probe.board, detector, wake: { stopHandle.wake() },
            isStopping: { signals.first != nil },
            report: { sentence, _ in
                _ = streams.endOutput(within: 1000)
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
