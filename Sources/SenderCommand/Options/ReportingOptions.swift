// The reporting options.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery

/// The format of standard error.
enum LogFormat: String, Sendable, CaseIterable {
    /// Sentences.
    case text
    /// One JSON object per line.
    case json
}

/// The options of the section "Seeing what happens".
struct ReportingOptions: Hashable {
    var isProgressAsked = false
    /// nil: no lines of figures.
    var statsInterval: Milliseconds?
    var logFormat = LogFormat.text
    /// nil: no file of events.
    var events: String?
    var isCheck = false
    var isDryRun = false

    func checkForContradictions() throws(UsageError) {
        if isCheck, isDryRun {
            throw UsageError("--check and --dry-run contradict each other: give one of them")
        }
        if isProgressAsked, logFormat == .json {
            throw UsageError(
                "--progress draws a line for a person, --log-format json is for a program: "
                    + "give one of them, or --stats")
        }
    }
}
