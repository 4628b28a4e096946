// Brings the journal to the disk without holding the loop up.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Flushes on a thread of its own, a while after something was written and no more often.
final class JournalFlusher: Sendable {
    /// What a power cut can cost at most: finals of this time are forgotten.
    static let interval: Duration = .milliseconds(200)

    private struct State {
        var wanted: (file: OpenFile, end: UInt64)?
        /// Identifies the file, which may have been replaced meanwhile.
        var flushed: (file: OpenFile, end: UInt64)?
        var failure: SystemError?
        var isClosed = false
    }

    private let state = Mutex(State())
    private let work: Bell

    /// Starts the thread, which ends after `close()`.
    init() throws(SystemError) {
        work = try Bell()
        try startThread { [self] in flushUntilClosed() }
    }

    /// Why a flush failed, and how far it got; a mark may say so in the journal.
    ///
    /// After a failed flush the system may count as written what is not: nothing counts then.
    func progress(of file: OpenFile) throws(SystemError) -> UInt64 {
        let (end, failure) = state.withLock { state in
            (state.flushed.flatMap { $0.file === file ? $0.end : nil }, state.failure)
        }
        if let failure { throw failure }
        return end ?? 0
    }

    /// Asks for a flush of what was written before this offset.
    func want(_ file: OpenFile, through end: UInt64) {
        let mustRing = state.withLock { state in
            defer { state.wanted = (file, end) }
            return state.wanted == nil
        }
        if mustRing { work.ring() }
    }

    /// Ends the thread; what is wanted still is the caller's to flush.
    func close() {
        state.withLock { $0.isClosed = true }
        work.ring()
    }

    private func flushUntilClosed() {
        while true {
            work.wait()
            let isClosed = state.withLock { $0.isClosed }
            if isClosed { return }
            // What is written in the meantime goes with it.
            usleep(UInt32(Self.interval / .microseconds(1)))
            flush()
        }
    }

    private func flush() {
        let wanted = state.withLock { state in
            defer { state.wanted = nil }
            return state.isClosed ? nil : state.wanted
        }
        guard let wanted else { return }
        do throws(SystemError) {
            try wanted.file.flushData()
            state.withLock { $0.flushed = wanted }
        } catch {
            state.withLock { $0.failure = $0.failure ?? error }
        }
    }
}
