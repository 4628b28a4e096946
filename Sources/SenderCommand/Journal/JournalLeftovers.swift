// Removal of files that a killed process left beside its journal.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Unfinished replacements of a journal.
enum JournalLeftovers {
    /// Removes them while the journal is locked: only the lock's owner creates any.
    ///
    /// Removes only unlocked regular files of this user with a name that
    /// ``OpenFile/replace(_:with:mode:flush:)`` gives, empty or a journal of the same messages.
    /// Errors are ignored.
    static func remove(
        of path: String, addresses: [String], input: JournalInput, runID: String? = nil
    ) {
        let prefix = OpenFile.replacementPrefix(path)
        for name in names(in: directory(of: prefix)) {
            let path = directory(of: prefix) + name
            guard path.hasPrefix(prefix), isNumber(path.dropFirst(prefix.count)),
                let file = try? OpenFile(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW),
                let status = try? file.status, status.st_mode & S_IFMT == S_IFREG,
                status.st_nlink == 1, status.st_uid == geteuid(), (try? file.lock()) == true
            else { continue }
            if status.st_size > 0 {
                guard let header = header(of: file, size: UInt64(status.st_size)),
                    header.addresses.isExactly(addresses), header.input == input,
                    runID.map(header.runID.isExactly) ?? true
                else { continue }
            }
            unlink(path)
        }
    }

    private static func isNumber(_ text: Substring) -> Bool {
        (1...16).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private static func header(of file: OpenFile, size: UInt64) -> JournalHeader? {
        var bytes: [UInt8] = []
        while true {
            switch JournalHeader.read(bytes[...]) {
            case .header(let header, _, _): return header
            case .needs(let byteCount):
                guard UInt64(byteCount) <= size,
                    let more = try? file.read(at: 0, byteCount: byteCount)
                else { return nil }
                bytes = more
            case .notAJournal, .newerVersion, .damaged: return nil
            }
        }
    }

    /// Directory part with its slash; empty for the current directory.
    private static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }

    private static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory.isEmpty ? "." : directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names
    }
}
