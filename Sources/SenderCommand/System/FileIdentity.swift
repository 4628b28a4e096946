// Identity of files, independent of their paths.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Identity of a regular file.
struct FileIdentity: Hashable, Sendable {
    private let device: dev_t
    private let number: ino_t

    /// nil for anything but a regular file.
    init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    /// nil for anything but an existing regular file.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    private init?(_ status: stat) {
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        device = status.st_dev
        number = status.st_ino
    }
}

extension OpenFile {
    var identity: FileIdentity? { FileIdentity(descriptor: descriptor) }
}

/// The regular files of a run: one that is written must differ from all others.
///
/// Terminals, pipes and devices may be shared.
struct DistinctFiles {
    private var files: [FileIdentity: (name: String, isWritten: Bool)] = [:]

    /// Adds a file; nil is ignored.
    mutating func add(
        _ name: String, _ identity: FileIdentity?, isWritten: Bool = true
    ) throws(UsageError) {
        guard let identity else { return }
        try check(name, identity, isWritten: isWritten)
        if files[identity] == nil { files[identity] = (name, isWritten) }
    }

    /// Checks a file before it is opened, since opening may change it.
    func check(
        _ name: String, _ identity: FileIdentity?, isWritten: Bool = true
    ) throws(UsageError) {
        guard let identity, let other = files[identity], isWritten || other.isWritten else {
            return
        }
        throw UsageError("\(other.name) and \(name) are the same file: name two")
    }

    /// Adds standard output and standard error.
    ///
    /// They may be the same file if neither overwrites the
    /// other, as after `> FILE 2>&1`.
    mutating func addStandardStreams() throws(UsageError) {
        let output = FileIdentity(descriptor: STDOUT_FILENO)
        let errors = FileIdentity(descriptor: STDERR_FILENO)
        try add("standard output", output)
        if output != errors || !canShareFile(STDOUT_FILENO, STDERR_FILENO) {
            try add("standard error", errors)
        }
    }
}

extension RunOptions {
    /// Standard output, standard error and the files that options have read.
    func distinctFiles() throws(UsageError) -> DistinctFiles {
        var files = DistinctFiles()
        try files.addStandardStreams()
        for file in security.files {
            try files.add(file.source, FileIdentity(path: file.path), isWritten: false)
        }
        return files
    }
}

// Linux's open file description locks (fcntl_locking(2)), which Glibc's module lacks.
private let getOpenFileLock: Int32 = 36
private let setOpenFileLock: Int32 = 37

/// Whether two descriptors of a regular file both append, or share their offset.
private func canShareFile(_ one: Int32, _ other: Int32) -> Bool {
    if [one, other].allSatisfy({ fcntl($0, F_GETFL) & O_APPEND != 0 }) { return true }
    // A lock belongs to the open file description. Placed behind any possible data, it conflicts
    // with no other lock.
    var lock = flock()
    lock.l_whence = Int16(SEEK_SET)
    lock.l_start = off_t.max - 1
    lock.l_len = 1
    lock.l_type = Int16(F_WRLCK)
    var probe = lock
    // Without locks it can't be determined.
    guard fcntl(one, setOpenFileLock, &lock) == 0 else { return true }
    defer {
        lock.l_type = Int16(F_UNLCK)
        _ = fcntl(one, setOpenFileLock, &lock)
    }
    return fcntl(other, getOpenFileLock, &probe) != 0 || probe.l_type == Int16(F_UNLCK)
}

/// Whether two descriptors write to the same file, pipe or terminal.
func isSameDestination(_ one: Int32, _ other: Int32) -> Bool {
    var (mine, its) = (stat(), stat())
    guard fstat(one, &mine) == 0, fstat(other, &its) == 0 else { return false }
    return mine.st_dev == its.st_dev && mine.st_ino == its.st_ino
}
