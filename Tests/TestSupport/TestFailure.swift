// An error of what a test needs, not of what it tests.
// SPDX-License-Identifier: Apache-2.0

/// An error in the environment of a test, with the output of the process.
package struct TestFailure: Error, CustomStringConvertible {
    package var description: String

    package init(_ description: String) {
        self.description = description
    }
}
