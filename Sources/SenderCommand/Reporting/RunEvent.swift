// Events of a run, for all outputs.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import ReliableSender

/// One event of a run.
///
/// ``Reporter`` writes it as text, as JSON, or as both.
enum RunEvent {
    /// The run begins with these options.
    indirect case begun(RunOptions)
    /// Messages have ids by which a broker drops repeats: a run that died can be repeated.
    case duplicateIDs(DuplicateID)
    /// A report of the library.
    case report(Report)
    /// A sentence of the command; it may begin with `warning: ` or `hint: `.
    case message(String)
    /// Advice about the error that was reported just before.
    case hint(String, for: ErrorCondition)
    /// Lines of the input that can't become messages were passed over.
    case badLine(BadLineReport)
    /// A line of --trace-frames.
    case frame(String)
    /// The result of --check for one router, with advice if it failed.
    indirect case checked(CheckResult, hint: String?)
    /// The result of --dry-run.
    case tried(DryRunResult)
    /// Every message is final; messages of earlier runs count as well.
    case finished(hasRefused: Bool, hasUnconfirmed: Bool)
    /// The last event.
    indirect case closed(Closing)
}

extension RunEvent {
    /// The event of a run that finished; nil for any other end.
    ///
    /// `otherRefused` counts messages that were rejected or given up in the runs that this one
    /// resumes, and the bad lines that this run passed over; `unconfirmedEarlier` counts messages
    /// that those runs sent pre-settled.
    static func completion(
        _ end: End, _ summary: Summary, otherRefused: Int = 0, unconfirmedEarlier: Int = 0
    ) -> RunEvent? {
        guard end == .finished else { return nil }
        return .finished(
            hasRefused: summary.rejected + summary.givenUp + otherRefused > 0,
            hasUnconfirmed: summary.unconfirmed + unconfirmedEarlier > 0)
    }
}

/// The end of a run, with its summary.
struct Closing {
    /// The cause of the end.
    enum Cause: Hashable {
        case ended(End)
        case couldNotStart
        case hung
    }

    /// The account of one of several addresses.
    struct Account {
        /// nil: of all that are not named.
        var address: String?
        var summary = Summary()
        /// Messages asked for or read and not taken; nil if unknown.
        var notTaken: Int?
    }

    var cause: Cause
    /// The account of all addresses.
    var summary = Summary()
    /// That of each; empty when there is only one.
    var accounts: [Account] = []
    /// Messages asked for or read and not taken; nil if unknown.
    var notTaken: Int?
    var timings = TimingFigures()
    /// Lines of the input that were passed over, which are not taken.
    var badLineCount = 0
    /// The error that ended the input early.
    var fault: InputFault?
    /// The first signal that came.
    var signal: Int32?
    var status: Int32
    /// The reason, unless the run finished.
    var sentence: String?
}

extension Report {
    /// The error in a report, and its level, for a hint.
    var failure: (Hints.Level, ErrorCondition)? {
        switch self {
        case .connectionLost(let condition, _, let unopened, _):
            (unopened == nil ? .connection : .connecting, condition)
        case .sessionLost(let condition, _, _): (.session, condition)
        case .link(_, .lost(let condition, let stage, _)):
            (stage == .withCredit ? .link : .refusedLink, condition)
        case .link(_, .notice(.noCredit)): (.credit, .none)
        case .link(_, .outcome(let outcome)):
            if case .final(.rejected(let condition)) = outcome.kind {
                (.delivery, condition)
            } else {
                nil
            }
        case .connectionOpened, .link, .notice, .ending: nil
        }
    }
}

extension DuplicateID {
    /// The sentence that shows the ids of a run.
    var exampleSentence: String {
        "messages have \(property) \(quoted(value(sequence: 1))) and so on"
    }
}

/// A number and a noun: `1 attempt`, `2 attempts`.
func counted(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
}
