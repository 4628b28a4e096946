// The closing summary, read back from standard error.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// The numbers of a run's account.
struct Summary {
    private let text: String

    init(of run: SenderRun) throws {
        let lines = run.process.errors.lines
        guard let first = lines.lastIndex(where: { $0.contains("summary: taken") }) else {
            throw TestFailure("no summary in:\n\(run.process.allOutput)")
        }
        text = lines[first...].joined(separator: " ")
    }

    var taken: Int { number("taken") }
    var accepted: Int { number("accepted") }
    var rejected: Int { number("rejected") }
    var givenUp: Int { number("given up") }
    var unconfirmed: Int { number("unconfirmed") }
    var resent: Int { number("resent") }
    var released: Int { number("released") }
    var linkLosses: Int { number("link losses") }
    var reconnects: Int { number("reconnects") }
    /// In milliseconds.
    var longestInterruption: Int { number("longest interruption") }
    var inDoubt: Int { number("in doubt") }
    var unsent: Int { number("unsent") }

    /// -1: the account does not say it.
    var notTaken: Int { number("; not taken") }

    var adds: Bool {
        taken == accepted + number("rejected") + number("given up") + unconfirmed
            + inDoubt + unsent
    }

    /// The number next to a name; -1 when the name is missing.
    private func number(_ name: String) -> Int {
        guard let range = text.range(of: "\(name) ") else { return -1 }
        return Int(text[range.upperBound...].prefix(while: \.isNumber)) ?? -1
    }
}
