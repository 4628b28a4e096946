// A process that a test starts, and that never outlives it.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What went wrong around a test, in one sentence and with the process's own words.
struct PeerFailure: Error, CustomStringConvertible {
    var description: String
}

/// One running process.
///
/// Killed, if it still lives, when the last reference goes.
final class ChildProcess {
    let name: String
    let output = OutputLog()
    let errors = OutputLog()
    private let process = Process()
    private let ended = DispatchSemaphore(value: 0)

    init(
        _ name: String, executable: URL, arguments: [String],
        environment: [String: String] = [:], input: Any = FileHandle.nullDevice
    ) throws {
        self.name = name
        process.executableURL = executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.currentDirectoryURL = Places.root
        process.standardInput = input
        process.standardOutput = output.makePipe()
        process.standardError = errors.makePipe()
        process.terminationHandler = { [ended] _ in ended.signal() }
        try process.run()
    }

    deinit {
        if process.isRunning {
            kill(SIGKILL)
            // With a limit: a child of its own may have outlived it, which Foundation waits for.
            _ = ended.wait(timeout: .now() + 10)
        }
    }

    var identifier: pid_t { process.processIdentifier }

    func kill(_ signal: Int32) {
        Foundation.kill(process.processIdentifier, signal)
    }

    /// Kills with SIGKILL and waits for the end.
    func killAndWait() throws {
        kill(SIGKILL)
        _ = try wait(seconds: 10)
    }

    /// Waits for the end, and gives the exit status; 128+n after signal n.
    func wait(seconds: Double) throws -> Int32 {
        guard ended.wait(timeout: .now() + seconds) == .success else {
            throw PeerFailure(
                description: "\(name) did not end within \(seconds) s:\n\(allOutput)")
        }
        ended.signal()
        _ = output.waitForEnd(seconds: 5)
        _ = errors.waitForEnd(seconds: 5)
        return process.terminationReason == .exit
            ? process.terminationStatus : 128 + process.terminationStatus
    }

    /// Waits until a line of standard output holds a text.
    func waitForLine(containing text: String, count: Int = 1, seconds: Double = 30) throws {
        try waitForOutput(seconds: seconds, "\(count) line(s) with “\(text)”") { lines in
            lines.count { $0.contains(text) } >= count
        }
    }

    func waitForOutput(
        seconds: Double = 30, _ what: String, until holds: ([String]) -> Bool
    ) throws {
        guard output.wait(seconds: seconds, until: holds) else {
            throw PeerFailure(
                description: "\(name) did not show \(what) within \(seconds) s:\n\(allOutput)")
        }
    }

    /// Waits until a line of standard error holds a text.
    func waitForErrors(_ text: String, seconds: Double = 30) throws {
        guard errors.wait(seconds: seconds, until: { $0.contains { $0.contains(text) } }) else {
            throw PeerFailure(
                description: "\(name) did not say “\(text)” within \(seconds) s:\n\(allOutput)")
        }
    }

    var allOutput: String {
        "-- output (last lines)\n\(tail(output))\n-- errors (last lines)\n\(tail(errors))"
    }

    private func tail(_ log: OutputLog) -> String {
        log.lines.suffix(40).joined(separator: "\n")
    }
}

/// Waits until something holds that nobody announces.
func waitUntil(seconds: Double = 30, _ holds: () throws -> Bool) throws {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while try !holds() {
        guard Date() < deadline else {
            throw PeerFailure(description: "what was waited for did not come in \(seconds) s")
        }
        usleep(20_000)
    }
}
