// A child process that does not outlive its test.
// SPDX-License-Identifier: Apache-2.0

package import Foundation
import Synchronization

/// One running process.
///
/// Killed, if it still lives, when the last reference goes.
package final class ChildProcess {
    private let name: String
    /// Empty where the output goes to a file handle.
    package let output = OutputLog()
    /// Empty where the errors go to a file handle.
    package let errors = OutputLog()
    private static let starting = Mutex(())
    private let process = Process()
    private let ended = DispatchSemaphore(value: 0)

    /// Starts a program, in the package's folder unless another is given.
    ///
    /// `environment` adds to that of the tests, or replaces it.
    package init(
        _ name: String, executable: URL, arguments: [String], environment: [String: String] = [:],
        inheritsEnvironment: Bool = true, in folder: URL = Places.root,
        input: Any = FileHandle.nullDevice, output outputHandle: Any? = nil,
        errors errorHandle: Any? = nil
    ) throws {
        self.name = name
        process.executableURL = executable
        process.arguments = arguments
        process.environment =
            inheritsEnvironment
            ? ProcessInfo.processInfo.environment.merging(environment) { $1 } : environment
        process.currentDirectoryURL = folder
        process.standardInput = input
        process.terminationHandler = { [ended] _ in ended.signal() }
        // A pipe that another child inherits would end only with that.
        try Self.starting.withLock { _ in
            process.standardOutput = outputHandle ?? output.makePipe()
            process.standardError = errorHandle ?? errors.makePipe()
            try process.runWithoutBlockedSignals()
        }
    }

    deinit {
        if process.isRunning {
            kill(SIGKILL)
            // With a limit: a child of its own may have outlived it, which Foundation waits for.
            _ = ended.wait(timeout: .now() + 10)
        }
    }

    package var identifier: pid_t { process.processIdentifier }
    package var isRunning: Bool { process.isRunning }

    package func kill(_ signal: Int32) {
        Foundation.kill(process.processIdentifier, signal)
    }

    /// Kills with SIGKILL and waits for the end.
    package func killAndWait() throws {
        kill(SIGKILL)
        _ = try wait(seconds: 10)
    }

    /// Waits for the end, and gives the exit status; 128+n after signal n.
    package func wait(seconds: Double) throws -> Int32 {
        guard ended.wait(timeout: .now() + seconds) == .success else {
            throw TestFailure("\(name) did not end within \(seconds) s:\n\(allOutput)")
        }
        ended.signal()
        _ = output.waitForEnd(seconds: 5)
        _ = errors.waitForEnd(seconds: 5)
        return process.terminationReason == .exit
            ? process.terminationStatus : 128 + process.terminationStatus
    }

    /// Whether a signal ended it; once it has ended.
    package var endedBySignal: Bool { process.terminationReason != .exit }

    /// Waits until a line of standard output holds a text.
    package func waitForLine(
        containing text: String, count: Int = 1, seconds: Double = 30
    ) throws {
        try waitForOutput(seconds: seconds, "\(count) line(s) with “\(text)”") { lines in
            lines.count { $0.contains(text) } >= count
        }
    }

    package func waitForOutput(
        seconds: Double = 30, _ what: String, until holds: ([String]) -> Bool
    ) throws {
        guard output.wait(seconds: seconds, until: holds) else {
            throw TestFailure("\(name) did not show \(what) within \(seconds) s:\n\(allOutput)")
        }
    }

    /// Waits until a line of standard error holds a text.
    package func waitForErrors(_ text: String, seconds: Double = 30) throws {
        guard errors.wait(seconds: seconds, until: { $0.contains { $0.contains(text) } }) else {
            throw TestFailure("\(name) did not say “\(text)” within \(seconds) s:\n\(allOutput)")
        }
    }

    package var allOutput: String {
        "-- output (last lines)\n\(tail(output))\n-- errors (last lines)\n\(tail(errors))"
    }

    private func tail(_ log: OutputLog) -> String {
        log.lines.suffix(40).joined(separator: "\n")
    }
}

extension ChildProcess {
    /// Runs a program that is on the PATH to its end.
    package static func run(
        _ words: [String], environment: [String: String] = [:], inheritsEnvironment: Bool = true,
        in folder: URL = Places.root, seconds: Double = 600
    ) throws -> (status: Int32, output: String, errors: String) {
        let child = try ChildProcess(
            words[0], executable: URL(fileURLWithPath: "/usr/bin/env"), arguments: words,
            environment: environment, inheritsEnvironment: inheritsEnvironment, in: folder)
        let status = try child.wait(seconds: seconds)
        return (status, child.output.text, child.errors.text)
    }
}

extension Process {
    /// Starts it as a shell would: tests run on threads that block nearly all signals, which a
    /// process inherits.
    fileprivate func runWithoutBlockedSignals() throws {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        // A write of this thread to a closed pipe may have left a SIGPIPE, which would end the tests.
        var brokenPipe = none
        sigaddset(&brokenPipe, SIGPIPE)
        var noTime = timespec()
        while sigtimedwait(&brokenPipe, nil, &noTime) == SIGPIPE {}
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try run()
    }
}

/// Waits until something holds that no event announces.
package func waitUntil(seconds: Double = 30, _ holds: () throws -> Bool) throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try !holds() {
        guard ContinuousClock.now < deadline else {
            throw TestFailure("what was waited for did not come in \(seconds) s")
        }
        usleep(2_000)
    }
}
