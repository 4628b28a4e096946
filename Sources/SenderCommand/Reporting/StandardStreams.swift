// Standard output and standard error.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender

/// The writers of standard output and standard error, from the begin of the program to its end.
struct StandardStreams {
    let output: OutputWriter
    let diagnostics: Diagnostics
    /// Both have the same destination, and one writer, which keeps their lines in order.
    private let isShared: Bool
    private let outputFormat: LogFormat

    /// Starts the writers; lines of standard error have the one format, a last word on standard output the other.
    init(_ format: LogFormat, outputAs outputFormat: LogFormat) throws(SystemError) {
        self.outputFormat = outputFormat
        output = try OutputWriter(descriptor: STDOUT_FILENO)
        isShared = format == .text && isSameDestination(STDOUT_FILENO, STDERR_FILENO)
        diagnostics = Diagnostics(isShared ? output : try OutputWriter(diagnosticsAs: format))
    }

    /// Ends standard output, as far as its reader keeps up; returns a sentence about missing lines.
    func endOutput(within limit: Milliseconds) -> String? {
        // A shared writer must stay open for the lines that follow.
        let isAllWritten = isShared || output.finish(within: limit)
        return output.missingSentence(of: "standard output", isAllWritten: isAllWritten)
    }

    /// Ends standard error, as far as its reader keeps up, and reports missing lines on standard output.
    func endDiagnostics(within limit: Milliseconds) {
        _ = diagnostics.finish(within: limit)
        // Useless if it is the same file or terminal.
        if !isShared, output.failure == nil, let sentence = diagnostics.missingSentence {
            writeAtOnce(diagnosticLine(sentence, outputFormat), to: STDOUT_FILENO)
        }
    }
}

extension RunOptions {
    /// The time that slow readers get at the end, which is that of slow peers.
    var readerLimit: Milliseconds {
        // At least a moment, for the writers' threads to run.
        max(sending.recovery.drainTimeout, 100)
    }
}
