// Memory: runs under valgrind, and a long wait for a dead broker.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Memory", .serialized)
    struct ValgrindTests {
        @Test(
            "twenty messages and a lost broker leave nothing lost and no error in valgrind",
            .enabled(if: ValgrindRun.isUsable, "no valgrind here, or a sanitizer"))
        func twentyMessages() throws {
            let network = try Network()
            let run = try ValgrindRun(port: network.ports.client, "-m", "20", "-i", "400")
            try run.process.waitForLine(containing: "accepted=8 ", seconds: 120)
            try network.broker.kill()
            try run.process.waitForLine(containing: "reopen_sender", count: 2)
            try network.broker.start()
            try run.expectNothingLost()
            try network.broker.expectEverySequence(upTo: 20)
        }

        @Test(
            "twenty lost links with messages in doubt leave nothing lost and no error in valgrind",
            .enabled(if: ValgrindRun.isUsable, "no valgrind here, or a sanitizer"),
            arguments: ["close-link=%40", "detach=%40"])
        func lostLinks(misbehaviour: String) throws {
            let folder = try TemporaryFolder()
            let broker = try StandInBroker(in: folder, misbehaving: [misbehaviour])
            try broker.start()
            // The broker counts what comes, and a loss costs some that come again.
            let run = try ValgrindRun(port: broker.port, "-m", "900", "-i", "0", "-s", "20")
            try run.expectNothingLost()
            let losses = run.process.output.lines.count { $0.hasPrefix("reopen_sender") }
            #expect(losses >= 20, "only \(losses) losses")
            try broker.expectEverySequence(upTo: 900)
        }

        /// Bytes that thousands of attempts may add; what each kept of its own would be more.
        private static let growthMax = 1 << 20

        // Freed memory stays resident for long in a sanitizer's quarantine.
        @Test(
            "3,000 refused links at a dead broker leave memory as it was",
            .enabled(if: !Sanitizer.isThere, "a sanitizer"))
        func deadBroker() throws {
            let network = try Network()
            let run = try SenderRun(
                port: network.ports.client, "-m", "100000", "-i", "0", "-s", "1")
            try run.waitForAccepted(500)
            try network.broker.kill()
            try waitForRefusals(500, of: run)
            let before = try run.process.residentByteCount
            try waitForRefusals(3500, of: run)
            let growth = try run.process.residentByteCount - before
            #expect(growth < Self.growthMax, "\(growth) bytes more than before")
            // Nobody waits for a broker that is not coming.
            run.process.kill(SIGKILL)
            _ = try run.process.wait(seconds: 10)
        }

        private func waitForRefusals(_ count: Int, of run: SenderRun) throws {
            // Each comes with four lines; counting them all at every turn would be what is slow.
            try run.process.waitForOutput(seconds: 180, "\(count) refusals") { lines in
                lines.count >= 4 * count
                    && lines.count { $0.hasPrefix("on_sender_error: qd:no-route-to-dest") } >= count
            }
        }
    }
}

/// One run of the program under test in valgrind.
private final class ValgrindRun {
    private static let path = "/usr/bin/valgrind"
    let process: ChildProcess

    /// A program that is built with a sanitizer does not run under valgrind.
    static let isUsable = FileManager.default.isExecutableFile(atPath: path) && !Sanitizer.isThere

    init(port: Int, _ arguments: String...) throws {
        process = try ChildProcess(
            "valgrind", executable: URL(filePath: Self.path),
            arguments: [
                "--leak-check=full", "--error-exitcode=99",
                "--suppressions=\(Places.script("valgrind.supp").path)",
                Places.sender.path, "-a", "amqp://127.0.0.1:\(port)/link1.test", "-s", "200",
            ] + arguments)
    }

    /// Waits for the end.
    func expectNothingLost(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let status = try process.wait(seconds: 120)
        #expect(status == 0, "\(process.allOutput)", sourceLocation: sourceLocation)
        #expect(
            process.output.lines.last == "all messages accepted", sourceLocation: sourceLocation)
        for sentence in ["definitely lost: 0 bytes", "ERROR SUMMARY: 0 errors"] {
            #expect(
                process.errors.text.contains(sentence), "\(process.allOutput)",
                sourceLocation: sourceLocation)
        }
    }
}

extension ChildProcess {
    /// Resident memory in bytes.
    fileprivate var residentByteCount: Int {
        get throws {
            let status = try String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
            let kilobytes = line?.split(separator: " ").compactMap { Int($0) }.first
            return try #require(kilobytes) * 1024
        }
    }
}
