// Exit statuses.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// The exit statuses that the help documents.
enum ExitStatus {
    static let allAccepted: Int32 = 0
    static let someRefused: Int32 = 1
    /// --check: the link is open, without credit.
    static let noCredit: Int32 = 1
    static let couldNotFinish: Int32 = 2
    static let wrongUsage: Int32 = 64
    static let badData: Int32 = 65

    static func endedBySignal(_ signal: Int32) -> Int32 { 128 + signal }
}

/// The exit status of a run; `signal` is the first signal that asked it to stop.
///
/// `otherRefused` counts messages that were rejected or given up in the runs that this one
/// resumes, and the bad lines that this run passed over; `isRecorded` is false when journal or
/// rejected file are incomplete; `inputFault` is the error that ended the input early.
func exitStatus(
    end: End, summary: Summary, signal: Int32?, otherRefused: Int = 0, isRecorded: Bool = true,
    inputFault: InputFault? = nil
) -> Int32 {
    // A signal after the last outcome does not change the status.
    if end != .finished, let signal { return ExitStatus.endedBySignal(signal) }
    // A run that could not finish has this status even if every message taken is final.
    if end != .finished || !isRecorded || summary.inDoubt + summary.unsent > 0 {
        return ExitStatus.couldNotFinish
    }
    if let inputFault {
        return inputFault.isBadData ? ExitStatus.badData : ExitStatus.couldNotFinish
    }
    return summary.rejected + summary.givenUp + otherRefused > 0
        ? ExitStatus.someRefused : ExitStatus.allAccepted
}
