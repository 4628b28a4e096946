// Writes lines to a descriptor on a thread of its own.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinkRecovery
import Synchronization

/// Takes lines without ever blocking, and writes them in order.
///
/// A reader that stalls blocks only the writer's thread. What waits for it is bounded: lines
/// beyond that are dropped, and one line in their place says how many. When the reader is gone,
/// what comes is dropped without a word.
final class OutputWriter: Sendable {
    /// A write blocks until all of it is taken: with small ones, ``isHoldingUp`` is up to date.
    private static let writeByteCountMax = 16 * 1024

    private let descriptor: Int32
    private let lines: Mutex<WaitingLines>
    private let newLines: Bell
    private let finished: Bell
    private let hasRoom = Mutex<(@Sendable () -> Void)?>(nil)

    /// Starts the thread; the descriptor stays the caller's, and SIGPIPE must be ignored.
    ///
    /// `droppedNote` makes the line in place of those that had to be dropped.
    init(
        descriptor: Int32,
        droppedNote: @escaping @Sendable (Int) -> [UInt8] = droppedLinesNote
    ) throws(SystemError) {
        self.descriptor = descriptor
        lines = Mutex(WaitingLines(droppedNote: droppedNote))
        newLines = try Bell()
        finished = try Bell()
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

    /// The error that ended the writing; nil as long as it goes on.
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
        if mustWake { newLines.ring() }
    }

    /// Takes nothing more, waits for what was taken, and says whether all of it was dealt with.
    func finish(within limit: Milliseconds) -> Bool {
        lines.withLock { $0.isClosed = true }
        newLines.ring()
        return finished.wait(atMost: Int32(clamping: max(0, limit)))
    }

    /// Of standard output, once it is finished: why lines are missing; nil when none is missed.
    func missingSentence(isAllWritten: Bool) -> String? {
        guard isAllWritten else {
            return "not all lines were written: the reader did not keep up"
        }
        // A reader that has left misses nothing.
        guard let failure, failure.number != EPIPE else { return nil }
        return "standard output could not be written: \(failure)"
    }

    private func writeUntilClosed() {
        var chunk: [UInt8] = []
        while take(&chunk) { write(chunk) }
        finished.ring()
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

    private func write(_ chunk: [UInt8]) {
        var rest = chunk[...]
        while !rest.isEmpty {
            let result = writeOnce(rest.prefix(Self.writeByteCountMax))
            let hasFallen: Bool
            switch result {
            case .success(let count):
                rest = rest.dropFirst(count)
                hasFallen = lines.withLock { $0.wrote(byteCount: count) }
            case .failure(let error):
                rest = []
                hasFallen = lines.withLock { $0.fail(error) }
            }
            if hasFallen { hasRoom.withLock { $0 }?() }
        }
    }

    /// Writes some of it, however long that takes.
    private func writeOnce(_ bytes: ArraySlice<UInt8>) -> Result<Int, SystemError> {
        while true {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
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
