// The writer of a descriptor, on a thread of its own.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender
import Synchronization

/// Accepts lines without blocking, and writes them in order.
///
/// A stalled reader blocks only the writer's thread. The backlog is bounded: further lines are
/// dropped, and a note in their place counts them. A failed write, as on a full disk, is retried.
/// After the reader has gone, lines are dropped silently.
final class OutputWriter: Sendable {
    /// Maximum size of a write: small ones keep ``isHoldingUp`` up to date.
    private static let writeByteCountMax = 16 * 1024
    /// Delay between retries of a failed write, in milliseconds.
    private static let retryWait: Int32 = 100

    /// write(2): returns the number of bytes written, or -1 with errno.
    typealias SystemWrite = @Sendable (Int32, UnsafeRawBufferPointer) -> Int

    private let descriptor: Int32
    private let systemWrite: SystemWrite
    private let lines: Mutex<LineBacklog>
    private let newLines: WakePipe
    private let finished: WakePipe
    private let hasRoom = Mutex<(@Sendable () -> Void)?>(nil)

    /// Starts the thread.
    ///
    /// The caller keeps the descriptor; SIGPIPE must be ignored.
    ///
    /// `droppedNote` makes the line in place of dropped ones.
    init(
        descriptor: Int32, droppedNote: @escaping LineBacklog.DroppedNote = droppedLinesNote,
        systemWrite: @escaping SystemWrite = { Glibc.write($0, $1.baseAddress, $1.count) }
    ) throws(SystemError) {
        self.descriptor = descriptor
        self.systemWrite = systemWrite
        lines = Mutex(LineBacklog(droppedNote: droppedNote))
        newLines = try WakePipe()
        finished = try WakePipe()
        try startThread { [self] in writeUntilClosed() }
    }

    /// Whether the backlog is more than half full.
    var isHoldingUp: Bool {
        lines.withLock { $0.isHoldingUp }
    }

    /// Whether everything accepted is written.
    var isIdle: Bool {
        lines.withLock { $0.isIdle }
    }

    /// The current write error; nil while writing works.
    var failure: SystemError? {
        lines.withLock { $0.failure }
    }

    /// Sets the callback, on the writer's thread, for ``isHoldingUp`` becoming false.
    func onRoom(_ body: @escaping @Sendable () -> Void) {
        hasRoom.withLock { $0 = body }
    }

    /// Takes whole lines and leaves an empty buffer.
    ///
    /// - Blocks: no.
    func submit(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let mustWake = lines.withLock { $0.append(&bytes) }
        bytes.removeAll(keepingCapacity: true)
        if mustWake { newLines.wake() }
    }

    /// Closes the writer and waits for its lines; returns whether all were written, or given up as
    /// ``missingSentence(of:isAllWritten:)`` says.
    func finish(within limit: Milliseconds) -> Bool {
        lines.withLock { $0.isClosed = true }
        newLines.wake()
        return finished.wait(atMost: Int32(clamping: max(0, limit)))
    }

    /// After the end: a sentence about missing lines; nil for none.
    ///
    /// `name` is the destination, such as "standard output".
    func missingSentence(of name: String, isAllWritten: Bool) -> String? {
        let (failure, count) = lines.withLock { ($0.failure, $0.missingLineCount) }
        if let failure {
            // Nothing is missing for a reader that has left.
            guard failure.number != EPIPE, count > 0 else { return nil }
            return "\(name) could not be written: \(failure); "
                + "\(counted(count, "line")) \(count == 1 ? "is" : "are") missing"
        }
        return isAllWritten
            ? nil : "not all lines of \(name) were written: the reader did not keep up"
    }

    private func writeUntilClosed() {
        var chunk: [UInt8] = []
        while take(&chunk), write(chunk) {}
        finished.wake()
    }

    /// Waits for lines; false once the backlog is empty and closed.
    private func take(_ chunk: inout [UInt8]) -> Bool {
        while true {
            switch lines.withLock({ $0.take(&chunk) }) {
            case .taken: return true
            case .closed: return false
            case .mustWait: newLines.wait()
            }
        }
    }

    /// Writes a whole chunk, with retries; false when it was given up at the end.
    private func write(_ chunk: [UInt8]) -> Bool {
        var rest = chunk[...]
        while !rest.isEmpty {
            switch writeOnce(rest.prefix(Self.writeByteCountMax)) {
            case .success(let count):
                rest = rest.dropFirst(count)
                if lines.withLock({ $0.wrote(byteCount: count) }) { notifyRoom() }
            case .failure(let error):
                let result = lines.withLock { $0.fail(error, unwritten: rest) }
                if result.hasFallen { notifyRoom() }
                guard result.mayTryAgain else { return error.isFinalForWriting }
                // The end of the run wakes this wait for a last attempt.
                _ = newLines.wait(atMost: Self.retryWait)
            }
        }
        return true
    }

    private func notifyRoom() {
        hasRoom.withLock { $0 }?()
    }

    /// Writes some bytes; blocks.
    private func writeOnce(_ bytes: ArraySlice<UInt8>) -> Result<Int, SystemError> {
        while true {
            let count = bytes.withUnsafeBytes { systemWrite(descriptor, $0) }
            if count >= 0 { return .success(count) }
            switch errno {
            case EINTR: continue
            // Another process that shares the descriptor may have made it non-blocking.
            case EAGAIN: waitForDescriptor(descriptor, POLLOUT, atMost: -1)
            default: return .failure(SystemError(number: errno))
            }
        }
    }
}
