// What the command tells the shell.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery

/// The exit statuses of the contract with the user.
enum ExitStatus {
    static let allAccepted: Int32 = 0
    static let someRefused: Int32 = 1
    /// Of --check: the link is open, and takes nothing now.
    static let noCredit: Int32 = 1
    static let couldNotFinish: Int32 = 2
    static let wrongUsage: Int32 = 64
    static let badData: Int32 = 65

    static func endedBySignal(_ signal: Int32) -> Int32 { 128 + signal }
}

/// The exit status of a run; `signal` is the first one that asked it to stop, if one did.
///
/// `refusedEarlier` messages were rejected or given up in the runs that this one resumes;
/// `isRecorded` says whether all that had to be written to files was, `inputFault` why the input
/// ended before its end.
func exitStatus(
    end: End, summary: Summary, signal: Int32?, refusedEarlier: Int = 0, isRecorded: Bool = true,
    inputFault: InputFault? = nil
) -> Int32 {
    // A run that has finished was not ended by a signal, whenever that came.
    if end != .finished, let signal { return ExitStatus.endedBySignal(signal) }
    // A run that could not finish says so even if nothing it had taken is open.
    if end != .finished || !isRecorded || summary.inDoubt + summary.unsent > 0 {
        return ExitStatus.couldNotFinish
    }
    if let inputFault {
        return inputFault.isBadData ? ExitStatus.badData : ExitStatus.couldNotFinish
    }
    return summary.rejected + summary.givenUp + refusedEarlier > 0
        ? ExitStatus.someRefused : ExitStatus.allAccepted
}
