// Standard error, with the progress line at its end.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender
import Synchronization

/// Writes lines above the progress line.
///
/// - Isolation: any thread.
/// - Blocks: no.
final class Diagnostics: Sendable {
    private let writer: OutputWriter
    /// The progress line on the terminal; empty for none.
    private let drawn = Mutex("")

    init(_ writer: OutputWriter) {
        self.writer = writer
    }

    /// Takes whole lines and leaves an empty buffer.
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

    /// Replaces the progress line, unless the terminal does not keep up.
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

    /// Erases the progress line.
    func erase() {
        drawn.withLock { drawn in
            guard !drawn.isEmpty else { return }
            drawn = ""
            var bytes: [UInt8] = []
            bytes.append(Terminal.erase)
            writer.submit(&bytes)
        }
    }

    /// Forgets the progress line: the shell owns the terminal now.
    func forgetLine() {
        drawn.withLock { $0 = "" }
    }

    /// Whether there is a progress line; true if the lock is taken.
    var mayHaveLine: Bool {
        drawn.withLockIfAvailable { !$0.isEmpty } ?? true
    }

    var isHoldingUp: Bool { writer.isHoldingUp }

    func onRoom(_ body: @escaping @Sendable () -> Void) {
        writer.onRoom(body)
    }

    /// Closes the writer and waits for its lines; returns whether it is done with them.
    func finish(within limit: Milliseconds) -> Bool {
        writer.finish(within: limit)
    }

    /// After the end: a sentence about lines lost to an error; nil for none.
    var missingSentence: String? { writer.missingStandardErrorSentence }
}

extension OutputWriter {
    /// The sentence about standard error, for standard output.
    var missingStandardErrorSentence: String? {
        missingSentence(of: "standard error", isAllWritten: true)
    }
}

/// Writes a last line directly, waiting a second at most.
func writeAtOnce(_ line: [UInt8], to descriptor: Int32) {
    guard waitForDescriptor(descriptor, POLLOUT, atMost: 1000) else { return }
    _ = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
}

extension OutputWriter {
    /// A writer of standard error, whose own notes have the same format.
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
