// Flushes files on a thread of its own.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Flushes and replaces files on a thread of its own.
///
/// A slow disk delays only what depends on it, and one flush serves many writes.
final class Flusher: Sendable {
    /// Delay of non-urgent flushes; a power cut can lose writes of this time.
    static let interval: Duration = .milliseconds(200)

    /// Flushes a file; tests substitute a disk.
    typealias Flush = @Sendable (OpenFile) throws(SystemError) -> Void

    /// New contents for a file.
    struct Replacement: Sendable {
        var path: String
        var contents: [UInt8]
        var mode: mode_t
    }

    /// The result of a replacement.
    enum Replaced: Sendable {
        /// The old file is unchanged.
        case failed
        /// If flushing the directory failed, a power cut may restore the old file.
        case by(OpenFile, directory: SystemError?)
    }

    private struct State {
        var wanted: (file: OpenFile, end: UInt64)?
        /// Something waits for the flush.
        var isUrgent = false
        /// With the file, which may have been replaced meanwhile.
        var flushed: (file: OpenFile, end: UInt64)?
        var failure: SystemError?
        var replacement: Replacement?
        var replaced: Replaced?
        var isClosed = false
        var wake: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())
    private let work: WakePipe
    private let ended: WakePipe
    private let flush: Flush

    /// Starts the thread, which ends after `close()`.
    init(flush: @escaping Flush) throws(SystemError) {
        self.flush = flush
        work = try WakePipe()
        ended = try WakePipe()
        try startThread { [self] in serve() }
    }

    // MARK: For the loop

    /// Sets the callback, on the flusher's thread, for urgent work done or failed.
    func onProgress(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.wake = body }
    }

    /// The flushed size of a file.
    ///
    /// - Throws: After a failed flush, for good: the system may count lost data as written.
    func progress(of file: OpenFile) throws(SystemError) -> UInt64 {
        let (end, failure) = state.withLock { state in
            (state.flushed.flatMap { $0.file === file ? $0.end : nil }, state.failure)
        }
        if let failure { throw failure }
        return end ?? 0
    }

    /// Requests a flush up to this offset: at once if urgent, else together with later writes.
    func want(_ file: OpenFile, through end: UInt64, isUrgent: Bool = false) {
        let mustWake = state.withLock { state in
            let mustWake = state.wanted == nil || isUrgent && !state.isUrgent
            state.wanted = (file, end)
            state.isUrgent = state.isUrgent || isUrgent
            return mustWake
        }
        if mustWake { work.wake() }
    }

    /// Requests a replacement.
    func replace(_ replacement: Replacement) {
        state.withLock { $0.replacement = replacement }
        work.wake()
    }

    /// The result of the requested replacement; nil while it is pending.
    func takeReplaced() -> Replaced? {
        state.withLock { state in
            defer { state.replaced = nil }
            return state.replaced
        }
    }

    /// Ends the thread; pending flushes are left to the caller.
    func close() {
        state.withLock { $0.isClosed = true }
        work.wake()
    }

    /// Ends the thread and waits for it.
    func finish() {
        close()
        ended.wait()
        // A second call must return as well.
        ended.wake()
    }

    // MARK: On the thread

    private func serve() {
        while true {
            work.wait()
            let (mustWait, isClosed) = state.withLock { state in
                (state.wanted != nil && !state.isUrgent && state.replacement == nil, state.isClosed)
            }
            // Later writes join this flush, unless an urgent request comes.
            if mustWait, !isClosed {
                _ = work.wait(atMost: Int32(Self.interval / .milliseconds(1)))
            }
            flushWanted()
            replaceWanted()
            guard state.withLock({ $0.isClosed }) else { continue }
            state.withLock { state in
                if state.replacement != nil { state.replaced = .failed }
                state.replacement = nil
            }
            ended.wake()
            return
        }
    }

    private func flushWanted() {
        let (wanted, isUrgent) = state.withLock { state in
            defer { (state.wanted, state.isUrgent) = (nil, false) }
            return (state.isClosed ? nil : state.wanted, state.isUrgent)
        }
        guard let wanted else { return }
        do throws(SystemError) {
            try flush(wanted.file)
            state.withLock { $0.flushed = wanted }
            if isUrgent { wake() }
        } catch {
            state.withLock { $0.failure = $0.failure ?? error }
            wake()
        }
    }

    private func replaceWanted() {
        let replacement = state.withLock { state in
            guard !state.isClosed else { return nil as Replacement? }
            defer { state.replacement = nil }
            return state.replacement
        }
        guard let replacement else { return }
        let replaced: Replaced
        do throws(SystemError) {
            let file = try OpenFile.replace(
                replacement.path, with: replacement.contents, mode: replacement.mode, flush: flush)
            replaced = .by(file, directory: Self.directoryFailure(replacement.path))
        } catch {
            replaced = .failed
        }
        state.withLock { $0.replaced = replaced }
        wake()
    }

    private static func directoryFailure(_ path: String) -> SystemError? {
        do throws(SystemError) {
            try OpenFile.flushDirectory(of: path)
            return nil
        } catch {
            return error
        }
    }

    private func wake() {
        state.withLock { $0.wake }?()
    }
}
