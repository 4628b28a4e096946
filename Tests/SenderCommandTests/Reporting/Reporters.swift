// Reporters as the tests use them.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery

@testable import SenderCommand

extension Reporter {
    init(
        isQuiet: Bool, isOutputHidden: Bool = false, format: LogFormat = .text,
        json: JSONReport = .none, hints: Hints? = nil, peers: [String] = []
    ) {
        self.init(
            text: TextReport(
                isQuiet: isQuiet, isOutputHidden: isOutputHidden, format: format, peers: peers),
            json: json, hints: hints)
    }

    var output: [UInt8] {
        get { text.output }
        set { text.output = newValue }
    }
    var diagnostics: [UInt8] {
        get { text.diagnostics }
        set { text.diagnostics = newValue }
    }
    var outputText: String { String(decoding: output, as: UTF8.self) }
    var diagnosticsText: String { String(decoding: diagnostics, as: UTF8.self) }

    mutating func event(_ report: Report) {
        self.report(.report(report))
    }

    mutating func summary(
        _ summary: Summary, notTaken: Int, end: End, fault: InputFault? = nil,
        options: RunOptions, signal: Int32?, status: Int32
    ) {
        close(
            Closing(
                cause: .ended(end), summary: summary, notTaken: notTaken, fault: fault,
                signal: signal, status: status), options: options)
    }
}
