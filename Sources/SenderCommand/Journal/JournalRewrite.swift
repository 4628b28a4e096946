// The rewrite of a large journal as a summary.
// SPDX-License-Identifier: Apache-2.0

/// The new contents of a journal, and the records noted while they are being written.
struct JournalRewrite {
    let header: JournalHeader
    /// The summary, ending with a flush mark.
    let contents: [UInt8]
    private let flushedEnd: UInt64
    /// By address, the messages up to this one are in the summary.
    let lastSequences: [UInt64]
    /// Records for the file that is in place in the end.
    var records: [JournalRecord] = []

    /// Summarises a journal under a new nonce.
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
        lastSequences = state.lastSequences
    }

    /// The end of the new file.
    func tail(_ file: OpenFile) -> JournalTail {
        JournalTail(
            file, nonce: header.nonce, size: UInt64(contents.count), markedEnd: flushedEnd)
    }
}
