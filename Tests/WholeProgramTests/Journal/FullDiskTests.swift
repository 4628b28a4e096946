// Files on a full disk, for a while or to the end.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import RawPeer
import TestSupport
import Testing

extension WholeProgram {
    @Suite(
        "Full disk", .serialized, .enabled(if: !Sanitizer.isOfThreads, "the thread sanitizer"))
    struct FullDiskTests {
        private let folder: TemporaryFolder
        /// The last outcome comes when the test has seen enough.
        private let mayEnd = DispatchSemaphore(value: 0)

        init() throws {
            folder = try TemporaryFolder()
        }

        private func peer() throws -> Peer {
            try Peer { [mayEnd] connection in
                try connection.acceptLink(credit: 1)
                try connection.expect(.transfer)
                mayEnd.wait()
                try connection.send(.disposition(0...0, .accepted))
                try connection.answerEnding()
            }
        }

        /// Starts a run of one message whose files can't grow.
        private func start(_ peer: Peer, _ redirection: String, events: Bool = false) throws
            -> SenderRun
        {
            try SenderRun(
                port: Int(peer.port), shell: { "ulimit -S -f 0; exec \($0) \(redirection)" },
                "-m", "1", events ? "--events=\(folder.file("events").path)" : "--trace-frames")
        }

        private func makeRoom(_ run: SenderRun) throws {
            let prlimit = try ChildProcess(
                "prlimit", executable: URL(filePath: "/usr/bin/prlimit"),
                arguments: ["--pid", "\(run.process.identifier)", "--fsize=unlimited:unlimited"])
            let status = try prlimit.wait(seconds: 30)
            try #require(status == 0, "\(prlimit.allOutput)")
        }

        private func lines(_ name: String) throws -> [String] {
            try String(contentsOf: folder.file(name), encoding: .utf8)
                .split(separator: "\n").map(String.init)
        }

        @Test("standard output and the events are whole when the disk has room again")
        func outputAndEvents() throws {
            let peer = try peer()
            let (output, events) = (folder.file("output").path, folder.file("events"))
            let run = try start(peer, "> '\(output)'", events: true)
            try run.process.waitForErrors(
                "File too large; writing is retried, and sending goes on")
            try makeRoom(run)
            mayEnd.signal()
            try run.expectEnd(status: 0)
            try peer.finish()
            let first = try lines("output").first
            let last = try lines("output").last
            #expect(first?.hasPrefix("address: ") == true && last == "all messages accepted")
            try expectEvents("opened", "outcome", "closed", in: events)
            run.expectErrors("could not be written", count: 0)
        }

        @Test("standard error has its first line and its summary when the disk has room again")
        func diagnostics() throws {
            let peer = try peer()
            let run = try start(peer, "2> '\(folder.file("errors").path)'")
            try run.waitForLine("sent=1")
            #expect(try lines("errors").isEmpty)
            try makeRoom(run)
            mayEnd.signal()
            #expect(try run.process.wait(seconds: 30) == 0)
            try peer.finish()
            let errors = try lines("errors")
            #expect(errors.first?.contains("@sasl-mechanisms") == true)
            #expect(errors.contains { $0.hasPrefix("summary: taken 1 = accepted 1") })
            #expect(!errors.contains { $0.contains("dropped") })
            #expect(run.process.output.lines.last == "all messages accepted")
        }

        @Test("what is missing of standard error at the end is said on standard output")
        func diagnosticsToTheEnd() throws {
            let peer = try peer()
            mayEnd.signal()
            let run = try start(peer, "2> '\(folder.file("errors").path)'")
            #expect(try run.process.wait(seconds: 30) == 0)
            try peer.finish()
            #expect(try lines("errors").isEmpty)
            let last = run.process.output.lines.last ?? ""
            #expect(
                last.hasPrefix("sender: standard error could not be written: File too large; ")
                    && last.hasSuffix(" lines are missing"), "\(run.process.allOutput)")
        }

        @Test("what is missing of standard output and of the events is said on standard error")
        func outputToTheEnd() throws {
            let peer = try peer()
            mayEnd.signal()
            let run = try start(peer, "> '\(folder.file("output").path)'", events: true)
            try run.expectEnd(status: 0)
            try peer.finish()
            run.expectErrors("sender: standard output could not be written: File too large; ")
            run.expectErrors(
                "sender: the events file \"\(folder.file("events").path)\" could not be written: ")
            run.expectErrors("lines are missing", count: 2)
        }
    }
}
