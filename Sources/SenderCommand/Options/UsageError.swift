// What is wrong with a command line.
// SPDX-License-Identifier: Apache-2.0

/// Wrong usage: one sentence that names the thing, the value and the way out.
struct UsageError: Error, Hashable {
    var sentence: String

    init(_ sentence: String) {
        self.sentence = sentence
    }
}
