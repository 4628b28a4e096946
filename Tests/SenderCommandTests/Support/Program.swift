// The binary as a process of a test.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

/// A run of the binary that was built beside the tests.
final class Program {
    private let process = Process()
    private let errors = Pipe()

    /// Starts it with this standard output, and after the shell has done something first.
    init(
        _ arguments: [String], input: Any = FileHandle.nullDevice, output: Any? = nil,
        shell: String = ""
    ) throws {
        let bundle = CommandLine.arguments.first { $0.contains(".xctest") } ?? ""
        let binary = URL(filePath: bundle).deletingLastPathComponent().appending(path: "sender")
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", #"true\#(shell); exec "$0" "$@""#, binary.path] + arguments
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = input
        // Tests run on threads that block nearly all signals, and a process inherits that.
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try process.run()
    }

    func signal(_ number: Int32) {
        kill(process.processIdentifier, number)
    }

    func file(ofDescriptor number: Int32) throws -> String {
        try FileManager.default.destinationOfSymbolicLink(
            atPath: "/proc/\(process.processIdentifier)/fd/\(number)")
    }

    /// Waits until the program has made signals its own, and says which.
    ///
    /// Before, they would just kill it.
    func blockedSignals() throws -> Set<Int32> {
        let file = "/proc/\(process.processIdentifier)/status"
        while process.isRunning {
            let status = try String(contentsOfFile: file, encoding: .utf8)
            let mask = status.split(separator: "\n").first { $0.hasPrefix("SigBlk:") }
            let bits = mask.flatMap { UInt64($0.split(separator: "\t").last ?? "", radix: 16) } ?? 0
            let numbers = (Int32(1)...64).filter { bits & (1 << UInt64($0 - 1)) != 0 }
            // Where a process or a thread is started, all signals are blocked for a moment.
            if numbers.contains(SIGINT), !numbers.contains(SIGUSR1) { return Set(numbers) }
            usleep(1000)
        }
        Issue.record("the program ended")
        return []
    }

    /// Status and standard error, when it has ended.
    func wait() -> (status: Int32, errors: String) {
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        // A process that a signal ended must not look like one that said so itself.
        let status = process.terminationStatus
        return (
            process.terminationReason == .exit ? status : -status,
            String(decoding: text, as: UTF8.self)
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
