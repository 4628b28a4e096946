// The lines that wait to be written: how many may, and what becomes of the others.
// SPDX-License-Identifier: Apache-2.0

/// What the loop and the writer's thread share.
///
/// Isolation: under the writer's lock.
struct WaitingLines {
    /// What may wait, in bytes.
    static let byteCountMax = 256 * 1024

    enum TakeResult {
        case taken
        case closed
        case mustWait
    }

    /// No more lines will come.
    var isClosed = false
    /// Why nothing can be written any more.
    private(set) var failure: SystemError?
    private var pending: [UInt8] = []
    /// The line in place of so many that were dropped, with its end.
    private let droppedNote: @Sendable (Int) -> [UInt8]
    /// Taken by the writer and not yet written.
    private var writingByteCount = 0
    private var droppedLineCount = 0
    /// Whether the writer waits to be woken: a wake-up costs a system call.
    private var isWriterAsleep = false

    /// Whether nothing waits, and nothing is being written.
    var isIdle: Bool { waitingByteCount == 0 }

    init(droppedNote: @escaping @Sendable (Int) -> [UInt8] = droppedLinesNote) {
        self.droppedNote = droppedNote
    }

    var isHoldingUp: Bool {
        waitingByteCount > Self.byteCountMax / 2
    }

    private var waitingByteCount: Int {
        pending.count + writingByteCount
    }

    /// Adds whole lines, as far as they have room; says whether the writer must be woken.
    ///
    /// The buffer may come back with an old one's bytes: buffers go round, so that none is made.
    mutating func append(_ bytes: inout [UInt8]) -> Bool {
        guard failure == nil, !isClosed else { return false }
        if !isHoldingUp { noteDroppedLines() }
        let room = Self.byteCountMax - waitingByteCount
        if droppedLineCount == 0, bytes.count <= room {
            if pending.isEmpty { swap(&pending, &bytes) } else { pending += bytes }
        } else {
            appendWhatFits(bytes, room: room)
        }
        defer { isWriterAsleep = false }
        return isWriterAsleep
    }

    /// Once a line was dropped all others are, until that has been noted in their place.
    private mutating func appendWhatFits(_ bytes: [UInt8], room: Int) {
        let newline = UInt8(ascii: "\n")
        var dropped = bytes[...]
        if droppedLineCount == 0, let end = bytes.prefix(max(0, room)).lastIndex(of: newline) {
            pending += bytes[...end]
            dropped = bytes[(end + 1)...]
        }
        droppedLineCount += dropped.count(where: { $0 == newline })
    }

    /// Adds one line in place of those that were dropped.
    private mutating func noteDroppedLines() {
        guard droppedLineCount > 0 else { return }
        pending += droppedNote(droppedLineCount)
        droppedLineCount = 0
    }

    /// Hands all that waits to the writer.
    mutating func take(_ chunk: inout [UInt8]) -> TakeResult {
        chunk.removeAll(keepingCapacity: true)
        noteDroppedLines()
        if pending.isEmpty {
            isWriterAsleep = !isClosed
            return isClosed ? .closed : .mustWait
        }
        swap(&pending, &chunk)
        writingByteCount = chunk.count
        return .taken
    }

    /// Notes that so much was written; says whether ``isHoldingUp`` has fallen.
    mutating func wrote(byteCount: Int) -> Bool {
        let wasHoldingUp = isHoldingUp
        writingByteCount -= byteCount
        return wasHoldingUp && !isHoldingUp
    }

    /// Forgets all that waits; says whether ``isHoldingUp`` has fallen.
    mutating func fail(_ error: SystemError) -> Bool {
        let wasHoldingUp = isHoldingUp
        failure = error
        pending = []
        writingByteCount = 0
        droppedLineCount = 0
        return wasHoldingUp
    }
}

/// For a person: how many lines are missing here.
@Sendable func droppedLinesNote(_ count: Int) -> [UInt8] {
    var note: [UInt8] = []
    note.appendLine("sender: \(counted(count, "line")) dropped here, the reader did not keep up")
    return note
}
