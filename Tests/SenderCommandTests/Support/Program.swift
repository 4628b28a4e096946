// The program as a child process of a test.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import TestSupport
import Testing

/// A run of the binary that was built beside the tests.
final class Program {
    private let process: ChildProcess

    /// Starts it, after the shell has run some commands, with standard output going to `output` or
    /// into what ``end()`` returns.
    init(
        _ arguments: [String], input: Any = FileHandle.nullDevice, output: Any? = nil,
        shell: String = ""
    ) throws {
        let binary = Places.products.appending(path: "sender").path
        process = try ChildProcess(
            "sender", executable: URL(filePath: "/bin/sh"),
            arguments: ["-c", #"true\#(shell); exec "$0" "$@""#, binary] + arguments,
            input: input, output: output)
    }

    func signal(_ number: Int32) {
        process.kill(number)
    }

    func file(ofDescriptor number: Int32) throws -> String {
        try FileManager.default.destinationOfSymbolicLink(
            atPath: "/proc/\(process.identifier)/fd/\(number)")
    }

    /// Waits until the program has made signals its own, and says which.
    ///
    /// Before, they would just kill it.
    func blockedSignals() throws -> Set<Int32> {
        var numbers: Set<Int32> = []
        try waitUntil {
            guard process.isRunning else { throw TestFailure("the program ended") }
            numbers = try signals("SigBlk")
            // While a process or a thread is started, all signals are blocked for a moment.
            return numbers.contains(SIGINT) && !numbers.contains(SIGUSR2)
        }
        return numbers
    }

    /// Waits until the program has taken a signal that was sent to it; one that has ended has no status any more.
    func waitUntilTaken(_ number: Int32) throws {
        try waitUntil { (try? signals("ShdPnd").contains(number)) != true }
    }

    /// A set of signals of the process, as the kernel shows it.
    private func signals(_ name: String) throws -> Set<Int32> {
        let file = "/proc/\(process.identifier)/status"
        let status = try String(contentsOfFile: file, encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("\(name):") }
        let bits = line.flatMap { UInt64($0.split(separator: "\t").last ?? "", radix: 16) } ?? 0
        return Set((Int32(1)...64).filter { bits & (1 << UInt64($0 - 1)) != 0 })
    }

    /// Waits for the end; returns the status, negative for a signal that ended it, and standard error.
    func wait() throws -> (status: Int32, errors: String) {
        let (status, _, errors) = try end()
        return (status, errors)
    }

    /// As ``wait()``, with standard output.
    func end() throws -> (status: Int32, output: String, errors: String) {
        let status = try process.wait(seconds: 1200)
        return (
            process.endedBySignal ? 128 - status : status, process.output.text,
            process.errors.text
        )
    }
}

/// A pipe that is full from the start.
func fullPipe() -> Pipe {
    let pipe = Pipe()
    let descriptor = pipe.fileHandleForWriting.fileDescriptor
    let flags = fcntl(descriptor, F_GETFL)
    _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
    while write(descriptor, "x", 1) == 1 {}
    _ = fcntl(descriptor, F_SETFL, flags)
    return pipe
}
