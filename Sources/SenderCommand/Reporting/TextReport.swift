// Events of a run as lines of text.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import ReliableSender

/// Turns events into lines for standard output and standard error, without I/O.
struct TextReport {
    /// Lines for standard output.
    var output: [UInt8] = []
    /// Lines for standard error.
    var diagnostics: [UInt8] = []
    private let isQuiet: Bool
    private let isOutputHidden: Bool
    /// Whether standard error has text, not JSON.
    private let isDiagnosticsText: Bool
    /// Whether a hint names --progress once there have been many messages.
    private var offersProgress: Bool
    /// The hint for the newest error, which follows the sentence that names the error.
    private var heldHint: String?
    /// Whether the run ends: its last sentence names the error.
    private var isEnding = false
    /// The endpoints, as in URLs.
    private let peers: [String]
    /// By sender of the run's own, the beginning of its lines; empty when there is only one.
    private let labels: [String]
    private let onDemand: OnDemandSenders?
    /// That of the sender whose lines are being written.
    private var label = ""
    /// Whether each message goes to every address.
    private let isInputShared: Bool
    /// The peer of the last connect, if that failed.
    private(set) var unreachedPeer: String?
    /// Whether the connection was lost, so that its return is worth a line.
    private var wasConnectionLost = false
    private var wasConnected = false

    init(
        isQuiet: Bool, isOutputHidden: Bool = false, format: LogFormat = .text,
        peers: [String] = [], destinations: Destinations? = nil, isInputShared: Bool = false,
        offersProgress: Bool = false
    ) {
        self.offersProgress = offersProgress
        self.peers = peers
        labels = destinations?.labels.map { $0 + ": " } ?? []
        onDemand = destinations?.onDemand
        self.isInputShared = isInputShared
        self.isQuiet = isQuiet
        self.isOutputHidden = isOutputHidden
        isDiagnosticsText = format == .text
    }

    /// Adds the lines of an event.
    mutating func add(_ event: RunEvent) {
        switch event {
        case .report(let report):
            add(report)
        case .begun(let options):
            if !isQuiet { header(options) }
        case .duplicateIDs(let id):
            if !isQuiet { sentence(id.exampleSentence) }
        case .message(let sentence):
            self.sentence(sentence)
        case .hint(let hint, _):
            giveHint()
            heldHint = hint
        case .badLine(let report):
            if !isQuiet { sentence(report.sentence) }
        case .frame(let line):
            self.line("frame: " + printable(line, byteCountMax: 4096))
        case .checked(let result, let hint):
            checked(result, hint)
        case .tried(let result):
            if isDiagnosticsText, !isQuiet { result.lines.forEach { output.appendLine($0) } }
        case .finished(let hasRefused, let hasUnconfirmed):
            if !isQuiet { finished(hasRefused, hasUnconfirmed) }
        case .closed(let closing):
            closed(closing)
        }
    }

    /// Ends a turn: if the run goes on, its error has been named.
    mutating func endTurn() {
        if !isEnding { giveHint() }
    }

    // MARK: The command

    /// The first lines: the options that the seed of this program printed.
    private mutating func header(_ options: RunOptions) {
        for target in options.targets {
            output.appendLine("address: \(printable(target.display, byteCountMax: .max))")
        }
        if options.destinations.linkCount > 1 {
            output.appendLine("links: \(options.destinations.linkCount)")
        }
        output.appendLine("user:" + (options.user.map { " " + printable($0) } ?? ""))
        output.appendLine("password:" + (options.password == nil ? "" : " given"))
        output.appendLine("reconnect: " + (options.sending.recovery.mayReconnect ? "T" : "F"))
        output.appendLine("message_count: " + (options.messages.map(String.init) ?? "no limit"))
    }

    /// The last line of a finished run.
    private mutating func finished(_ hasRefused: Bool, _ hasUnconfirmed: Bool) {
        output.appendLine(
            hasRefused
                ? "all messages accounted for"
                : hasUnconfirmed ? "all messages sent, unconfirmed" : "all messages accepted")
    }

    private mutating func checked(_ result: CheckResult, _ hint: String?) {
        guard isDiagnosticsText else { return }
        if !isQuiet { result.lines.forEach { output.appendLine($0) } }
        if let sentence = result.sentence { self.sentence(sentence) }
        if let hint { sentence("hint: \(hint)") }
    }

    private mutating func closed(_ closing: Closing) {
        let lines = closing.summary.lines(notTaken: closing.notTaken, closing.timings)
        switch closing.cause {
        case .ended:
            for account in closing.accounts { line(account.line) }
            for line in lines { self.line(line) }
            if let reason = closing.sentence { sentence(reason) }
            giveHint()
        case .couldNotStart:
            if let reason = closing.sentence { sentence(reason) }
        case .hung:
            sentence([closing.sentence, lines.first].compactMap(\.self).joined(separator: "; "))
        }
    }

    /// Adds a line to standard error.
    private mutating func line(_ line: String) {
        if isDiagnosticsText { diagnostics.appendLine(line) }
    }

    /// Adds a sentence to standard error.
    private mutating func sentence(_ sentence: String) {
        line("sender: \(sentence)")
    }

    private mutating func giveHint() {
        guard let hint = heldHint else { return }
        heldHint = nil
        if !isQuiet { sentence("hint: \(hint)") }
    }

    // MARK: Reports

    private mutating func add(_ report: Report) {
        if case .connectionLost(_, _, let unopened, _) = report {
            unreachedPeer = unopened.map { peers.indices.contains($0) ? peers[$0] : "the peer" }
        }
        if case .ending = report { isEnding = true }
        if !isQuiet { line(report) }
    }

    private mutating func line(_ report: Report) {
        switch report {
        case .link(let sender, let report):
            label =
                onDemand?.label(of: sender) ?? (labels.isEmpty ? "" : labels[sender.index])
            line(report)
        case .connectionOpened(let peer):
            connectionOpened(peer)
        case .connectionLost(let condition, let retryIn, _, _):
            wasConnectionLost = true
            // Without a retry, the end of the run names the reason.
            guard let retryIn else { return }
            let what =
                unreachedPeer.map { condition.failure(toConnectTo: $0) }
                ?? "connection lost: \(condition.line)"
            sentence("\(what); next attempt \(retryIn == 0 ? "at once" : "in \(retryIn) ms")")
        case .sessionLost(let condition, let retryIn, _):
            sentence("session lost: \(condition.line); another in \(retryIn) ms")
        case .notice(let notice):
            sentence(notice.sentence)
        case .ending:
            break
        }
    }

    private mutating func line(_ report: LinkReport) {
        switch report {
        // These three come once per message, and allocate nothing.
        case .sendable:
            begin("on_sendable\n")
        case .sent(let total, let count):
            for number in (total - count + 1)...total {
                begin("sent=")
                output.append(decimal: number)
                output.append(UInt8(ascii: "\n"))
            }
            if offersProgress, total > Self.progressCountMin { offerProgress() }
        case .outcome(let report):
            outcome(report)

        case .opened(let hasCredit):
            begin("on_sender_open: credit=\(hasCredit)\n")
        case .lost(let condition, let stage, _):
            linkLost(condition, at: stage)
        case .reopening(let sent):
            begin("reopen_sender - reopening sender, sent reset to \(sent)\n")
        case .restored(let downtime, let attempts, let resent):
            linkSentence(
                "credit is back after \(downtime) ms and \(counted(attempts, "attempt")), "
                    + "\(counted(resent, "message")) sent again")
        case .notice(let notice), .givenUp(let notice, _):
            linkSentence(notice.sentence + (isInputShared ? notice.wordsForSharedInput : ""))
        case .unresolved: break
        case .ended(let end):
            guard let reason = end.sentence() else { break }
            linkSentence(
                reason
                    + (isInputShared
                        ? "; nothing more is taken from standard input, as each message goes to every "
                            + "address"
                        : onDemand == nil
                            ? "; the others go on"
                            : "; the others go on until a line names this address"))
        }
    }

    /// Messages that make too many lines to read.
    private static let progressCountMin = 100

    private mutating func offerProgress() {
        offersProgress = false
        sentence("hint: --progress shows one line that updates itself instead of these, -q none")
    }

    /// Begins a line of standard output about the sender at hand.
    private mutating func begin(_ text: String) {
        if !label.isEmpty { output.append(label) }
        output.append(text)
    }

    /// Adds a sentence about the sender at hand to standard error.
    private mutating func linkSentence(_ sentence: String) {
        self.sentence(label + sentence)
    }

    /// A loss is up to three lines: the open without credit, the error, the close.
    private mutating func linkLost(_ condition: ErrorCondition, at stage: LinkStage) {
        if stage == .attaching { begin("on_sender_open: credit=false\n") }
        if condition != .none { begin("on_sender_error: \(condition.line)\n") }
        // A hidden standard output would leave the reason unsaid.
        if isOutputHidden, stage == .withCredit { linkSentence("link lost: \(condition.line)") }
        begin("on_sender_close\n")
    }

    private mutating func outcome(_ report: OutcomeReport) {
        switch report.kind {
        case .final(.accepted):
            for accepted in (report.accepted - report.sequences.count + 1)...report.accepted {
                tally("accepted: accepted=", report, accepted: accepted)
            }
        case .returned:
            tally("released: accepted=", report)
        case .final(.rejected(let condition)):
            tally("rejected: accepted=", report)
            for sequence in report.sequences {
                linkSentence("message \(sequence) was rejected: \(condition.line)")
            }
        case .final(.givenUp(let reason)):
            // The tally on standard output does not count it.
            for sequence in report.sequences {
                linkSentence("message \(sequence) was given up: \(reason.words)")
            }
        case .final(.unconfirmed):
            break  // Its line is that of sending.
        }
    }

    private mutating func tally(_ start: String, _ report: OutcomeReport, accepted: Int? = nil) {
        begin(start)
        output.append(decimal: accepted ?? report.accepted)
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
