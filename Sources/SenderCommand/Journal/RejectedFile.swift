// The file of messages that were rejected or given up.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Appends whole lines, and retries lines that can't be written.
///
/// A line is written before its outcome is reported anywhere else: from then on it survives the
/// process. Only regular files are allowed: writing never waits for a reader.
///
/// - Isolation: the container's loop.
final class RejectedFile {
    /// The first error of a write or flush.
    private(set) var failure: SystemError?
    /// Called once, with a sentence, on the first failure.
    var onFailure: ((String) -> Void)?

    private static let newline = UInt8(ascii: "\n")

    private let path: String
    let file: OpenFile
    private var isNameFlushed = false
    private var hasFlushFailed = false
    /// The file ends in a partial line, which must not run into ours.
    private var isTorn: Bool
    private var waiting: ArraySlice<UInt8> = []
    /// Bytes appended, including those that wait.
    private(set) var appendedEnd: UInt64 = 0
    private var flushedEnd: UInt64 = 0
    private var flusher: Flusher?

    /// Opens the file, or creates it readable by its owner only.
    init(_ path: String) throws(UsageError) {
        self.path = path
        let type: mode_t
        do throws(SystemError) {
            // Non-blocking: open would wait for the other end of a named pipe.
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

    /// Tries to write the waiting lines.
    func writeOut() {
        guard !waiting.isEmpty else { return }
        // Ignored for a file that is appended to.
        var offset: UInt64 = 0
        do throws(SystemError) {
            try file.write(&waiting, at: &offset)
        } catch {
            fail(error)
        }
    }

    /// Flushes on another thread from now on; that calls `wake` when lines are on the disk.
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

    /// Ends the flushing thread; from now on flushes are synchronous.
    func endFlushing() {
        flusher?.finish()
        flusher = nil
    }

    /// The number of appended bytes known to be on the disk; requests a flush of the others.
    ///
    /// Stays constant after a failed flush: the system may count lost data as written.
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

    /// A sentence about lines that were never written; nil for none.
    var missing: String? {
        // A newline at the beginning ends the file's partial line.
        let count = waiting.dropFirst().count { $0 == Self.newline }
        guard count > 0 else { return nil }
        return "\(counted(count, "line")) of messages that were rejected or given up "
            + "could not be written to \(quoted(path))"
    }
}
