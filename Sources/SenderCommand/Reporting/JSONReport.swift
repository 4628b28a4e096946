// Events of a run as JSON.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import ReliableSender

/// Turns events into JSON lines for standard error, a file, or both, without I/O.
struct JSONReport {
    /// Lines for standard output: the results of --check and --dry-run.
    var output: [UInt8] = []
    /// Lines for standard error; empty if that has text.
    var diagnostics: [UInt8] = []
    /// Lines for the file; empty without one.
    var file: [UInt8] = []

    /// Whether standard error has JSON.
    let isOnDiagnostics: Bool
    private let isInFile: Bool
    private let isQuiet: Bool
    private let wallClock: WallClock
    private var line = JSONLines()
    private let destinations: Destinations?
    /// The sender that is reported on; nil for what concerns all.
    private var sender: SenderID?

    init(
        format: LogFormat, hasFile: Bool, isQuiet: Bool, destinations: Destinations? = nil,
        wallClock: @escaping WallClock
    ) {
        self.destinations = destinations
        isOnDiagnostics = format == .json
        isInFile = hasFile
        self.isQuiet = isQuiet
        self.wallClock = wallClock
    }

    /// No JSON anywhere.
    static let none = JSONReport(format: .text, hasFile: false, isQuiet: true) { 0 }

    private var isWanted: Bool { isOnDiagnostics || isInFile }

    /// Adds the object of an event.
    mutating func add(_ event: RunEvent) {
        guard isWanted else { return }
        switch event {
        case .report(let report): add(report)
        case .duplicateIDs(let id): message(id.exampleSentence, isDetail: true)
        case .message(let sentence): message(sentence)
        case .hint(let sentence, let condition): hint(sentence, for: condition)
        case .badLine(let report): badLine(report)
        case .frame(let text): frame(text)
        case .checked(let result, let hint): checked(result, hint)
        case .tried(let result): object("dry_run") { result.write(to: &$0) }
        case .closed(let closing): closed(closing)
        case .begun, .finished: break
        }
    }

    /// Adds an object; `isDetail`: --quiet leaves it out of standard error.
    private mutating func write(
        _ event: StaticString, isDetail: Bool = true, _ fields: (inout JSONLines) -> Void
    ) {
        write(isDetail: isDetail) { line, time, start in
            line.add(event, at: time) {
                start(&$0)
                fields(&$0)
            }
        }
    }

    /// Adds lines; each begins with fields that tell its sender from others.
    private mutating func write(
        isDetail: Bool = true,
        _ add: (
            _ lines: inout JSONLines, _ time: Int64, _ start: (inout JSONLines) -> Void
        ) -> Void
    ) {
        guard isInFile || isOnDiagnostics && !(isDetail && isQuiet) else { return }
        line.removeAll()
        let (sender, destinations) = (sender, destinations)
        add(&line, wallClock()) { line in
            if let sender { destinations?.add(sender, to: &line) }
        }
        if isInFile { file += line.bytes }
        if isOnDiagnostics, !(isDetail && isQuiet) { diagnostics += line.bytes }
    }

    // MARK: Reports

    private mutating func add(_ report: Report) {
        switch report {
        case .link(let sender, let report):
            self.sender = sender
            link(report)
            self.sender = nil
        case .connectionOpened(let peer):
            write("opened") {
                $0.field("level", "connection")
                $0.field("peer", peer)
            }
        case .sessionLost(let condition, let retryIn, let wasOpen):
            interrupted("session", wasOpen: wasOpen, condition, retryIn: retryIn)
        case .connectionLost(let condition, let retryIn, _, let wasOpen):
            interrupted("connection", wasOpen: wasOpen, condition, retryIn: retryIn)
        case .notice(let notice):
            self.notice(notice)
        case .ending:
            break
        }
    }

    private mutating func link(_ report: LinkReport) {
        switch report {
        case .outcome(let report):
            outcome(report)
        case .opened(let hasCredit):
            guard hasCredit else { return }
            write("opened") { $0.field("level", "link") }
        case .lost(let condition, let stage, let wasGivenUp):
            // One that was given up has been reported as interrupted.
            guard !wasGivenUp || condition != .none else { break }
            interrupted("link", wasOpen: stage == .withCredit && !wasGivenUp, condition)
        case .restored(let downtime, let attempts, let resent):
            write("restored") {
                $0.field("downtime_ms", downtime)
                $0.field("attempts", attempts)
                $0.field("resent", resent)
            }
        case .notice(let notice):
            self.notice(notice)
        case .givenUp(let notice, let stage):
            self.notice(notice)
            interrupted("link", wasOpen: stage == .withCredit, .none)
        case .ended(let end):
            write("ended", isDetail: false) {
                $0.field("end", end.code)
                $0.condition(end.condition)
                if let sentence = end.sentence() { $0.field("text", sentence, byteCountMax: 4096) }
            }
        case .sendable, .sent, .reopening, .unresolved:
            break
        }
    }

    private mutating func interrupted(
        _ level: String, wasOpen: Bool, _ condition: ErrorCondition, retryIn: Milliseconds? = nil
    ) {
        write("interrupted") {
            $0.field("level", level)
            $0.field("was_open", wasOpen)
            $0.condition(condition)
            if let retryIn { $0.field("retry_in_ms", retryIn) }
        }
    }

    private mutating func notice(_ notice: Notice) {
        write("notice") {
            $0.field("notice", notice.code)
            $0.field("text", notice.sentence)
        }
    }

    private mutating func outcome(_ report: OutcomeReport) {
        write { line, time, start in
            line.add("outcome", at: time, start, "sequence", report.sequences) { line in
                switch report.kind {
                case .final(.accepted):
                    line.field("outcome", "accepted")
                case .returned:
                    line.field("outcome", "released")
                case .final(.unconfirmed):
                    line.field("outcome", "unconfirmed")
                case .final(.rejected(let condition)):
                    line.field("outcome", "rejected")
                    line.condition(condition)
                case .final(.givenUp(let reason)):
                    line.field("outcome", "given up")
                    line.field("description", reason.words)
                }
            }
        }
    }

    // MARK: The command

    /// Adds a sentence of the command, as a warning or hint if it begins so.
    private mutating func message(_ sentence: String, isDetail: Bool = false) {
        let kinds: [(start: String, event: StaticString)] = [
            ("warning: ", "warning"), ("hint: ", "hint"), ("", "message"),
        ]
        for kind in kinds where sentence.hasPrefix(kind.start) {
            write(kind.event, isDetail: isDetail) {
                let text = String(sentence.dropFirst(kind.start.count))
                $0.field("text", text, byteCountMax: 4096)
            }
            return
        }
    }

    private mutating func hint(_ sentence: String, for condition: ErrorCondition) {
        write("hint") {
            if !condition.name.isEmpty { $0.field("condition", condition.name) }
            $0.field("text", sentence)
        }
    }

    private mutating func badLine(_ report: BadLineReport) {
        write("bad_line") {
            $0.field("line", Int(clamping: report.line.number))
            $0.field("lines", report.count)
            $0.field("action", report.action.rawValue)
            $0.field("text", report.sentence, byteCountMax: 4096)
        }
    }

    /// Adds a frame to standard error; the file has none.
    private mutating func frame(_ text: String) {
        guard isOnDiagnostics else { return }
        line.removeAll()
        line.add("frame", at: wallClock()) { $0.field("text", text, byteCountMax: 4096) }
        diagnostics += line.bytes
    }

    /// Adds a result to standard output, and what is wrong to standard error.
    private mutating func checked(_ result: CheckResult, _ hint: String?) {
        guard isOnDiagnostics else { return }
        object("check") { result.write(to: &$0, hint: hint) }
        if let sentence = result.sentence { message(sentence) }
        if let hint { message("hint: \(hint)") }
    }

    /// Adds an object to standard output.
    private mutating func object(_ event: StaticString, _ fields: (inout JSONLines) -> Void) {
        guard isOnDiagnostics, !isQuiet else { return }
        line.removeAll()
        line.add(event, at: wallClock(), fields)
        output += line.bytes
    }

    private mutating func closed(_ closing: Closing) {
        for account in closing.accounts {
            write("account", isDetail: false) { line in
                if let address = account.address { line.field("address", address) }
                line.account(account.summary, notTaken: account.notTaken)
            }
        }
        write("closed", isDetail: false) { line in
            line.field("end", closing.code)
            line.field("status", Int(closing.status))
            if case .ended(let end) = closing.cause {
                if end == .stopped, let signal = closing.signal {
                    line.field("signal", signalName(signal))
                }
                line.condition(end.condition)
            }
            if let sentence = closing.sentence { line.field("text", sentence, byteCountMax: 4096) }
            if case .badLine(let number, _) = closing.fault {
                line.field("line", Int(clamping: number))
            }
            if closing.badLineCount > 0 { line.field("bad_lines", closing.badLineCount) }
            line.account(closing.summary, notTaken: closing.notTaken ?? 0)
            closing.timings.write(to: &line)
        }
    }
}

extension Destinations {
    /// Adds what tells a sender from the others, if there are any.
    fileprivate func add(_ sender: SenderID, to line: inout JSONLines) {
        if let address = addressOfSeveral(sender) { line.field("address", address) }
        if let number = linkNumber(of: sender) { line.field("link", number) }
    }
}

extension Closing {
    /// The `end` of the event; an error that ended the input early replaces `finished`.
    fileprivate var code: String {
        switch cause {
        case .ended(.finished): fault?.code ?? End.finished.code
        case .ended(let end): end.code
        case .couldNotStart: "could_not_start"
        case .hung: "hung"
        }
    }
}

extension JSONLines {
    /// Adds condition, description and info, if given.
    mutating func condition(_ condition: ErrorCondition) {
        if !condition.name.isEmpty { field("condition", condition.name) }
        if !condition.description.isEmpty { field("description", condition.description) }
        if !condition.info.isEmpty { field("info", json: condition.infoJSON) }
    }

    fileprivate mutating func account(_ summary: Summary, notTaken: Int?) {
        field("taken", summary.taken)
        field("accepted", summary.accepted)
        field("rejected", summary.rejected)
        field("given_up", summary.givenUp)
        field("unconfirmed", summary.unconfirmed)
        field("in_doubt", summary.inDoubt)
        field("unsent", summary.unsent)
        if let notTaken { field("not_taken", notTaken) }
        field("resent", summary.resent)
        field("released", summary.released)
        field("late_outcomes", summary.lateOutcomes)
        field("link_losses", summary.linkLosses)
        field("reconnects", summary.reconnects)
        field("longest_interruption_ms", summary.longestInterruption)
        field("elapsed_ms", summary.elapsed)
        field("rate", tenths: summary.rateInTenths)
    }
}

extension Notice {
    /// The name in events.
    var code: String {
        switch self {
        case .noCredit: "no_credit"
        case .reopenedForCredit: "reopened_for_credit"
        case .attachUnanswered: "attach_unanswered"
        case .beginUnanswered: "begin_unanswered"
        case .sessionGivenUp: "session_given_up"
        case .lookUpUnanswered: "look_up_unanswered"
        case .connectUnanswered: "connect_unanswered"
        case .outcomeOverdue: "outcome_overdue"
        case .windowClosed: "window_closed"
        case .routeLost: "route_lost"
        case .unknownState: "unknown_state"
        case .rejectionReturned: "rejection_returned"
        case .closeUnanswered: "close_unanswered"
        case .stopping: "stopping"
        }
    }
}

extension End {
    /// The name in events.
    var code: String {
        switch self {
        case .finished: "finished"
        case .stopped: "stopped"
        case .connectionFailed: "connection_failed"
        case .authenticationRefused: "authentication_refused"
        case .fatalCondition: "fatal_condition"
        case .attemptsUsedUp: "attempts_used_up"
        case .creditTimedOut: "credit_timed_out"
        case .settledRefused: "settled_refused"
        case .unsettledRefused: "unsettled_refused"
        case .unflushed: "unflushed"
        }
    }

    /// The peer's condition.
    var condition: ErrorCondition {
        switch self {
        case .connectionFailed(let condition), .authenticationRefused(let condition),
            .fatalCondition(let condition), .attemptsUsedUp(_, let condition),
            .unflushed(let condition):
            condition
        case .finished, .stopped, .creditTimedOut, .settledRefused, .unsettledRefused: .none
        }
    }
}
