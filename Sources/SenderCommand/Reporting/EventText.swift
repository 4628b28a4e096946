// The lines of a run: what happened, for standard output and standard error.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import LinkRecovery
import Sending

/// Turns reports into lines and gathers them, without I/O.
struct EventText {
    /// For standard output.
    var output: [UInt8] = []
    /// For standard error.
    var diagnostics: [UInt8] = []
    let isQuiet: Bool
    /// The same for programs: for standard error, which has no text then, for a file, or for both.
    var log: EventLog

    /// What waits to be passed on.
    var gatheredByteCount: Int {
        output.count + diagnostics.count + log.diagnostics.count + log.file.count
    }

    /// Whether nobody sees standard output.
    private let isOutputHidden: Bool
    private let isDiagnosticsText: Bool
    private var hints: Hints?
    /// The hint for the error of this turn, which stands behind the sentence that names the error.
    private var heldHint: String?
    /// Whether the run ends: then that sentence is the last of the run.
    private var isEnding = false
    /// The peers, as they are written in URLs.
    private let peers: [String]
    /// The peer that was last connected to in vain.
    private(set) var unreachedPeer: String?
    /// Whether the connection was lost, so that its return is news.
    private var wasConnectionLost = false
    private var wasConnected = false

    init(
        isQuiet: Bool, isOutputHidden: Bool = false, format: LogFormat = .text,
        log: EventLog = .none, hints: Hints? = nil, peers: [String] = []
    ) {
        self.peers = peers
        self.isQuiet = isQuiet
        self.isOutputHidden = isOutputHidden
        self.log = log
        self.hints = hints
        isDiagnosticsText = format == .text
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
        let sentence = "messages have \(id.property) \(quoted(id.value(sequence: 1))) and so on"
        log.message(sentence, isDetail: true)
        if !isQuiet { self.sentence(sentence) }
    }

    /// The line for something that happened.
    mutating func event(_ report: Report) {
        if case .connectionLost(_, _, let unopened) = report {
            unreachedPeer = unopened.map { peers.indices.contains($0) ? peers[$0] : "the peer" }
        }
        if case .ending = report { isEnding = true }
        log.report(report)
        if !isQuiet { line(report) }
        hint(report)
    }

    private mutating func line(_ report: Report) {
        switch report {
        case .link(_, let report):
            line(report)
        case .connectionOpened(let peer):
            connectionOpened(peer)
        case .connectionLost(let condition, let retryIn, _):
            wasConnectionLost = true
            // The end of the run says why as well.
            guard let retryIn else { return }
            let what =
                unreachedPeer.map { condition.failure(toConnectTo: $0) }
                ?? "connection lost: \(condition.line)"
            sentence("\(what); next attempt \(retryIn == 0 ? "at once" : "in \(retryIn) ms")")
        case .sessionLost(let condition, let retryIn):
            sentence("session lost: \(condition.line); another in \(retryIn) ms")
        case .notice(let notice):
            sentence(notice.sentence)
        case .ending:
            break
        }
    }

    private mutating func line(_ report: LinkReport) {
        switch report {
        // These three come once per message: no string is made.
        case .sendable:
            output.append("on_sendable\n")
        case .sent(let total):
            output.append("sent=")
            output.append(decimal: total)
            output.append(UInt8(ascii: "\n"))
        case .outcome(let report):
            outcome(report)

        case .opened(let hasCredit):
            output.appendLine("on_sender_open: credit=\(hasCredit)")
        case .lost(let condition, let stage):
            linkLost(condition, at: stage)
        case .reopening(let sent):
            output.appendLine("reopen_sender - reopening sender, sent reset to \(sent)")
        case .restored(let downtime, let attempts, let resent):
            sentence(
                "credit is back after \(downtime) ms and \(counted(attempts, "attempt")), "
                    + "\(counted(resent, "message")) sent again")
        case .notice(let notice):
            sentence(notice.sentence)
        case .ended:
            break
        }
    }

    /// A loss is three lines: that the link was open, the error, and the close.
    private mutating func linkLost(_ condition: ErrorCondition, at stage: LinkStage) {
        if stage == .attaching { output.appendLine("on_sender_open: credit=false") }
        if condition != .none { output.appendLine("on_sender_error: \(condition.line)") }
        // Without the lines of standard output nothing else would say why.
        if isOutputHidden, stage == .withCredit { sentence("link lost: \(condition.line)") }
        output.appendLine("on_sender_close")
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

    /// A sentence of the command's own.
    mutating func message(_ sentence: String) {
        log.message(sentence)
        self.sentence(sentence)
    }

    /// A line of text for standard error, as it is.
    mutating func text(_ line: String) {
        if isDiagnosticsText { diagnostics.appendLine(line) }
    }

    /// A sentence for standard error, of what the log has as an event.
    mutating func sentence(_ sentence: String) {
        text("sender: \(sentence)")
    }

    /// What a person can do, the first time that an error comes.
    private mutating func hint(_ report: Report) {
        guard let (level, condition) = failure(report),
            let hint = hints?.sentence(level, condition)
        else { return }
        log.hint(hint, for: condition)
        giveHint()
        heldHint = hint
    }

    /// The turn is over: if the run goes on, its error has been named.
    mutating func endTurn() {
        if !isEnding { giveHint() }
    }

    /// Adds the hint that is held.
    mutating func giveHint() {
        guard let hint = heldHint else { return }
        heldHint = nil
        if !isQuiet { sentence("hint: \(hint)") }
    }

    /// The error that a report is, and what it came for.
    private func failure(_ report: Report) -> (Hints.Level, ErrorCondition)? {
        switch report {
        case .connectionLost(let condition, _, let unopened):
            (unopened == nil ? .connection : .connecting, condition)
        case .sessionLost(let condition, _): (.session, condition)
        case .link(_, .lost(let condition, let stage)):
            (stage == .withCredit ? .link : .refusedLink, condition)
        case .link(_, .notice(.noCredit)): (.credit, .none)
        case .link(_, .outcome(let outcome)):
            if case .rejected(let condition) = outcome.kind { (.delivery, condition) } else { nil }
        case .connectionOpened, .link, .notice, .ending: nil
        }
    }

    /// A frame, as proton writes it.
    mutating func frame(_ line: String) {
        if isDiagnosticsText {
            diagnostics.appendLine("frame: " + printable(line, byteCountMax: 4096))
        } else {
            log.frame(line)
        }
    }

    private mutating func outcome(_ report: OutcomeReport) {
        switch report.kind {
        case .accepted:
            tally("accepted: accepted=", report)
        case .returned:
            tally("released: accepted=", report)
        case .rejected(let condition):
            tally("rejected: accepted=", report)
            sentence("message \(report.sequence) was rejected: \(condition.line)")
        case .givenUp(let reason):
            // The tally has no place for it: nothing on standard output.
            sentence("message \(report.sequence) was given up: \(reason.words)")
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
        if wasConnectionLost {
            sentence("connected \(wasConnected ? "again " : "")to \(printable(peer))")
        }
        wasConnectionLost = false
        wasConnected = true
    }
}

/// A number and a noun: `1 attempt`, `2 attempts`.
func counted(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
}
