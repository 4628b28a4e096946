// Tells the files of a run apart, whatever they are called.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Which file it is, of a regular one.
struct FileIdentity: Hashable, Sendable {
    private let device: dev_t
    private let number: ino_t

    /// nil: not a regular file, or none at all.
    init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        device = status.st_dev
        number = status.st_ino
    }
}

extension OpenFile {
    var identity: FileIdentity? { FileIdentity(descriptor: descriptor) }
}

/// Regular files of one run, none of which may be another one of them.
struct DistinctFiles {
    private var names: [FileIdentity: String] = [:]

    /// Adds one; nil needs no looking at.
    mutating func add(_ name: String, _ identity: FileIdentity?) throws(UsageError) {
        guard let identity else { return }
        if let other = names[identity] {
            throw UsageError("\(other) and \(name) are the same file: name two")
        }
        names[identity] = name
    }
}

/// Whether what is written to two descriptors comes to the same place.
func isSameDestination(_ one: Int32, _ other: Int32) -> Bool {
    var (mine, its) = (stat(), stat())
    guard fstat(one, &mine) == 0, fstat(other, &its) == 0 else { return false }
    return mine.st_dev == its.st_dev && mine.st_ino == its.st_ino
}
