// Brings files to the disk without holding the loop up.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Flushes and replaces a file on a thread of its own.
///
/// A slow disk holds up what waits for it, and nothing else: many writes go with one flush.
final class Flusher: Sendable {
    /// What is not urgent waits so long for company; a power cut can cost what was written in this time.
    static let interval: Duration = .milliseconds(200)

    /// Brings a file to the disk; a test may have a disk of its own.
    typealias Flush = @Sendable (OpenFile) throws(SystemError) -> Void

    /// A file that is to be put in the place of another.
    struct Replacement: Sendable {
        var path: String
        var contents: [UInt8]
        var mode: mode_t
    }

    /// What became of it.
    enum Replaced: Sendable {
        /// The old file has the name still.
        case failed
        /// A power cut may bring the old file back when the directory could not be flushed.
        case by(OpenFile, directory: SystemError?)
    }

    private struct State {
        var wanted: (file: OpenFile, end: UInt64)?
        /// Something waits for it.
        var isUrgent = false
        /// Identifies the file, which may have been replaced meanwhile.
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

    /// Calls this, on the flusher's thread, when something is done that was waited for, or has failed.
    func onProgress(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.wake = body }
    }

    /// Why a flush failed, and how far it got.
    ///
    /// After a failed flush the system may count as written what is not: nothing counts then.
    func progress(of file: OpenFile) throws(SystemError) -> UInt64 {
        let (end, failure) = state.withLock { state in
            (state.flushed.flatMap { $0.file === file ? $0.end : nil }, state.failure)
        }
        if let failure { throw failure }
        return end ?? 0
    }

    /// Asks for a flush of what was written before this offset: at once if it is urgent, else with
    /// what is written in the next moments.
    func want(_ file: OpenFile, through end: UInt64, isUrgent: Bool = false) {
        let mustWake = state.withLock { state in
            let mustWake = state.wanted == nil || isUrgent && !state.isUrgent
            state.wanted = (file, end)
            state.isUrgent = state.isUrgent || isUrgent
            return mustWake
        }
        if mustWake { work.wake() }
    }

    /// Asks for another file in the place of one.
    func replace(_ replacement: Replacement) {
        state.withLock { $0.replacement = replacement }
        work.wake()
    }

    /// What became of the file that was asked for; nil while that is not known.
    func takeReplaced() -> Replaced? {
        state.withLock { state in
            defer { state.replaced = nil }
            return state.replaced
        }
    }

    /// Ends the thread; what is wanted still is the caller's to flush.
    func close() {
        state.withLock { $0.isClosed = true }
        work.wake()
    }

    /// As `close()`, and waits for the end.
    func finish() {
        close()
        ended.wait()
        // For whoever calls it again.
        ended.wake()
    }

    // MARK: On the thread

    private func serve() {
        while true {
            work.wait()
            let (mustWait, isClosed) = state.withLock { state in
                (state.wanted != nil && !state.isUrgent && state.replacement == nil, state.isClosed)
            }
            // What is written in the meantime goes with it, unless something rings that can't wait.
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
