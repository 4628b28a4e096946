// Files that lines of JSON name as bodies.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Reads the files of "body_file".
///
/// Whoever writes the input must not get any file of this machine sent: a file outside of the input's
/// folder is refused, whatever leads there, unless it is allowed.
struct BodyFiles: Sendable {
    /// Path, without links, of the folder of the input; nil: it is not known.
    private let folder: String?
    private let isAnyAllowed: Bool

    /// Paths are relative to this folder.
    init(folder: String?, isAnyAllowed: Bool) {
        self.folder = folder.flatMap(realPath)
        self.isAnyAllowed = isAnyAllowed
    }

    /// Paths are relative to the folder of a regular file, else to the working directory.
    init(besides input: StandardInput, isAnyAllowed: Bool) {
        var folder: String? = "."
        if input.isRegularFile {
            let path = openPath(of: input.descriptor)
            folder = path.map { String($0[...($0.lastIndex(of: "/") ?? $0.startIndex)]) }
        }
        self.init(folder: folder, isAnyAllowed: isAnyAllowed)
    }

    /// The contents of a file.
    func contents(of path: String) throws(BadMessage) -> [UInt8] {
        let place = try place(of: path)
        let (file, status) = try readable(path) { () throws(SystemError) in
            // Not blocking: it may be a named pipe. Links are resolved already.
            let file = try OpenFile(place, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
            return (file, try file.status)
        }
        // Again, as a folder may have become a link meanwhile.
        guard isAllowed(openPath(of: file.descriptor) ?? "") else { throw outside(path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw BadMessage("has the body_file \(quoted(path)), which is not a regular file")
        }
        let contents = try readable(path) { () throws(SystemError) in
            try Self.contents(of: file)
        }
        guard let contents else {
            throw BadMessage(
                "has the body_file \(quoted(path)), which holds more than "
                    + "\(MessageEncoder.encodedByteCountMax >> 20) MiB")
        }
        return contents
    }

    /// The path without links, if it may be opened.
    private func place(of path: String) throws(BadMessage) -> String {
        guard let folder else {
            throw BadMessage(
                "has the body_file \(quoted(path)), but the folder of standard input is not known: "
                    + "give the input by a pipe, as in sender ... < <(cat FILE)")
        }
        let full = path.hasPrefix("/") ? path : "\(folder)/\(path)"
        // A C function would read up to the NUL.
        guard !path.utf8.contains(0), let place = realPath(full) else {
            throw unreadable(path, SystemError(number: path.utf8.contains(0) ? EINVAL : errno))
        }
        guard isAllowed(place) else { throw outside(path) }
        return place
    }

    private func isAllowed(_ place: String) -> Bool {
        isAnyAllowed
            || folder.map { place.utf8.starts(with: ($0 == "/" ? $0 : $0 + "/").utf8) } ?? false
    }

    /// nil: there is more than a message may have.
    private static func contents(of file: OpenFile) throws(SystemError) -> [UInt8]? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count <= MessageEncoder.encodedByteCountMax {
            let count = try retrying {
                chunk.withUnsafeMutableBytes {
                    pread(file.descriptor, $0.baseAddress, $0.count, off_t(bytes.count))
                }
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
        return nil
    }

    // MARK: Errors

    private func readable<Value>(
        _ path: String, _ read: () throws(SystemError) -> Value
    ) throws(BadMessage) -> Value {
        do throws(SystemError) {
            return try read()
        } catch {
            throw unreadable(path, error)
        }
    }

    private func unreadable(_ path: String, _ error: SystemError) -> BadMessage {
        BadMessage("has the body_file \(quoted(path)), which can't be read: \(error)")
    }

    private func outside(_ path: String) -> BadMessage {
        BadMessage(
            "has the body_file \(quoted(path)), which is not below the folder "
                + "\(quoted(folder ?? "")): --allow-any-body-file allows that")
    }
}
