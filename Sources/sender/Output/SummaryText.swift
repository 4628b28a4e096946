// The closing account, in words.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import LinkRecovery
import Sending

extension Summary {
    /// The account on three lines, every number of it by name.
    var lines: [String] {
        let sum = [
            "accepted \(accepted)", "rejected \(rejected)", "given up \(givenUp)",
            "unconfirmed \(unconfirmed)", "in doubt \(inDoubt)", "unsent \(unsent)",
        ]
        return [
            "summary: taken \(taken) = " + sum.joined(separator: " + "),
            "summary: resent \(resent), released \(released), late outcomes \(lateOutcomes), "
                + "link losses \(linkLosses), reconnects \(reconnects)",
            "summary: longest interruption \(longestInterruption) ms, elapsed \(elapsed) ms, "
                + "rate \(decimal(tenths: rateInTenths))/s",
        ]
    }
}

extension EventText {
    /// The account, and one sentence on why the run ended if it could not finish.
    ///
    /// `missing` messages were to be sent; without a number all were.
    mutating func summary(
        _ summary: Summary, end: End, options: RunOptions, signal: Int32?, status: Int32,
        missing: UInt64? = nil
    ) {
        assert(summary.addsUp)
        let reason = reason(summary, end: end, options: options, signal: signal, missing: missing)
        log.closed(summary, end: end, sentence: reason, signal: signal, status: status)
        for line in summary.lines { text(line) }
        if let reason { sentence(reason) }
        giveHint()
    }

    /// Why there was nothing to account for.
    mutating func couldNotStart(_ error: String, status: Int32) {
        let reason = "could not start: \(error)"
        log.closed(Summary(), end: nil, sentence: reason, status: status)
        sentence(reason)
    }

    private func reason(
        _ summary: Summary, end: End, options: RunOptions, signal: Int32?, missing: UInt64?
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
        if let total = options.messages, !options.input.input.isStandardInput {
            let left = (missing.map(Int.init) ?? total) - summary.taken
            if left > 0 { sentence += "; \(left) of \(counted(total, "message")) not sent" }
        }
        return sentence
    }
}
