// The account of earlier runs.
// SPDX-License-Identifier: Apache-2.0

/// The account of an existing journal.
struct Resumption: Equatable {
    var accepted: UInt64
    var rejected: UInt64
    var givenUp: UInt64
    /// Messages sent pre-settled.
    var unconfirmed: UInt64
    /// Messages that are not final.
    var open: UInt64
    /// Messages that may have been sent and are not final: they may arrive twice.
    var inDoubt: UInt64
    /// Bytes cut off a torn tail.
    var droppedByteCount: UInt64

    init(_ journal: OpenedJournal) {
        let addresses = journal.state.addresses
        accepted = addresses.reduce(0) { $0 + $1.finals.accepted }
        rejected = addresses.reduce(0) { $0 + $1.finals.rejected }
        givenUp = addresses.reduce(0) { $0 + $1.finals.givenUp }
        unconfirmed = addresses.reduce(0) { $0 + $1.finals.unconfirmed }
        open = addresses.reduce(0) { $0 + $1.lastSequence - $1.finals.count }
        inDoubt = addresses.reduce(0) { $0 + $1.doubtfulCount }
        droppedByteCount = journal.droppedByteCount
    }

    /// The account in a sentence; `missing` is the number of messages to send, if known.
    func sentence(missing: UInt64?) -> String {
        var sentence = "resuming: of the messages so far \(accepted) were accepted"
        if rejected > 0 { sentence += ", \(rejected) rejected" }
        if givenUp > 0 { sentence += ", \(givenUp) given up" }
        if unconfirmed > 0 { sentence += ", \(unconfirmed) sent unconfirmed" }
        if let missing {
            sentence += "; \(missing) to send"
        } else if open > 0 {
            sentence += "; \(open) that were begun are sent first"
        }
        if inDoubt > 0 { sentence += "; up to \(inDoubt) of them may arrive a second time" }
        if droppedByteCount > 0 {
            sentence += "; the journal's torn tail of \(droppedByteCount) bytes was cut off"
        }
        return sentence
    }
}
