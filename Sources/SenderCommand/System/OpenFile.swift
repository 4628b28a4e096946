// A file of the system: opening, locking, writing and replacing it.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A descriptor that is closed with its last owner, whichever thread that is on.
final class OpenFile: Sendable {
    let descriptor: Int32

    /// Opens a path; never inherited by a child, never a terminal of ours.
    init(_ path: String, _ flags: Int32, mode: mode_t = 0) throws(SystemError) {
        descriptor = try retrying { open(path, flags | O_CLOEXEC | O_NOCTTY, mode) }
    }

    deinit {
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

    /// Locks the file for this process; false when another one holds it.
    ///
    /// The kernel lets go when the process ends, however that comes about.
    func lock() throws(SystemError) -> Bool {
        do {
            _ = try retrying { flock(descriptor, LOCK_EX | LOCK_NB) }
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
            // Somebody has cut it off, our lock notwithstanding.
            guard count > 0 else { throw SystemError(number: EIO) }
            done += count
        }
        return bytes
    }

    /// Writes at a place, and takes what was written away from `bytes`, also when it fails.
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

    /// Brings the contents to the disk, and what is needed to find them again.
    func flushData() throws(SystemError) {
        _ = try retrying { fdatasync(descriptor) }
    }

    func flushAll() throws(SystemError) {
        _ = try retrying { fsync(descriptor) }
    }
}

extension OpenFile {
    /// Puts a file with these contents in the place of `path`, and returns it, locked.
    ///
    /// Whenever the machine stops, there is the one or the other, and whole; the new one for sure
    /// after `flushDirectory`. `path` must be locked by us, and no symbolic link.
    static func replace(
        _ path: String, with contents: [UInt8], mode: mode_t,
        flush: (OpenFile) throws(SystemError) -> Void = { file throws(SystemError) in
            try file.flushAll()
        }
    ) throws(SystemError) -> OpenFile {
        // A name that nobody has: what is there already may be somebody's.
        let newPath = replacementPrefix(path) + String(UInt64.random(in: 0 ... .max), radix: 16)
        let file = try OpenFile(newPath, O_RDWR | O_CREAT | O_EXCL, mode: mode)
        do throws(SystemError) {
            guard try file.lock() else { throw SystemError(number: EWOULDBLOCK) }
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

    /// With what the names of files begin that are to take another one's place; a number follows.
    static func replacementPrefix(_ path: String) -> String { path + ".rewrite-" }

    /// Brings to the disk which file has the name.
    static func flushDirectory(of path: String) throws(SystemError) {
        let name = path.lastIndex(of: "/").map { path[...$0] } ?? "."
        try OpenFile(String(name), O_RDONLY | O_DIRECTORY).flushAll()
    }
}

/// Calls until no signal interrupts it; throws the system's error number for -1.
func retrying<Result: FixedWidthInteger>(_ call: () -> Result) throws(SystemError) -> Result {
    while true {
        let result = call()
        if result >= 0 { return result }
        let number = errno
        if number != EINTR { throw SystemError(number: number) }
    }
}
