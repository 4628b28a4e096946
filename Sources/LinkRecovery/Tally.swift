// Counts of what became of the messages.
// SPDX-License-Identifier: Apache-2.0

struct Tally {
    var taken = 0
    var accepted = 0
    var rejected = 0
    var givenUp = 0
    var unconfirmed = 0
    var released = 0
    var resent = 0
    var late = 0
    var linkLosses = 0

    /// Messages that are final.
    var settled: Int { accepted + rejected + givenUp + unconfirmed }
}
