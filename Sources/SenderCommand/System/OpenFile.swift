// Opening, locking, writing and replacing files.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A file descriptor, closed by deinit on any thread.
final class OpenFile: Sendable {
    let descriptor: Int32
    private let isLocked = Atomic(false)

    /// Opens a path with O_CLOEXEC and O_NOCTTY.
    init(_ path: String, _ flags: Int32, mode: mode_t = 0) throws(SystemError) {
        descriptor = try retrying { open(path, flags | O_CLOEXEC | O_NOCTTY, mode) }
    }

    deinit {
        // A child process between clone and exec still holds the descriptor, and with it the lock.
        if isLocked.load(ordering: .relaxed) { unlock() }
        close(descriptor)
    }

    var status: stat {
        get throws(SystemError) {
            var status = stat()
            _ = try retrying { fstat(descriptor, &status) }
            return status
        }
    }

    var permissions: mode_t {
        get throws(SystemError) { try status.st_mode & 0o777 }
    }

    /// Locks the file; false when another process holds the lock.
    ///
    /// The kernel releases the lock when the process ends.
    func lock() throws(SystemError) -> Bool {
        do {
            _ = try retrying { flock(descriptor, LOCK_EX | LOCK_NB) }
            isLocked.store(true, ordering: .relaxed)
            return true
        } catch {
            if error.number == EWOULDBLOCK { return false }
            throw error
        }
    }

    func unlock() {
        _ = flock(descriptor, LOCK_UN)
    }

    func read(at offset: UInt64, byteCount: Int) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        var done = 0
        while done < byteCount {
            let count = try retrying {
                bytes[done...].withUnsafeMutableBytes { rest in
                    pread(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(done))
                }
            }
            // Another process truncated it despite our lock.
            guard count > 0 else { throw SystemError(number: EIO) }
            done += count
        }
        return bytes
    }

    /// Writes at an offset; removes what was written from `bytes`, also on failure.
    func write(_ bytes: inout ArraySlice<UInt8>, at offset: inout UInt64) throws(SystemError) {
        while !bytes.isEmpty {
            let count = try retrying {
                bytes.withUnsafeBytes { rest in
                    pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset))
                }
            }
            bytes = bytes.dropFirst(count)
            offset += UInt64(count)
        }
    }

    func cut(at size: UInt64) throws(SystemError) {
        _ = try retrying { ftruncate(descriptor, off_t(size)) }
        try flushData()
    }

    /// Flushes contents and size to the disk.
    func flushData() throws(SystemError) {
        _ = try retrying { fdatasync(descriptor) }
    }

    func flushAll() throws(SystemError) {
        _ = try retrying { fsync(descriptor) }
    }
}

extension OpenFile {
    /// Replaces the file at `path`, which must not be a symbolic link, atomically, and returns the new one.
    ///
    /// After a power cut, one of the two is there, complete; certainly the new one after
    /// `flushDirectory`. `isLocked`: the new file is locked, as the old one must be.
    static func replace(
        _ path: String, with contents: [UInt8], mode: mode_t, isLocked: Bool = true,
        flush: (OpenFile) throws(SystemError) -> Void = { file throws(SystemError) in
            try file.flushAll()
        }
    ) throws(SystemError) -> OpenFile {
        // O_EXCL with a random name: an existing file may be another user's.
        let newPath = replacementPrefix(path) + String(UInt64.random(in: 0 ... .max), radix: 16)
        let file = try OpenFile(newPath, O_RDWR | O_CREAT | O_EXCL, mode: mode)
        do throws(SystemError) {
            if isLocked, try !file.lock() { throw SystemError(number: EWOULDBLOCK) }
            var rest = contents[...]
            var offset: UInt64 = 0
            try file.write(&rest, at: &offset)
            try flush(file)
            _ = try retrying { rename(newPath, path) }
        } catch {
            unlink(newPath)
            throw error
        }
        return file
    }

    /// Prefix of the names of temporary files; a number follows.
    static func replacementPrefix(_ path: String) -> String { path + ".rewrite-" }

    /// Flushes the directory, and so the rename.
    static func flushDirectory(of path: String) throws(SystemError) {
        let name = path.lastIndex(of: "/").map { path[...$0] } ?? "."
        try OpenFile(String(name), O_RDONLY | O_DIRECTORY).flushAll()
    }
}

/// Repeats a call interrupted by signals; throws errno for -1.
func retrying<Result: FixedWidthInteger>(_ call: () -> Result) throws(SystemError) -> Result {
    while true {
        let result = call()
        if result >= 0 { return result }
        let number = errno
        if number != EINTR { throw SystemError(number: number) }
    }
}
