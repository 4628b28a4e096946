// The health probe: --check.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Glibc
import LinkRecovery
import ReliableSender

/// Probes each router once, until one grants credit, and reports the results.
struct Check {
    private let options: RunOptions
    private let signals: StopSignals
    private let output: OutputWriter
    private let diagnostics: OutputWriter

    init(_ options: RunOptions) throws {
        self.options = options
        try options.checkTLSFiles()
        _ = try options.distinctFiles()
        // Before any thread starts: threads inherit the blocked signals.
        signals = try StopSignals()
        output = try OutputWriter(descriptor: STDOUT_FILENO)
        diagnostics = try OutputWriter(diagnosticsAs: options.reporting.logFormat)
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
        if output.failure == nil, let sentence = diagnostics.missingStandardErrorSentence {
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
            report(result, address: probe.destination.address)
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
            report: { seconds, _ in
                _ = output.finish(within: 1000)
                _ = diagnostics.finish(within: 1000)
                writeAtOnce(
                    diagnosticLine(hangSentence(seconds: seconds), format), to: STDERR_FILENO)
            })
    }

    private func report(_ result: CheckResult, address: String) {
        let hint = hint(result, address: address)
        var bytes: [UInt8] = []
        switch options.reporting.logFormat {
        case .text:
            result.lines(address: address).forEach { bytes.appendLine($0) }
        case .json:
            var line = JSONLines()
            line.add("check", at: systemWallClock()) {
                result.write(to: &$0, address: address, hint: hint)
            }
            bytes = line.bytes
        }
        if !options.isQuiet { output.submit(&bytes) }
        if let sentence = result.sentence { say(sentence) }
        if let hint { say("hint: \(hint)") }
    }

    private func hint(_ result: CheckResult, address: String) -> String? {
        guard let (level, condition) = result.failure else { return nil }
        var hints = Hints(
            Hints.Context(address: address, retryInterval: nil, mayReconnect: true))
        return hints.sentence(level, condition)
    }

    private func frame(_ line: String) {
        var bytes = diagnosticLine(.frame(line), options.reporting.logFormat)
        diagnostics.submit(&bytes)
    }

    private func say(_ sentence: String) {
        var bytes = diagnosticLine(sentence, options.reporting.logFormat)
        diagnostics.submit(&bytes)
    }
}
