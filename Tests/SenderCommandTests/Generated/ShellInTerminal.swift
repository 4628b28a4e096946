// A shell at a terminal, where keys can be pressed.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import TestSupport
import Testing

/// An interactive shell whose command `sender` shows the arguments that it gets.
///
/// Ends with its last reference.
final class ShellInTerminal {
    private static let prompt = "@ready "
    private static let end = "@end"
    private let terminal: Int32
    private let shell: ChildProcess
    private var shown: [UInt8] = []

    /// Set-up of the shell: a function `sender`, and the prompt.
    static let preparation = """
        PS1='\(prompt)'
        sender() { printf '@ %s\\n' "$@"; echo \(end); }

        """

    init(_ arguments: [String], in folder: URL, environment: [String: String] = [:]) throws {
        var ours: Int32 = -1
        var theirs: Int32 = -1
        // So wide that no line is broken.
        var size = winsize(ws_row: 50, ws_col: 2000, ws_xpixel: 0, ws_ypixel: 0)
        guard openpty(&ours, &theirs, nil, nil, &size) == 0 else {
            throw TestFailure("no terminal: errno \(errno)")
        }
        terminal = ours
        // The shell must not keep its own terminal open.
        _ = fcntl(terminal, F_SETFD, FD_CLOEXEC)
        let handle = FileHandle(fileDescriptor: theirs, closeOnDealloc: true)
        // A terminal that controls it, or a shell does without what it does for people.
        shell = try ChildProcess(
            "the shell", executable: URL(filePath: "/usr/bin/setsid"),
            arguments: ["--ctty", "--wait", "/usr/bin/env"] + arguments,
            environment: [
                "PATH": "/usr/bin:/bin", "HOME": folder.path, "TERM": "dumb", "LC_ALL": "C.UTF-8",
            ].merging(environment) { $1 }, inheritsEnvironment: false, in: folder, input: handle,
            output: handle, errors: handle)
        try handle.close()
    }

    deinit {
        // The terminal goes, and with it all that it controls.
        close(terminal)
        _ = try? shell.wait(seconds: 10)
    }

    /// Types a line with its control characters, and gives the arguments that `sender` got.
    func arguments(typing line: String) throws -> [String] {
        try wait(for: Self.prompt)
        shown.removeAll()
        let keys = Array((line + "\r").utf8)
        guard write(terminal, keys, keys.count) == keys.count else {
            throw TestFailure("the terminal takes no keys: errno \(errno)")
        }
        try wait(for: "\n" + Self.end)
        return text.split(whereSeparator: \.isNewline)
            .filter { $0.hasPrefix("@ ") }.map { String($0.dropFirst(2)) }
    }

    private var text: String { String(decoding: shown, as: UTF8.self) }

    private func wait(for mark: String, seconds: Double = 30) throws {
        let deadline = Date(timeIntervalSinceNow: seconds)
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !text.replacing("\r", with: "").contains(mark) {
            var ready = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
            let left = Int32(max(0, deadline.timeIntervalSinceNow) * 1000)
            guard poll(&ready, 1, left) == 1, case let count = read(terminal, &buffer, 4096),
                count > 0
            else {
                throw TestFailure("no \(mark) in what the shell showed:\n\(text)")
            }
            shown += buffer[..<count]
        }
    }
}
