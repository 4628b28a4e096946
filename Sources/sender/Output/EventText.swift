// The lines of a run: what happened, for standard output and standard error.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery
import Sending

/// Turns reports into lines and gathers them, without I/O.
struct EventText {
    /// For standard output.
    var output: [UInt8] = []
    /// For standard error.
    var diagnostics: [UInt8] = []
    let isQuiet: Bool

    /// Whether the connection was lost, so that its return is news.
    private var wasConnectionLost = false

    init(isQuiet: Bool) {
        self.isQuiet = isQuiet
    }

    /// The lines before anything happens: what was asked for.
    mutating func header(_ options: RunOptions) {
        guard !isQuiet else { return }
        output.appendLine("address: \(printable(options.target.display, byteCountMax: .max))")
        output.appendLine("user:" + (options.user.map { " " + printable($0) } ?? ""))
        output.appendLine("password:" + (options.password == nil ? "" : " given"))
        output.appendLine("reconnect: " + (options.sending.recovery.mayReconnect ? "T" : "F"))
        output.appendLine("message_count: " + (options.messages.map(String.init) ?? "no limit"))
    }

    /// By what the messages are known to a broker that drops repeats: with it, a run that died
    /// can be repeated.
    mutating func duplicateIDs(_ id: DuplicateID) {
        guard !isQuiet else { return }
        message("messages have \(id.property) \(quoted(id.value(sequence: 1))) and so on")
    }

    /// The line for something that happened.
    mutating func event(_ report: Report) {
        guard !isQuiet else { return }
        switch report {
        // These three come once per message: no string is made.
        case .sendable:
            output.append("on_sendable\n")
        case .sent(let sent):
            output.append("sent=")
            output.append(decimal: sent)
            output.append(UInt8(ascii: "\n"))
        case .outcome(let report):
            outcome(report)

        case .linkOpened(let hasCredit):
            output.appendLine("on_sender_open: credit=\(hasCredit)")
        case .linkError(let condition):
            output.appendLine("on_sender_error: \(condition.line)")
        case .linkClosed:
            output.appendLine("on_sender_close")
        case .reopening(let sent):
            output.appendLine("reopen_sender - reopening sender, sent reset to \(sent)")

        case .connectionOpened(let peer):
            connectionOpened(peer)
        case .connectionLost(let condition, let retryIn):
            wasConnectionLost = true
            // The end of the run says why as well.
            guard let retryIn else { return }
            message("connection lost: \(condition.line); next attempt in \(retryIn) ms")
        case .sessionLost(let condition, let retryIn):
            message("session lost: \(condition.line); another in \(retryIn) ms")
        case .restored(let downtime, let attempts, let resent):
            message(
                "credit is back after \(downtime) ms and \(counted(attempts, "attempt")), "
                    + "\(counted(resent, "message")) sent again")
        case .notice(let notice):
            message(notice.sentence)
        }
    }

    /// The last line, if the run came to its end.
    ///
    /// `refusedEarlier` messages were rejected or given up in the runs that this one resumes, and
    /// `unconfirmedEarlier` sent settled.
    mutating func end(
        _ end: End, _ summary: Summary, refusedEarlier: Int = 0, unconfirmedEarlier: Int = 0
    ) {
        guard !isQuiet, end == .finished else { return }
        if summary.rejected + summary.givenUp + refusedEarlier > 0 {
            output.appendLine("all messages accounted for")
        } else if summary.unconfirmed + unconfirmedEarlier > 0 {
            output.appendLine("all messages sent, unconfirmed")
        } else {
            output.appendLine("all messages accepted")
        }
    }

    /// A sentence for standard error.
    mutating func message(_ sentence: String) {
        diagnostics.appendLine("sender: \(sentence)")
    }

    /// A frame, as proton writes it.
    mutating func frame(_ line: String) {
        diagnostics.appendLine("frame: " + printable(line, byteCountMax: 4096))
    }

    private mutating func outcome(_ report: OutcomeReport) {
        switch report.kind {
        case .accepted:
            tally("accepted: accepted=", report)
        case .returned:
            tally("released: accepted=", report)
        case .rejected(let condition):
            tally("rejected: accepted=", report)
            message("message \(report.sequence) was rejected: \(condition.line)")
        case .givenUp(let reason):
            // The tally has no place for it: nothing on standard output.
            message("message \(report.sequence) was given up: \(reason.words)")
        case .unconfirmed:
            break  // Nothing came: that it was sent is said.
        }
    }

    private mutating func tally(_ start: String, _ report: OutcomeReport) {
        output.append(start)
        output.append(decimal: report.accepted)
        output.append(" rejected=")
        output.append(decimal: report.rejected)
        output.append(" released=")
        output.append(decimal: report.released)
        output.append(UInt8(ascii: "\n"))
    }

    private mutating func connectionOpened(_ peer: String) {
        if wasConnectionLost { message("connected again to \(printable(peer))") }
        wasConnectionLost = false
    }
}

/// A number and a noun: `1 attempt`, `2 attempts`.
func counted(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
}
