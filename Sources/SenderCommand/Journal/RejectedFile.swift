// The file of messages that were rejected or given up.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Appends whole lines, and keeps those that can't be written until they can.
///
/// A line is written before anything else is told of its message: from then on it outlives this
/// process. A regular file makes nobody wait for a reader.
///
/// Isolation: the container's loop.
final class RejectedFile {
    /// Why a line could not be written when its time had come; nil as long as all could.
    private(set) var failure: SystemError?
    /// Called once, with a sentence, when there is a failure.
    var onFailure: ((String) -> Void)?

    private static let newline = UInt8(ascii: "\n")

    private let path: String
    let file: OpenFile
    private var isNameFlushed = false
    private var hasFlushFailed = false
    /// The file's writer died in the middle of a line, which must not spoil ours.
    private var isTorn: Bool
    private var waiting: ArraySlice<UInt8> = []
    /// How many bytes were appended, those among them that wait.
    private(set) var appendedEnd: UInt64 = 0
    private var flushedEnd: UInt64 = 0
    private var flusher: Flusher?

    /// Opens the file, or makes one that only its owner may read.
    init(_ path: String) throws(UsageError) {
        self.path = path
        let type: mode_t
        do throws(SystemError) {
            // Non-blocking, not to wait for the other end of a named pipe.
            file = try OpenFile(path, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK, mode: 0o600)
            let status = try file.status
            type = status.st_mode & S_IFMT
            let size = type == S_IFREG ? UInt64(status.st_size) : 0
            let end = size == 0 ? [] : try file.read(at: size - 1, byteCount: 1)
            isTorn = ![[], [Self.newline]].contains(end)
        } catch {
            throw UsageError(
                "--rejected-file \(quoted(path)) can't be opened for appending: \(error)")
        }
        guard type == S_IFREG else {
            throw UsageError(
                "--rejected-file \(quoted(path)) is not a regular file: name another one")
        }
    }

    var identity: FileIdentity? { file.identity }

    /// Writes a line, or keeps it for the next attempt.
    func append(_ line: [UInt8]) {
        let count = waiting.count
        if isTorn { waiting.append(Self.newline) }
        isTorn = false
        waiting += line
        appendedEnd += UInt64(waiting.count - count)
        writeOut()
    }

    /// Tries to write what waits.
    func writeOut() {
        guard !waiting.isEmpty else { return }
        // Of a file that is appended to it is of no importance.
        var offset: UInt64 = 0
        do throws(SystemError) {
            try file.write(&waiting, at: &offset)
        } catch {
            fail(error)
        }
    }

    /// Has the lines flushed beside the loop from now on; `wake` is called, on another thread, when
    /// some are on the disk.
    func beginFlushing(
        wake: @escaping @Sendable () -> Void,
        flush: @escaping Flusher.Flush = { file throws(SystemError) in try file.flushData() }
    ) throws(SystemError) {
        try OpenFile.flushDirectory(of: path)
        isNameFlushed = true
        let flusher = try Flusher(flush: flush)
        flusher.onProgress(wake)
        self.flusher = flusher
    }

    /// Waits for what is under way; from now on the caller flushes itself.
    func endFlushing() {
        flusher?.finish()
        flusher = nil
    }

    /// How many of the bytes that were appended are known to be on the disk; the others will be.
    ///
    /// After a failure no more, for good: the system may count as written what is not.
    func durableEnd() -> UInt64 {
        guard !hasFlushFailed else { return flushedEnd }
        do throws(SystemError) {
            let writtenEnd = appendedEnd - UInt64(waiting.count)
            if let flusher {
                flushedEnd = max(flushedEnd, try flusher.progress(of: file))
                if flushedEnd < writtenEnd {
                    flusher.want(file, through: writtenEnd, isUrgent: true)
                }
            } else if flushedEnd < writtenEnd {
                try file.flushData()
                if !isNameFlushed { try OpenFile.flushDirectory(of: path) }
                isNameFlushed = true
                flushedEnd = writtenEnd
            }
        } catch {
            hasFlushFailed = true
            fail(error)
        }
        return flushedEnd
    }

    /// Whether all lines were written, and no flush has failed.
    var isComplete: Bool { missing == nil && !hasFlushFailed }

    private func fail(_ error: SystemError) {
        guard failure == nil else { return }
        failure = error
        onFailure?(
            "the rejected file \(quoted(path)) can't be written: \(error); nothing new is taken")
    }

    /// What could not be written to the last, in a sentence; nil when nothing is missing.
    var missing: String? {
        // A newline at the beginning ends a line that stands in the file.
        let count = waiting.dropFirst().count { $0 == Self.newline }
        guard count > 0 else { return nil }
        return "\(counted(count, "line")) of messages that were rejected or given up "
            + "could not be written to \(quoted(path))"
    }
}
