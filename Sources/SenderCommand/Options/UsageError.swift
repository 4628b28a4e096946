// The error for wrong usage.
// SPDX-License-Identifier: Apache-2.0

/// Wrong usage: one sentence with option, value and way out.
struct UsageError: Error, Hashable {
    var sentence: String

    init(_ sentence: String) {
        self.sentence = sentence
    }
}
