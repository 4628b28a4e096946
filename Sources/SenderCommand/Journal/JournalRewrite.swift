// A summary that takes the place of a journal that has grown large.
// SPDX-License-Identifier: Apache-2.0

/// A journal's new file while it is being made, and what is noted meanwhile.
struct JournalRewrite {
    let header: JournalHeader
    /// Of the summary, which ends with a mark.
    let contents: [UInt8]
    private let flushedEnd: UInt64
    /// The messages up to this one are in the summary.
    let lastSequence: UInt64
    /// For whichever file has the name in the end.
    var records: [JournalRecord] = []

    /// Sums a journal up, under a nonce of its own.
    init(_ header: JournalHeader, _ state: JournalState) {
        var header = header
        header.nonce = .random(in: .min ... .max)
        let frame = JournalFrame(nonce: header.nonce)
        var contents = header.bytes
        var scratch: [UInt8] = []
        for record in state.summary {
            frame.append(record, at: UInt64(contents.count), to: &contents, scratch: &scratch)
        }
        flushedEnd = UInt64(contents.count)
        frame.append(
            .flushed(through: flushedEnd), at: flushedEnd, to: &contents, scratch: &scratch)
        self.header = header
        self.contents = contents
        lastSequence = state.lastSequence
    }

    /// The end of the new file.
    func tail(_ file: OpenFile) -> JournalTail {
        JournalTail(
            file, nonce: header.nonce, size: UInt64(contents.count), markedEnd: flushedEnd)
    }
}
