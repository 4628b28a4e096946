// Files with several names, missing descriptors, and hidden arguments.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

@testable import SenderCommand

@Suite(.endsIfItHangs) struct GivenDescriptorsTests {
    private let directory: JournalDirectory
    private var file: String { directory.path }

    init() throws {
        directory = try JournalDirectory()
    }

    /// The output of a run, wherever it goes, after these shell commands.
    private func run(_ arguments: [String], shell: String) throws -> (Int32, String) {
        let (status, output, errors) = try Program(
            ["-a", "amqp://127.0.0.1:1/q", "-m", "0"] + arguments, shell: shell
        ).end()
        let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        return (status, output + errors + text)
    }

    private static let oneFile: [(String, [String], String)] = [
        ("> F", ["--events=F"], "standard output and --events"),
        (">> F", ["--events=F"], "standard output and --events"),
        ("> F", ["--events=/dev/stdout"], "standard output and --events"),
        ("2> F", ["--events=/dev/stderr"], "standard error and --events"),
        ("2> F", ["--events=F"], "standard error and --events"),
        ("3> F > F", ["--events=/dev/fd/3"], "standard output and --events"),
        ("> F 2>&1", ["--events=F"], "standard output and --events"),
        ("> F", ["--journal=F"], "standard output and --journal"),
        (">> F", ["--journal=/dev/stdout"], "standard output and --journal"),
        ("2> F", ["--journal=F"], "standard error and --journal"),
        ("> F", ["--rejected-file=F"], "standard output and --rejected-file"),
        ("2>> F", ["--rejected-file=/dev/fd/2"], "standard error and --rejected-file"),
        (">> F", ["--content-file=F"], "standard output and --content-file"),
        ("2>> F", ["--content-file=F"], "standard error and --content-file"),
        ("< F >> F", ["--stdin"], "standard output and standard input"),
        ("> F 2> F", [], "standard output and standard error"),
        ("> F 2>> F", [], "standard output and standard error"),
        ("> F 2> F", ["--check"], "standard output and standard error"),
        ("", ["--journal=F", "--events=F"], "--journal and --events"),
        ("", ["--rejected-file=F", "--events=F"], "--rejected-file and --events"),
        (
            "; echo secret > F", ["-u", "u", "--password-file=F", "--rejected-file=F"],
            "--password-file and --rejected-file"
        ),
    ]

    @Test("a file that is written is no other one of the run", arguments: oneFile)
    func oneFileIsWrongUsage(shell: String, arguments: [String], names: String) throws {
        let shell = "; : >> \(file)" + redirection(shell)
        let (status, text) = try run(
            arguments.map { $0.replacing("=F", with: "=\(file)") }, shell: shell)
        #expect(status == 64)
        #expect(text.contains("sender: \(names) are the same file: name two"), "\(text)")
        #expect(!text.contains("message_count"))
    }

    private static let shared: [(String, [String])] = [
        ("> F 2>&1", []), (">> F 2>> F", []), ("> /dev/null", ["--events=/dev/null"]),
        ("", ["--events=/dev/stdout"]), ("", ["--events=/dev/stderr"]),
        ("3>&1", ["--events=/dev/fd/3"]), ("; cd /dev/fd", ["--events=1"]),
    ]

    @Test("what appends, shares its place or is no file may be one", arguments: shared)
    func sharedIsRight(shell: String, arguments: [String]) throws {
        let (status, text) = try run(arguments, shell: redirection(shell))
        #expect(status == 0, "\(text)")
    }

    private func redirection(_ text: String) -> String {
        let text = text.replacing(" F", with: " \(file)")
        return text.isEmpty || text.hasPrefix(";") ? text : "; exec \(text)"
    }

    private static let descriptorOptions = [
        "--events", "--journal", "--rejected-file", "--content-file", "--password-file",
    ]

    @Test("a descriptor that was not given is named", arguments: descriptorOptions)
    func missingDescriptor(option: String) throws {
        // Among them are the numbers that the program's own descriptors get later, and those of
        // sockets of the tests, which Foundation leaves to its children.
        let numbers = 3..<20
        let closing = numbers.map { "\($0)<&-" }.joined(separator: " ")
        for number in numbers {
            for path in ["/dev/fd/\(number)", "/proc/self/fd/\(number)"] {
                let (status, text) = try run(
                    ["-u", "u", option, path],
                    shell: #"; exec bash -c 'exec \#(closing); exec "$0" "$@"' "$0" "$@""#)
                #expect(status == 64)
                #expect(
                    text.contains(
                        "sender: \(option) \"\(path)\" can't be used: no file is open as \(number);"
                    ),
                    "\(text)")
            }
        }
    }

    private static let closed: [(String, [String], Int32, String)] = [
        ("<&-", ["--content-file=/dev/stdin"], 64, "no file is open as 0"),
        ("<&-", ["--stdin"], 64, "standard input is closed"),
        ("<&-", ["-u", "u", "--password-file=/dev/stdin"], 64, "no file is open as 0"),
        (">&-", ["--events=/dev/stdout"], 64, "no file is open as 1"),
        (">&-", [], 0, "standard output could not be written: Bad file descriptor"),
        (">&-", ["--check"], 2, "standard output could not be written: Bad file descriptor"),
        (">&-", ["--version"], 2, "standard output could not be written: Bad file descriptor"),
        (">&-", ["-q"], 0, "summary: taken 0"),
    ]

    @Test("a standard descriptor that is closed is neither empty nor written", arguments: closed)
    func closedDescriptor(
        shell: String, arguments: [String], expected: Int32, words: String
    ) throws {
        let (status, text) = try run(arguments, shell: "; exec \(shell)")
        #expect(status == expected)
        #expect(text.contains(words), "\(text)")
    }

    @Test("a preloaded library that changes the environment before main() hides no argument")
    func preloadedLibrary() throws {
        let (source, library) = (file + ".c", file + ".so")
        defer { for path in [source, library] { _ = unlink(path) } }
        try """
        #include <stdlib.h>
        __attribute__((constructor)) static void change(void) { setenv("ADDED", "1", 1); }
        """.write(toFile: source, atomically: true, encoding: .utf8)
        let compiler = try Process.run(
            URL(filePath: "/usr/bin/env"),
            arguments: ["cc", "-shared", "-fPIC", "-o", library, source])
        compiler.waitUntilExit()
        try #require(compiler.terminationStatus == 0)
        let (status, text) = try run([], shell: "; export LD_PRELOAD='\(library)'")
        #expect(status == 0)
        #expect(text.contains("message_count: 0"), "\(text)")
    }

    @Test("a terminal that is not there is no named pipe")
    func noTerminal() throws {
        let (status, text) = try run(
            ["--events=/dev/tty"], shell: #"; exec setsid --wait "$0" "$@""#)
        #expect(status == 64)
        #expect(
            text.contains("\"/dev/tty\" is a terminal or device that this process does not have"),
            "\(text)")
    }

    @Test("links lead to a descriptor, whatever they are")
    func links() throws {
        let link = file + "-link"
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: "/dev//fd/77")
        defer { unlink(link) }
        let names = [
            "/dev/fd/7": 7, "/proc/self/fd/8": 8, "/proc/\(getpid())/fd/9": 9,
            "/proc/thread-self/fd/10": 10, "/dev/stdin": 0, "/dev/stdout": 1, "/dev/../dev/fd/5": 5,
            link: 77,
        ]
        for (path, number) in names { #expect(descriptorNumber(of: path) == Int32(number)) }
        for path in ["/dev/null", "/dev/fd", "7", "/proc/1/fd/7", "", "/no/such", "/dev/fd/x"] {
            #expect(descriptorNumber(of: path) == nil)
        }
    }
}
