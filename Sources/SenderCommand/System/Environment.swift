// The environment of the command line: variables, small files, a terminal.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The process environment that options depend on; tests replace it.
///
/// Reading blocks.
struct Environment: Sendable {
    /// The beginning of a file.
    struct FileStart {
        var bytes: [UInt8]
        /// Whether others than the owner may read the file.
        var isOpenToOthers = false
        /// Whether it can be read again.
        var isRegularFile = false
    }

    /// The value of a variable; nil if unset.
    var variable: @Sendable (String) -> String?
    /// Reads the first bytes of a file: up to a count, or its first line if `stopsAtLine`.
    var readFile: @Sendable (_ path: String, _ countMax: Int, _ stopsAtLine: Bool) -> ReadResult
    /// Asks on the terminal, without echo; nil without a terminal.
    var askForPassword: @Sendable (_ question: String) -> String?

    /// The descriptor of a path such as /dev/fd/3, if the process was started without it.
    var missingDescriptor: @Sendable (_ path: String) -> Int32? = { _ in nil }

    typealias ReadResult = Result<FileStart, SystemError>

    /// No variables, no files, no terminal.
    static let none = Environment(
        variable: { _ in nil }, readFile: { _, _, _ in .failure(SystemError(number: ENOENT)) },
        askForPassword: { _ in nil })

    /// The environment of this process, before it opens any file.
    ///
    /// `closed` are the standard descriptors that it was started without.
    static func process(without closed: Set<Int32>) -> Environment {
        Environment(
            variable: { name in getenv(name).map { String(cString: $0) } },
            readFile: { path, countMax, stopsAtLine in
                Environment.read(path, countMax: countMax, stopsAtLine: stopsAtLine)
            },
            askForPassword: { question in PasswordPrompt.ask(question) },
            missingDescriptor: { path in
                descriptorNumber(of: path).flatMap { number in
                    closed.contains(number) || fcntl(number, F_GETFD) == -1 ? number : nil
                }
            })
    }

    /// Regular files only, for reading during a run: it never blocks on a pipe.
    static let regularFiles: Environment = {
        var environment = Environment.none
        environment.readFile = { path, countMax, stopsAtLine in
            read(path, countMax: countMax, stopsAtLine: stopsAtLine, onlyRegular: true)
        }
        return environment
    }()

    private static func read(
        _ path: String, countMax: Int, stopsAtLine: Bool, onlyRegular: Bool = false
    ) -> ReadResult {
        let flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | (onlyRegular ? O_NONBLOCK : 0)
        let descriptor = open(path, flags)
        guard descriptor >= 0 else { return .failure(SystemError(number: errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .failure(SystemError(number: errno)) }
        let isRegular = status.st_mode & S_IFMT == S_IFREG
        guard isRegular || !onlyRegular else { return .failure(SystemError(number: EINVAL)) }
        var start = FileStart(
            bytes: [], isOpenToOthers: isRegular && status.st_mode & (S_IRGRP | S_IROTH) != 0,
            isRegularFile: isRegular)
        // Byte by byte for a line: the rest of a pipe belongs to its other readers.
        var chunk = [UInt8](repeating: 0, count: stopsAtLine ? 1 : countMax)
        while start.bytes.count < countMax {
            let room = min(chunk.count, countMax - start.bytes.count)
            let count = Glibc.read(descriptor, &chunk, room)
            if count < 0, errno == EINTR { continue }
            if count < 0 { return .failure(SystemError(number: errno)) }
            if count == 0 { break }
            start.bytes += chunk[..<count]
            if stopsAtLine, chunk[0] == UInt8(ascii: "\n") { break }
        }
        return .success(start)
    }
}
