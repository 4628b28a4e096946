// Standard error, with a line at its end that updates itself.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinkRecovery
import Synchronization

/// Passes whole lines on, above the line that is drawn at the moment.
///
/// Isolation: any thread. Nothing blocks.
final class Diagnostics: Sendable {
    private let writer: OutputWriter
    /// The line that stands on the terminal; empty when there is none.
    private let drawn = Mutex("")

    init(_ writer: OutputWriter) {
        self.writer = writer
    }

    /// Takes whole lines over and leaves an empty buffer.
    func submit(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        drawn.withLock { line in
            guard !line.isEmpty else { return writer.submit(&bytes) }
            var all: [UInt8] = []
            all.append(Terminal.erase)
            all += bytes
            all.append(line)
            bytes.removeAll(keepingCapacity: true)
            writer.submit(&all)
        }
    }

    /// Draws a line in place of the one before, unless the terminal does not keep up.
    func draw(_ line: String) {
        guard writer.isIdle else { return }
        drawn.withLock { drawn in
            guard line != drawn else { return }
            drawn = line
            var bytes: [UInt8] = []
            bytes.append("\r" + line + Terminal.eraseRest)
            writer.submit(&bytes)
        }
    }

    /// Takes the line away.
    func erase() {
        drawn.withLock { drawn in
            guard !drawn.isEmpty else { return }
            drawn = ""
            var bytes: [UInt8] = []
            bytes.append(Terminal.erase)
            writer.submit(&bytes)
        }
    }

    /// Leaves the line alone: it belongs to others for the moment.
    func forgetLine() {
        drawn.withLock { $0 = "" }
    }

    /// Whether a line stands on the terminal, or nobody can say without waiting.
    var mayHaveLine: Bool {
        drawn.withLockIfAvailable { !$0.isEmpty } ?? true
    }

    var isHoldingUp: Bool { writer.isHoldingUp }

    func onRoom(_ body: @escaping @Sendable () -> Void) {
        writer.onRoom(body)
    }

    /// Takes nothing more, waits for what was taken, and says whether all of it was dealt with.
    func finish(within limit: Milliseconds) -> Bool {
        writer.finish(within: limit)
    }

    /// Once it is finished: which lines an error has cost; nil when none.
    var missingSentence: String? { writer.missingStandardErrorSentence }
}

extension OutputWriter {
    /// Of standard error, for whoever reads standard output.
    var missingStandardErrorSentence: String? {
        missingSentence(of: "standard error", isAllWritten: true)
    }
}

/// Writes a last line past all writers, without waiting for whoever does not read.
func writeAtOnce(_ line: [UInt8], to descriptor: Int32) {
    guard waitForDescriptor(descriptor, POLLOUT, atMost: 1000) else { return }
    _ = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
}

extension OutputWriter {
    /// Writes standard error: what it says of its own, too, is in the format of the rest.
    convenience init(
        diagnosticsAs format: LogFormat, descriptor: Int32 = STDERR_FILENO
    ) throws(SystemError) {
        switch format {
        case .text: try self.init(descriptor: descriptor)
        case .json:
            try self.init(descriptor: descriptor) {
                droppedEventsNote($0, $1, at: systemWallClock())
            }
        }
    }
}
