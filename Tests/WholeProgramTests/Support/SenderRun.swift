// One run of the program under test.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The real binary, its lines and its closing summary.
final class SenderRun {
    let process: ChildProcess

    convenience init(port: Int, _ arguments: String...) throws {
        try self.init(port: port, options: arguments)
    }

    convenience init(port: Int, address: String = "link1.test", options: [String]) throws {
        try self.init(["-a", "amqp://127.0.0.1:\(port)/\(address)"] + options)
    }

    /// Runs it with these arguments and variables, and no others.
    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        process = try ChildProcess(
            "sender", executable: Places.sender, arguments: arguments, environment: environment)
    }

    /// Runs it with these arguments, and this on standard input.
    init(_ arguments: [String], input: Any) throws {
        process = try ChildProcess(
            "sender", executable: Places.sender, arguments: arguments, input: input)
    }

    /// Runs it with this on standard input.
    init(
        port: Int, input: Any, environment: [String: String] = [:], _ arguments: String...
    ) throws {
        process = try ChildProcess(
            "sender", executable: Places.sender,
            arguments: ["-a", "amqp://127.0.0.1:\(port)/link1.test"] + arguments,
            environment: environment, input: input)
    }

    /// Runs it with this on standard input, in a shell that does this with "$0" "$@".
    init(port: Int, input: Any, shell: String, _ arguments: [String]) throws {
        process = try ChildProcess(
            "sender", executable: URL(filePath: "/bin/bash"),
            arguments: [
                "-c", shell, Places.sender.path, "-a", "amqp://127.0.0.1:\(port)/link1.test",
            ] + arguments, input: input)
    }

    /// Runs it in a shell that does this with its output, or has set this before.
    init(port: Int, shell: (String) -> String, _ arguments: String...) throws {
        let command =
            [Places.sender.path, "-a", "amqp://127.0.0.1:\(port)/link1.test"] + arguments
        let words = command.map { "'\($0)'" }.joined(separator: " ")
        process = try ChildProcess(
            "sender", executable: URL(filePath: "/bin/bash"), arguments: ["-c", shell(words)])
    }

    /// With several senders, one of them is named as its lines begin: "link1.a link 2".
    func waitForAccepted(_ count: Int, by sender: String? = nil, seconds: Double = 60) throws {
        let start = sender.map { "\($0): accepted: " } ?? "accepted: "
        try process.waitForOutput(seconds: seconds, "\(start)\(count)") { lines in
            guard let last = lines.last(where: { $0.hasPrefix(start) }) else { return false }
            return SenderRun.number("accepted", in: last) >= count
        }
    }

    func waitForLine(_ text: String, count: Int = 1, seconds: Double = 60) throws {
        try process.waitForLine(containing: text, count: count, seconds: seconds)
    }

    /// Waits for the end, and expects that all was accepted and nothing refused.
    func expectAllAccepted(
        _ count: Int, seconds: Double = 120, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let status = try process.wait(seconds: seconds)
        #expect(status == 0, "\(process.allOutput)", sourceLocation: sourceLocation)
        #expect(
            process.output.lines.last == "all messages accepted", "\(process.allOutput)",
            sourceLocation: sourceLocation)
        let last = process.output.lines.last { $0.hasPrefix("accepted: ") } ?? ""
        #expect(SenderRun.number("accepted", in: last) == count, sourceLocation: sourceLocation)
        #expect(SenderRun.number("rejected", in: last) == 0, sourceLocation: sourceLocation)
    }

    /// Waits for the end, and expects this status and an account that adds up.
    @discardableResult
    func expectEnd(
        status: Int32, seconds: Double = 30, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Summary {
        let ended = try process.wait(seconds: seconds)
        #expect(ended == status, "\(process.allOutput)", sourceLocation: sourceLocation)
        let summary = try Summary(of: self)
        #expect(summary.adds, "\(process.allOutput)", sourceLocation: sourceLocation)
        return summary
    }

    /// Expects a text on standard error.
    func expectErrors(
        _ text: String, count: Int = 1, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let found = process.errors.lines.count { $0.contains(text) }
        #expect(found == count, "\(process.allOutput)", sourceLocation: sourceLocation)
    }

    /// The number behind `name=` in a line; 0 when there is none.
    static func number(_ name: String, in line: String) -> Int {
        guard let range = line.range(of: "\(name)=") else { return 0 }
        return Int(line[range.upperBound...].prefix(while: \.isNumber)) ?? 0
    }
}
