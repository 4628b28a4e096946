// Writes lines to a descriptor on a thread of its own.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinkRecovery
import Synchronization

/// Takes lines without ever blocking, and writes them in order.
///
/// A reader that stalls blocks only the writer's thread. What waits for it is bounded: lines
/// beyond that are dropped, and one line in their place says how many. A write that fails, as on a
/// full disk, is tried again. When the reader is gone, what comes is dropped without a word.
final class OutputWriter: Sendable {
    /// A write blocks until all of it is taken: with small ones, ``isHoldingUp`` is up to date.
    private static let writeByteCountMax = 16 * 1024
    /// Between two tries to write what could not be written.
    private static let retryWait: Int32 = 100

    /// Writes some of the bytes; the count, or -1 with errno.
    typealias SystemWrite = @Sendable (Int32, UnsafeRawBufferPointer) -> Int

    private let descriptor: Int32
    private let systemWrite: SystemWrite
    private let lines: Mutex<LineBacklog>
    private let newLines: WakePipe
    private let finished: WakePipe
    private let hasRoom = Mutex<(@Sendable () -> Void)?>(nil)

    /// Starts the thread; the descriptor stays the caller's, and SIGPIPE must be ignored.
    ///
    /// `droppedNote` makes the line in place of those that had to be dropped.
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

    /// Whether more than half of what may wait is waiting.
    var isHoldingUp: Bool {
        lines.withLock { $0.isHoldingUp }
    }

    /// Whether all that was taken is written.
    var isIdle: Bool {
        lines.withLock { $0.isIdle }
    }

    /// Why nothing can be written at the moment, or any more; nil while it goes on.
    var failure: SystemError? {
        lines.withLock { $0.failure }
    }

    /// Calls this, on the writer's thread, whenever ``isHoldingUp`` has fallen.
    func onRoom(_ body: @escaping @Sendable () -> Void) {
        hasRoom.withLock { $0 = body }
    }

    /// Takes whole lines over and leaves an empty buffer.
    ///
    /// - Blocks: no.
    func submit(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let mustWake = lines.withLock { $0.append(&bytes) }
        bytes.removeAll(keepingCapacity: true)
        if mustWake { newLines.wake() }
    }

    /// Takes nothing more, waits for what was taken, and says whether all of it was dealt with:
    /// written, or given up as a ``missingSentence(of:isAllWritten:)`` says.
    func finish(within limit: Milliseconds) -> Bool {
        lines.withLock { $0.isClosed = true }
        newLines.wake()
        return finished.wait(atMost: Int32(clamping: max(0, limit)))
    }

    /// Once it is finished: why lines are missing; nil when none is missed.
    ///
    /// `name` is what was written, as in "standard output".
    func missingSentence(of name: String, isAllWritten: Bool) -> String? {
        let (failure, count) = lines.withLock { ($0.failure, $0.missingLineCount) }
        if let failure {
            // A reader that has left misses nothing.
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

    /// Waits for lines; false when there are none and none will come.
    private func take(_ chunk: inout [UInt8]) -> Bool {
        while true {
            switch lines.withLock({ $0.take(&chunk) }) {
            case .taken: return true
            case .closed: return false
            case .mustWait: newLines.wait()
            }
        }
    }

    /// Writes all of it, however often that has to be tried; false when it was given up and no more
    /// will come.
    private func write(_ chunk: [UInt8]) -> Bool {
        var rest = chunk[...]
        while !rest.isEmpty {
            switch writeOnce(rest.prefix(Self.writeByteCountMax)) {
            case .success(let count):
                rest = rest.dropFirst(count)
                if lines.withLock({ $0.wrote(byteCount: count) }) { tellRoom() }
            case .failure(let error):
                let result = lines.withLock { $0.fail(error, unwritten: rest) }
                if result.hasFallen { tellRoom() }
                guard result.mayTryAgain else { return error.isFinalForWriting }
                // The end of the run is worth a try at once.
                _ = newLines.wait(atMost: Self.retryWait)
            }
        }
        return true
    }

    private func tellRoom() {
        hasRoom.withLock { $0 }?()
    }

    /// Writes some of it, however long that takes.
    private func writeOnce(_ bytes: ArraySlice<UInt8>) -> Result<Int, SystemError> {
        while true {
            let count = bytes.withUnsafeBytes { systemWrite(descriptor, $0) }
            if count >= 0 { return .success(count) }
            switch errno {
            case EINTR: continue
            // Whoever shares the descriptor may have made it non-blocking.
            case EAGAIN: waitForDescriptor(descriptor, POLLOUT, atMost: -1)
            default: return .failure(SystemError(number: errno))
            }
        }
    }
}
