// The writing end of a journal.
// SPDX-License-Identifier: Apache-2.0

/// Frames and writes records, and tracks how much is written and marked as flushed.
struct JournalTail {
    let file: OpenFile
    private let frame: JournalFrame
    /// Size of the written file; `waiting` follows.
    private(set) var writtenEnd: UInt64
    private var markedEnd: UInt64
    private var waiting: [UInt8] = []
    private var scratch: [UInt8] = []

    /// Continues behind the sound records of a file.
    init(_ file: OpenFile, nonce: UInt64, size: UInt64, markedEnd: UInt64 = 0) {
        self.file = file
        frame = JournalFrame(nonce: nonce)
        writtenEnd = size
        self.markedEnd = markedEnd
    }

    /// Offset of the next record.
    var end: UInt64 { writtenEnd + UInt64(waiting.count) }

    var isWritten: Bool { waiting.isEmpty }

    mutating func append(_ record: JournalRecord) {
        frame.append(record, at: end, to: &waiting, scratch: &scratch)
    }

    /// Adds a mark of how much is on the disk.
    mutating func mark(through flushedEnd: UInt64) {
        guard flushedEnd > markedEnd else { return }
        append(.flushed(through: flushedEnd))
        markedEnd = flushedEnd
    }

    /// Writes the waiting bytes, as many as the system takes.
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
