// The closing summary as text.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import LinkRecovery
import Sending

extension Summary {
    /// The number of messages to send that were not taken; nil if unknown.
    func notTakenCount(of missing: UInt64?) -> Int? {
        missing.map { max(0, Int(clamping: $0) - taken) }
    }

    /// The summary on three lines.
    ///
    /// `notTaken` messages were asked for or read and not taken; nil if unknown.
    func lines(notTaken: Int?) -> [String] {
        let sum = [
            "accepted \(accepted)", "rejected \(rejected)", "given up \(givenUp)",
            "unconfirmed \(unconfirmed)", "in doubt \(inDoubt)", "unsent \(unsent)",
        ]
        return [
            "summary: taken \(taken) = " + sum.joined(separator: " + ")
                + (notTaken.map { "; not taken \($0)" } ?? ""),
            "summary: resent \(resent), released \(released), late outcomes \(lateOutcomes), "
                + "link losses \(linkLosses), reconnects \(reconnects)",
            "summary: longest interruption \(longestInterruption) ms, elapsed \(elapsed) ms, "
                + "rate \(decimal(tenths: rateInTenths))/s",
        ]
    }
}

extension EventText {
    /// The summary, and the reason if the run could not finish.
    ///
    /// `notTaken` messages were asked for or read and not taken; `fault` is the error that ended the
    /// input early.
    mutating func summary(
        _ summary: Summary, notTaken: Int, end: End, fault: InputFault? = nil,
        options: RunOptions, signal: Int32?, status: Int32
    ) {
        assert(summary.addsUp)
        let reasons = [
            reason(notTaken: notTaken, end: end, options: options, signal: signal),
            fault?.sentence,
        ].compactMap { $0 }
        let reason = reasons.isEmpty ? nil : reasons.joined(separator: "; ")
        log.closed(
            summary, notTaken: notTaken, end: end, fault: fault, sentence: reason, signal: signal,
            status: status)
        for line in summary.lines(notTaken: notTaken) { text(line) }
        if let reason { sentence(reason) }
        giveHint()
    }

    /// The end of a run that could not start.
    mutating func couldNotStart(_ error: String, notTaken: Int, status: Int32) {
        let reason = "could not start: \(error)"
        log.closed(Summary(), notTaken: notTaken, end: nil, sentence: reason, status: status)
        sentence(reason)
    }

    private func reason(
        notTaken: Int, end: End, options: RunOptions, signal: Int32?
    ) -> String? {
        guard var sentence = end.sentence(unreached: unreachedPeer, hasUser: options.user != nil)
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
        if let total = options.messages, !options.input.input.isStandardInput, notTaken > 0 {
            sentence += "; \(notTaken) of \(counted(total, "message")) not sent"
        }
        return sentence
    }
}
