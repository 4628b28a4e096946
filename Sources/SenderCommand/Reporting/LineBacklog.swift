// The lines that wait to be written: how many may, and what becomes of the others.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What the loop and the writer's thread share.
///
/// Isolation: under the writer's lock.
struct LineBacklog {
    /// What may wait, in bytes.
    static let byteCountMax = 256 * 1024
    /// How often the last lines are tried in a row when no more will come.
    static let lastTriesMax = 10

    /// Makes the line in place of so many that were dropped, with its end.
    ///
    /// `reason` is the error that kept them from being written; nil: the reader did not keep up.
    typealias DroppedNote = @Sendable (_ count: Int, _ reason: SystemError?) -> [UInt8]

    enum TakeResult {
        case taken
        case closed
        case mustWait
    }

    struct FailResult {
        /// Whether ``isHoldingUp`` has fallen.
        var hasFallen: Bool
        /// Whether the writer tries the same bytes again, after a while.
        var mayTryAgain: Bool
    }

    /// No more lines will come.
    var isClosed = false
    /// Why nothing can be written at the moment, or any more; nil while it goes on.
    private(set) var failure: SystemError?
    private var pending: [UInt8] = []
    private let droppedNote: DroppedNote
    /// Taken by the writer and not yet written.
    private var writingByteCount = 0
    /// Dropped, and not noted in their place yet.
    private var droppedLineCount = 0
    private var dropReason: SystemError?
    /// In what the writer could not write the last time.
    private var unwrittenLineCount = 0
    /// Come after the writing had ended for good.
    private var lateLineCount = 0
    private var lastTryCount = 0
    /// Whether the writer waits to be woken: a wake-up costs a system call.
    private var isWriterAsleep = false

    /// Whether nothing waits, and nothing is being written.
    var isIdle: Bool { waitingByteCount == 0 }

    init(droppedNote: @escaping DroppedNote = droppedLinesNote) {
        self.droppedNote = droppedNote
    }

    /// Whether new messages should wait for the reader: not for an output that fails.
    var isHoldingUp: Bool {
        failure == nil && isMostlyFull
    }

    private var isMostlyFull: Bool {
        waitingByteCount > Self.byteCountMax / 2
    }

    private var waitingByteCount: Int {
        pending.count + writingByteCount
    }

    /// The lines that a failing output lacks, but for those that a line in their place counts.
    var missingLineCount: Int {
        guard failure != nil else { return 0 }
        return unwrittenLineCount + lineCount(pending[...]) + droppedLineCount + lateLineCount
    }

    /// Adds whole lines, as far as they have room; says whether the writer must be woken.
    ///
    /// The buffer may come back with an old one's bytes: buffers go round, so that none is made.
    mutating func append(_ bytes: inout [UInt8]) -> Bool {
        guard !isClosed else { return false }
        if let failure, failure.isFinalForWriting {
            // A reader that has left misses nothing.
            if failure.number != EPIPE { lateLineCount += lineCount(bytes[...]) }
            return false
        }
        if !isMostlyFull { noteDroppedLines() }
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
        var dropped = bytes[...]
        if droppedLineCount == 0, let end = bytes.prefix(max(0, room)).lastIndex(of: newline) {
            pending += bytes[...end]
            dropped = bytes[(end + 1)...]
        }
        droppedLineCount += lineCount(dropped)
        if let failure { dropReason = failure }
    }

    /// Adds one line in place of those that were dropped.
    private mutating func noteDroppedLines() {
        guard droppedLineCount > 0 else { return }
        pending += droppedNote(droppedLineCount, dropReason)
        droppedLineCount = 0
        dropReason = nil
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
        failure = nil
        unwrittenLineCount = 0
        lastTryCount = 0
        writingByteCount -= byteCount
        return wasHoldingUp && !isHoldingUp
    }

    /// Notes that the rest of what was taken can't be written: it waits for the next try, or is
    /// given up with all else when there is none.
    mutating func fail(_ error: SystemError, unwritten rest: ArraySlice<UInt8>) -> FailResult {
        let wasHoldingUp = isHoldingUp
        failure = error
        unwrittenLineCount = lineCount(rest)
        guard !error.isFinalForWriting else {
            lateLineCount = lineCount(pending[...]) + droppedLineCount
            pending = []
            writingByteCount = 0
            droppedLineCount = 0
            return FailResult(hasFallen: wasHoldingUp, mayTryAgain: false)
        }
        if isClosed { lastTryCount += 1 }
        return FailResult(
            hasFallen: wasHoldingUp, mayTryAgain: lastTryCount < Self.lastTriesMax)
    }
}

private let newline = UInt8(ascii: "\n")

private func lineCount(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.count { $0 == newline }
}

extension SystemError {
    /// Whether no later write to the same descriptor can succeed: the reader is gone, or the
    /// descriptor was never open for writing.
    ///
    /// A full disk may get room.
    var isFinalForWriting: Bool { number == EPIPE || number == EBADF }
}

/// For a person: how many lines are missing here, and why.
@Sendable func droppedLinesNote(_ count: Int, _ reason: SystemError?) -> [UInt8] {
    let why = reason.map { "they could not be written: \($0)" } ?? "the reader did not keep up"
    var note: [UInt8] = []
    note.appendLine("sender: \(counted(count, "line")) dropped here, \(why)")
    return note
}
