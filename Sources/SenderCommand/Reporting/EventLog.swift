// What happens, as events for programs.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import LinkRecovery

/// Turns reports into lines of JSON for standard error, for a file or for both, without I/O.
struct EventLog {
    /// For standard error; stays empty when that has text.
    var diagnostics: [UInt8] = []
    /// For the file; stays empty when there is none.
    var file: [UInt8] = []

    /// Whether standard error has the events.
    let isOnDiagnostics: Bool
    private let isInFile: Bool
    private let isQuiet: Bool
    private let wallClock: WallClock
    private var line = JSONLines()
    /// There was credit since the last interruption.
    private var wasOpen = false
    /// The end of a link that we gave up is no news.
    private var isEndExpected = false

    init(
        format: LogFormat, hasFile: Bool, isQuiet: Bool, wallClock: @escaping WallClock
    ) {
        isOnDiagnostics = format == .json
        isInFile = hasFile
        self.isQuiet = isQuiet
        self.wallClock = wallClock
    }

    /// Nobody wants events.
    static let none = EventLog(format: .text, hasFile: false, isQuiet: true) { 0 }

    private var isWanted: Bool { isOnDiagnostics || isInFile }

    /// Adds an event; `isDetail` when --quiet leaves it out of standard error.
    private mutating func add(
        _ event: StaticString, isDetail: Bool = true, _ fields: (inout JSONLines) -> Void
    ) {
        guard isInFile || isOnDiagnostics && !(isDetail && isQuiet) else { return }
        line.removeAll()
        line.add(event, at: wallClock(), fields)
        if isInFile { file += line.bytes }
        if isOnDiagnostics, !(isDetail && isQuiet) { diagnostics += line.bytes }
    }

    // MARK: What the machines report

    /// Adds the event for a report, if it is one.
    mutating func report(_ report: Report) {
        guard isWanted else { return }
        switch report {
        case .link(_, let report):
            link(report)
        case .connectionOpened(let peer):
            add("opened") {
                $0.field("level", "connection")
                $0.field("peer", peer)
            }
        case .sessionLost(let condition, let retryIn):
            interrupted("session", condition, retryIn: retryIn)
        case .connectionLost(let condition, let retryIn, _):
            interrupted("connection", condition, retryIn: retryIn)
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
            wasOpen = true
            isEndExpected = false
            add("opened") { $0.field("level", "link") }
        case .lost(let condition, _):
            lost(condition)
        case .restored(let downtime, let attempts, let resent):
            add("restored") {
                $0.field("downtime_ms", downtime)
                $0.field("attempts", attempts)
                $0.field("resent", resent)
            }
        case .notice(let notice):
            self.notice(notice)
        case .sendable, .sent, .reopening, .ended:
            break
        }
    }

    private mutating func lost(_ condition: ErrorCondition) {
        let isExpected = isEndExpected
        isEndExpected = false
        guard !isExpected || condition != .none else { return }
        interrupted("link", condition)
    }

    private mutating func interrupted(
        _ level: String, _ condition: ErrorCondition, retryIn: Milliseconds? = nil
    ) {
        let wasOpen = wasOpen
        self.wasOpen = false
        isEndExpected = false
        add("interrupted") {
            $0.field("level", level)
            $0.field("was_open", wasOpen)
            $0.condition(condition)
            if let retryIn { $0.field("retry_in_ms", retryIn) }
        }
    }

    private mutating func notice(_ notice: Notice) {
        add("notice") {
            $0.field("notice", notice.code)
            $0.field("text", notice.sentence)
        }
        guard notice.givesLinkUp else { return }
        interrupted("link", .none)
        isEndExpected = true
    }

    private mutating func outcome(_ report: OutcomeReport) {
        add("outcome") { line in
            line.field("sequence", Int(clamping: report.sequence))
            switch report.kind {
            case .accepted:
                line.field("outcome", "accepted")
            case .returned:
                line.field("outcome", "released")
            case .unconfirmed:
                line.field("outcome", "unconfirmed")
            case .rejected(let condition):
                line.field("outcome", "rejected")
                line.condition(condition)
            case .givenUp(let reason):
                line.field("outcome", "given up")
                line.field("description", reason.words)
            }
        }
    }

    // MARK: What the command says

    /// Adds a sentence of the command's own, a warning or a hint if it says so.
    mutating func message(_ sentence: String, isDetail: Bool = false) {
        guard isWanted else { return }
        let kinds: [(start: String, event: StaticString)] = [
            ("warning: ", "warning"), ("hint: ", "hint"), ("", "message"),
        ]
        for kind in kinds where sentence.hasPrefix(kind.start) {
            add(kind.event, isDetail: isDetail) {
                let text = String(sentence.dropFirst(kind.start.count))
                $0.field("text", text, byteCountMax: 4096)
            }
            return
        }
    }

    mutating func hint(_ sentence: String, for condition: ErrorCondition) {
        guard isWanted else { return }
        add("hint") {
            if !condition.name.isEmpty { $0.field("condition", condition.name) }
            $0.field("text", sentence)
        }
    }

    /// Adds a line of --trace-frames, which the file does not have.
    mutating func frame(_ text: String) {
        line.removeAll()
        line.add("frame", at: wallClock()) { $0.field("text", text, byteCountMax: 4096) }
        diagnostics += line.bytes
    }

    /// Adds the last event: the account, why the run ended, and its status.
    ///
    /// Without an end it could not start, or hung; `fault` is why the input ended before its end.
    mutating func closed(
        _ summary: Summary, notTaken: Int, end: End?, hasHung: Bool = false,
        fault: InputFault? = nil, sentence: String?, signal: Int32? = nil, status: Int32
    ) {
        guard isWanted else { return }
        add("closed", isDetail: false) { line in
            // A run that was cut short for another reason has that as its end.
            let cut = end == .finished ? fault?.code : nil
            line.field("end", cut ?? end?.code ?? (hasHung ? "hung" : "could_not_start"))
            line.field("status", Int(status))
            if end == .stopped, let signal { line.field("signal", signalName(signal)) }
            if let end { line.condition(end.condition) }
            if let sentence { line.field("text", sentence, byteCountMax: 4096) }
            if case .badLine(let number, _) = fault { line.field("line", Int(clamping: number)) }
            line.account(summary, notTaken: notTaken)
        }
    }
}

extension JSONLines {
    /// What a peer gave, as far as it did.
    mutating func condition(_ condition: ErrorCondition) {
        if !condition.name.isEmpty { field("condition", condition.name) }
        if !condition.description.isEmpty { field("description", condition.description) }
        if !condition.info.isEmpty { field("info", json: condition.infoJSON) }
    }

    fileprivate mutating func account(_ summary: Summary, notTaken: Int) {
        field("taken", summary.taken)
        field("accepted", summary.accepted)
        field("rejected", summary.rejected)
        field("given_up", summary.givenUp)
        field("unconfirmed", summary.unconfirmed)
        field("in_doubt", summary.inDoubt)
        field("unsent", summary.unsent)
        field("not_taken", notTaken)
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
    /// Its name for a program.
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
        case .closeUnanswered: "close_unanswered"
        case .stopping: "stopping"
        }
    }

    /// Whether the link is given up with it, before the peer says anything.
    fileprivate var givesLinkUp: Bool {
        switch self {
        case .reopenedForCredit, .outcomeOverdue, .windowClosed, .routeLost: true
        case .noCredit, .attachUnanswered, .beginUnanswered, .sessionGivenUp, .lookUpUnanswered,
            .connectUnanswered,
            .closeUnanswered,
            .stopping, .unknownState:
            false
        }
    }
}

extension End {
    /// Its name for a program.
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

    /// What the peer gave as the reason.
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

/// A sentence outside of a run, as a line for standard error.
func diagnosticLine(_ sentence: String, _ format: LogFormat) -> [UInt8] {
    var text = EventText(format)
    text.message(sentence)
    return text.gathered
}

/// A frame outside of a run, as a line for standard error.
func diagnosticLine(frame: String, _ format: LogFormat) -> [UInt8] {
    var text = EventText(format)
    text.frame(frame)
    return text.gathered
}

extension EventText {
    /// Of something that is no run.
    fileprivate init(_ format: LogFormat) {
        self.init(
            isQuiet: false, format: format,
            log: EventLog(
                format: format, hasFile: false, isQuiet: false, wallClock: systemWallClock))
    }

    /// What is for standard error.
    fileprivate var gathered: [UInt8] { diagnostics + log.diagnostics }
}
