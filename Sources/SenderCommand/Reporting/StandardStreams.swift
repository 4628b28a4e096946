// Standard output and standard error.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender

/// The writers of standard output and standard error, and their end.
struct StandardStreams {
    let output: OutputWriter
    let diagnostics: Diagnostics
    /// Both have the same destination, and one writer, which keeps their lines in order.
    private let isShared: Bool
    private let outputFormat: LogFormat

    /// Starts the writers; `format` is that of standard error, `outputFormat` that of a last line on standard
    /// output.
    init(_ format: LogFormat, outputAs outputFormat: LogFormat) throws(SystemError) {
        self.outputFormat = outputFormat
        output = try OutputWriter(descriptor: STDOUT_FILENO)
        isShared = format == .text && isSameDestination(STDOUT_FILENO, STDERR_FILENO)
        diagnostics = Diagnostics(isShared ? output : try OutputWriter(diagnosticsAs: format))
    }

    /// Ends standard output, as far as its reader keeps up, unless it is shared; returns a sentence about
    /// missing lines.
    func endOutput(within limit: Milliseconds) -> String? {
        // A shared writer must stay open for the lines that follow.
        let isAllWritten = isShared || output.finish(within: limit)
        return output.missingSentence(of: "standard output", isAllWritten: isAllWritten)
    }

    /// Ends standard error, as far as its reader keeps up, and reports missing lines on standard output; returns
    /// whether a shared standard output has all of its lines.
    @discardableResult
    func endDiagnostics(within limit: Milliseconds) -> Bool {
        let isAllWritten = diagnostics.finish(within: limit)
        // Where it is the same file or terminal, nothing can be reported.
        guard !isShared else {
            return output.missingSentence(of: "standard output", isAllWritten: isAllWritten) == nil
        }
        if output.failure == nil, let sentence = diagnostics.missingSentence {
            writeAtOnce(diagnosticLine(sentence, outputFormat), to: STDOUT_FILENO)
        }
        return true
    }
}

extension RunOptions {
    /// The time that slow readers get at the end, which is that of slow peers.
    var readerLimit: Milliseconds {
        // At least a moment, for the writers' threads to run.
        max(sending.recovery.drainTimeout, 100)
    }
}
