// The closing summary as text.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import ReliableSender

extension Summary {
    /// The number of messages to send that were not taken; nil if unknown.
    func notTakenCount(of missing: UInt64?) -> Int? {
        missing.map { max(0, Int(clamping: $0) - taken) }
    }

    /// The summary on three lines, and one each for latencies and interruptions if there were any.
    ///
    /// `notTaken` messages were asked for or read and not taken; nil if unknown.
    func lines(notTaken: Int?, _ timings: TimingFigures = TimingFigures()) -> [String] {
        [
            "summary: \(account(notTaken: notTaken))",
            "summary: resent \(resent), released \(released), late outcomes \(lateOutcomes), "
                + "link losses \(linkLosses), reconnects \(reconnects)",
        ] + timings.words.map { "summary: \($0)" } + [
            "summary: longest interruption \(longestInterruption) ms, elapsed \(elapsed) ms, "
                + "rate \(decimal(tenths: rateInTenths))/s"
        ]
    }

    fileprivate func account(notTaken: Int?) -> String {
        let sum = [
            "accepted \(accepted)", "rejected \(rejected)", "given up \(givenUp)",
            "unconfirmed \(unconfirmed)", "in doubt \(inDoubt)", "unsent \(unsent)",
        ]
        return "taken \(taken) = " + sum.joined(separator: " + ")
            + (notTaken.map { "; not taken \($0)" } ?? "")
    }
}

extension Closing.Account {
    /// The line about one of several addresses.
    var line: String {
        let name = address.map { printable($0) } ?? "other addresses"
        return "summary: \(name): \(summary.account(notTaken: notTaken))"
    }
}
