// The bounded backlog of lines to write.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The state that the loop and the writer's thread share.
///
/// - Isolation: the writer's lock.
struct LineBacklog {
    /// Bound of the backlog in bytes.
    static let byteCountMax = 256 * 1024
    /// Attempts to write the last lines once the backlog is closed.
    static let lastTriesMax = 10

    /// Makes the line in place of dropped ones, with its newline.
    ///
    /// `reason` is the write error; nil: the reader did not keep up.
    typealias DroppedNote = @Sendable (_ count: Int, _ reason: SystemError?) -> [UInt8]

    enum TakeResult {
        case taken
        case closed
        case mustWait
    }

    struct FailResult {
        /// Whether ``isHoldingUp`` became false.
        var hasFallen: Bool
        /// Whether the writer retries the same bytes after a delay.
        var mayTryAgain: Bool
    }

    /// No further lines are accepted.
    var isClosed = false
    /// The current write error; nil while writing works.
    private(set) var failure: SystemError?
    private var pending: [UInt8] = []
    private let droppedNote: DroppedNote
    /// Bytes taken by the writer and not yet written.
    private var writingByteCount = 0
    /// Lines dropped since the last note about them.
    private var droppedLineCount = 0
    private var dropReason: SystemError?
    /// Lines in the last failed write.
    private var unwrittenLineCount = 0
    /// Lines that came after the final error.
    private var lateLineCount = 0
    private var lastTryCount = 0
    /// Whether the writer sleeps; a wake-up costs a system call.
    private var isWriterAsleep = false

    /// Whether everything is written.
    var isIdle: Bool { waitingByteCount == 0 }

    init(droppedNote: @escaping DroppedNote = droppedLinesNote) {
        self.droppedNote = droppedNote
    }

    /// Whether new messages should wait for the reader; never for a failing output.
    var isHoldingUp: Bool {
        failure == nil && isMostlyFull
    }

    private var isMostlyFull: Bool {
        waitingByteCount > Self.byteCountMax / 2
    }

    private var waitingByteCount: Int {
        pending.count + writingByteCount
    }

    /// Lines missing on a failing output, without those that a note counts.
    var missingLineCount: Int {
        guard failure != nil else { return 0 }
        return unwrittenLineCount + lineCount(pending[...]) + droppedLineCount + lateLineCount
    }

    /// Adds the whole lines that fit; returns whether the writer must be woken.
    ///
    /// May swap `bytes` with another buffer, so that buffers are reused.
    mutating func append(_ bytes: inout [UInt8]) -> Bool {
        guard !isClosed else { return false }
        if let failure, failure.isFinalForWriting {
            // Nothing is missing for a reader that has left.
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

    /// After one dropped line, all are dropped until a note takes their place.
    private mutating func appendWhatFits(_ bytes: [UInt8], room: Int) {
        var dropped = bytes[...]
        if droppedLineCount == 0, let end = bytes.prefix(max(0, room)).lastIndex(of: newline) {
            pending += bytes[...end]
            dropped = bytes[(end + 1)...]
        }
        droppedLineCount += lineCount(dropped)
        if let failure { dropReason = failure }
    }

    /// Adds the note in place of dropped lines.
    private mutating func noteDroppedLines() {
        guard droppedLineCount > 0 else { return }
        pending += droppedNote(droppedLineCount, dropReason)
        droppedLineCount = 0
        dropReason = nil
    }

    /// Hands the backlog to the writer.
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

    /// Records a successful write; returns whether ``isHoldingUp`` became false.
    mutating func wrote(byteCount: Int) -> Bool {
        let wasHoldingUp = isHoldingUp
        failure = nil
        unwrittenLineCount = 0
        lastTryCount = 0
        writingByteCount -= byteCount
        return wasHoldingUp && !isHoldingUp
    }

    /// Records a failed write: the rest waits for a retry, or is given up after a final error.
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
    /// Whether no later write to the descriptor can succeed: the reader is gone, or it is not open
    /// for writing.
    ///
    /// A full disk may get room again.
    var isFinalForWriting: Bool { number == EPIPE || number == EBADF }
}

/// The text note in place of dropped lines.
@Sendable func droppedLinesNote(_ count: Int, _ reason: SystemError?) -> [UInt8] {
    let why = reason.map { "they could not be written: \($0)" } ?? "the reader did not keep up"
    var note: [UInt8] = []
    note.appendLine("sender: \(counted(count, "line")) dropped here, \(why)")
    return note
}
