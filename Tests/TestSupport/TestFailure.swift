// An error of what a test needs, not of what it tests.
// SPDX-License-Identifier: Apache-2.0

/// What went wrong around a test, in one sentence and with the process's own words.
package struct TestFailure: Error, CustomStringConvertible {
    package var description: String

    package init(_ description: String) {
        self.description = description
    }
}
