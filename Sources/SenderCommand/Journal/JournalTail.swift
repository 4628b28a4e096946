// The end of a journal's file, where records are written.
// SPDX-License-Identifier: Apache-2.0

/// Frames records and writes them, and knows what of them is written and what is marked as flushed.
struct JournalTail {
    let file: OpenFile
    private let frame: JournalFrame
    /// How much of the file is written; `waiting` follows.
    private(set) var writtenEnd: UInt64
    private var markedEnd: UInt64
    private var waiting: [UInt8] = []
    private var scratch: [UInt8] = []

    /// Goes on behind the sound records of a file.
    init(_ file: OpenFile, nonce: UInt64, size: UInt64, markedEnd: UInt64 = 0) {
        self.file = file
        frame = JournalFrame(nonce: nonce)
        writtenEnd = size
        self.markedEnd = markedEnd
    }

    /// Where what is noted next will stand.
    var end: UInt64 { writtenEnd + UInt64(waiting.count) }

    var isWritten: Bool { waiting.isEmpty }

    mutating func append(_ record: JournalRecord) {
        frame.append(record, at: end, to: &waiting, scratch: &scratch)
    }

    /// Says in the journal how much of it is on the disk.
    mutating func mark(through flushedEnd: UInt64) {
        guard flushedEnd > markedEnd else { return }
        append(.flushed(through: flushedEnd))
        markedEnd = flushedEnd
    }

    /// Hands all that waits to the system; what it does not take waits on.
    mutating func write() throws(SystemError) {
        guard !waiting.isEmpty else { return }
        var rest = waiting[...]
        do throws(SystemError) {
            try file.write(&rest, at: &writtenEnd)
            waiting.removeAll(keepingCapacity: true)
        } catch {
            waiting = Array(rest)
            throw error
        }
    }
}
