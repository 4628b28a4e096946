// What a user wants to see of a run.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery

/// How standard error is written.
enum LogFormat: String, Sendable, CaseIterable {
    /// Sentences for a person.
    case text
    /// A JSON object per line, for a program.
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

    func checkForContradictions() throws(UsageError) {
        if isProgressAsked, logFormat == .json {
            throw UsageError(
                "--progress draws a line for a person, --log-format json is for a program: "
                    + "give one of them, or --stats")
        }
    }
}
