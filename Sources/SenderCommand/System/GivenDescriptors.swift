// Paths that name descriptors, such as /dev/fd/3.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The number of the descriptor that a path names, through any links; nil for other paths.
func descriptorNumber(of path: String) -> Int32? {
    guard let own = realPath("/proc/self/fd") else { return nil }
    let tasks = own.dropLast(2) + "task/"
    var path = path
    // The kernel's limit of links.
    for _ in 0..<40 {
        let nameStart =
            path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path.utf8.index(after: $0) }
            ?? path.startIndex
        let folder = nameStart == path.startIndex ? "./" : String(path[..<nameStart])
        guard let real = realPath(folder) else { return nil }
        if real == own || real.hasPrefix(tasks) && real.hasSuffix("/fd") {
            return Int32(path[nameStart...])
        }
        guard let target = target(ofLink: path) else { return nil }
        path = target.hasPrefix("/") ? target : folder + target
    }
    return nil
}

/// A path without links and dots; nil with errno for one that does not exist.
func realPath(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
}

/// The path of an open file; nil if it has none.
func openPath(of descriptor: Int32) -> String? {
    target(ofLink: "/proc/self/fd/\(descriptor)")
}

private func target(ofLink path: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
        guard let start = buffer.baseAddress else { return nil }
        let count = readlink(path, start, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
    }
}

extension NamedFile {
    /// Checks that the path names no descriptor that was closed at the start: a file of ours may get
    /// its number.
    func checkDescriptor(_ environment: Environment) throws(UsageError) {
        guard let number = environment.missingDescriptor(path) else { return }
        throw UsageError(
            "\(words) can't be used: no file is open as \(number); open one, as in "
                + "\(number)<> FILE, or name another")
    }
}

extension CommandOptions {
    /// All files that the run opens by name.
    var files: [NamedFile] {
        let own = [
            ("--content-file", contentFile), ("--journal", journal),
            ("--rejected-file", rejectedFile), ("--events", reporting.events),
            ("--metrics-file", reporting.metricsFile),
        ]
        return own.compactMap { option, path in path.map { NamedFile($0, from: option) } }
            + security.files
    }
}
