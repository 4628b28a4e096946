// The descriptor of standard input.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A descriptor that messages are read from.
struct StandardInput: Sendable {
    let descriptor: Int32
    /// Whether it can be read again at any offset; anything else can be read only once.
    let isRegularFile: Bool
    /// Identity of the pipe or socket; nil for other files.
    let pipe: PipeIdentity?

    /// Checks the descriptor.
    init(descriptor: Int32 = STDIN_FILENO) throws(UsageError) {
        self.descriptor = descriptor
        var status = stat()
        let flags = fcntl(descriptor, F_GETFL)
        guard flags >= 0, fstat(descriptor, &status) == 0, flags & O_ACCMODE != O_WRONLY else {
            throw UsageError(
                "standard input is closed or can only be written: redirect it, as in "
                    + "sender ... < FILE")
        }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw UsageError(
                "standard input is a directory: redirect it, as in sender ... < FILE")
        }
        isRegularFile = status.st_mode & S_IFMT == S_IFREG
        pipe =
            [S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT)
            ? PipeIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)) : nil
    }

    /// Whether standard input is a pipe with data, for a warning when it is not read.
    static var isPipeWithBytes: Bool {
        var status = stat()
        guard fstat(STDIN_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else {
            return false
        }
        var entry = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0 && entry.revents & Int16(POLLIN) != 0
    }

    /// The descriptor's offset; 0 where it has none.
    var offset: UInt64 {
        UInt64(max(0, lseek(descriptor, 0, SEEK_CUR)))
    }

    /// Moves the offset of a regular file, which others may share.
    func leave(at offset: UInt64) {
        guard isRegularFile else { return }
        lseek(descriptor, off_t(clamping: offset), SEEK_SET)
    }

    /// Size of a regular file.
    var size: UInt64 {
        get throws(SystemError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw SystemError(number: errno) }
            return UInt64(max(0, status.st_size))
        }
    }

    /// Reads what is available, up to the buffer's size; 0 at the end.
    ///
    /// A regular file is read at `offset`; the shared offset does not move.
    ///
    /// - Returns: nil when a non-blocking descriptor has no data.
    func read(_ buffer: inout [UInt8], at offset: UInt64) throws(SystemError) -> Int? {
        while true {
            let count = buffer.withUnsafeMutableBytes { bytes in
                isRegularFile
                    ? pread(descriptor, bytes.baseAddress, bytes.count, off_t(clamping: offset))
                    : Glibc.read(descriptor, bytes.baseAddress, bytes.count)
            }
            if count >= 0 { return count }
            switch errno {
            case EINTR: continue
            // Another process that shares the descriptor may have made it non-blocking.
            case EAGAIN: return nil
            default: throw SystemError(number: errno)
            }
        }
    }

    /// Reads `count` bytes of a regular file, or fewer at its end.
    func bytes(at offset: UInt64, count: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: min(count, 64 * 1024))
        while bytes.count < count {
            guard let read = try read(&buffer, at: offset + UInt64(bytes.count)), read > 0 else {
                break
            }
            bytes += buffer.prefix(min(read, count - bytes.count))
        }
        return bytes
    }
}
