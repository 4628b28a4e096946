// The file of rejected messages.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import RawPeer
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Rejected file", .serialized)
    struct RejectedFileTests {
        private let folder: TemporaryFolder
        private var file: URL { folder.file("rejected") }

        init() throws {
            folder = try TemporaryFolder()
        }

        private func broker(_ misbehaviours: String...) throws -> StandInBroker {
            let broker = try StandInBroker(in: folder, misbehaving: misbehaviours)
            try broker.start()
            return broker
        }

        @Test("it has each message that was rejected or given up, with the reason")
        func contents() throws {
            let broker = try broker("reject=%5:amqp:not-allowed", "modify-undeliverable=3")
            for _ in 1...2 {
                let run = try SenderRun(
                    port: broker.port, "-m", "10", "-i", "0", "--duplicate-id", "--run-id", "r",
                    "--rejected-file", file.path)
                _ = try run.process.wait(seconds: 30)
            }
            let lines = try lines()
            #expect(lines.map { $0["sequence"] as? Int } == [3, 5, 10, 5, 10])
            for line in lines {
                let sequence = line["sequence"] as? Int ?? 0
                #expect(line["id"] as? Int == sequence)
                #expect(line["body"] as? [String: Int] == ["sequence": sequence])
                #expect(line["duplicate_id"] as? String == "r-\(sequence)")
                #expect(line["outcome"] as? String == (sequence == 3 ? "given up" : "rejected"))
                #expect(line["condition"] as? String == (sequence == 3 ? nil : "amqp:not-allowed"))
            }
        }

        private func lines() throws -> [[String: Any]] {
            try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).compactMap {
                try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any]
            }
        }

        /// A peer that takes messages of this size at most, and accepts this many.
        private func peer(accepting count: UInt32, ofAtMost byteCount: UInt64) throws -> Peer {
            try Peer { connection in
                let attach = try connection.acceptUpToAttach()
                try connection.send(
                    .attach(answering: attach, maxMessageSize: byteCount), .flow(credit: 10))
                for delivery in 0..<count {
                    try connection.expect(.transfer)
                    try connection.send(.disposition(delivery...delivery, .accepted))
                }
                try connection.answerEnding()
            }
        }

        @Test(
            "a line that is larger than the link takes is kept there, and those behind it are sent")
        func tooLargeLine() throws {
            let peer = try peer(accepting: 2, ofAtMost: 100)
            let long = String(repeating: "x", count: 200)
            let run = try SenderRun(
                port: Int(peer.port), input: unlinkedFile("one\n\(long)\nthree\n"), "--stdin",
                "--rejected-file", file.path)
            let summary = try run.expectEnd(status: 1)
            #expect(summary.accepted == 2 && summary.givenUp == 1)
            let lines = try lines()
            #expect(lines.map { $0["sequence"] as? Int } == [2])
            #expect(lines.first?["body"] as? String == long)
            run.expectErrors("and the link takes at most 100")
            try peer.finish()
        }

        @Test("counted messages that are all larger than the link takes are all kept there")
        func tooLargeCounted() throws {
            let peer = try peer(accepting: 0, ofAtMost: 10)
            let run = try SenderRun(
                port: Int(peer.port), "-m", "3", "-i", "0", "--rejected-file", file.path)
            #expect(try run.expectEnd(status: 1).givenUp == 3)
            #expect(try lines().map { $0["sequence"] as? Int } == [1, 2, 3])
            try peer.finish()
        }

        @Test("one that can't be opened is wrong usage, and nobody is connected to")
        func notOpened() throws {
            let peer = try ClosingListener()
            let run = try SenderRun(
                port: peer.port, "--rejected-file", folder.file("no/such").path)
            #expect(try run.process.wait(seconds: 30) == 64)
            #expect(run.process.output.lines.isEmpty)
            #expect(run.process.errors.lines.count == 1)
            run.expectErrors("can't be opened for appending: No such file or directory")
            #expect(peer.count == 0)
        }

        @Test(
            "when it can't be written any more nothing new is taken, and the status is 2",
            .enabled(if: !Sanitizer.isOfThreads, "the thread sanitizer"))
        func notWritten() throws {
            let broker = try broker("reject=3+")
            // No file may grow.
            let run = try SenderRun(
                port: broker.port, shell: { "ulimit -f 0; exec \($0)" },
                "-m", "10000", "-i", "10", "--rejected-file", file.path)
            let summary = try run.expectEnd(status: 2)
            #expect(summary.accepted == 2 && summary.rejected >= 1 && summary.taken < 10_000)
            run.expectErrors("can't be written: File too large; nothing new is taken")
            run.expectErrors("of messages that were rejected or given up could not be written")
            run.expectErrors("stopped because a file can't be written")
        }

        @Test(
            "a message whose line could not be written is not final in the journal, and comes again",
            .enabled(if: !Sanitizer.isOfThreads, "the thread sanitizer"))
        func comesAgain() throws {
            let broker = try broker("reject")
            // No room for a line behind it, as no file may grow beyond this; the journal is small.
            try Data(repeating: UInt8(ascii: "\n"), count: 1024).write(to: file)
            func start(_ prefix: String) throws -> SenderRun {
                try SenderRun(
                    port: broker.port, shell: { "\(prefix)exec \($0)" },
                    "-m", "3", "-i", "0", "--window", "1", "--journal",
                    folder.file("journal").path, "--rejected-file", file.path)
            }
            let first = try start("ulimit -f 1; ").expectEnd(status: 2)
            #expect(first.rejected >= 1 && first.rejected == first.taken)
            #expect(try lines().isEmpty)

            let second = try start("").expectEnd(status: 1)
            #expect(second.rejected == 3)
            #expect(try lines().map { $0["sequence"] as? Int } == [1, 2, 3])
        }
    }
}
