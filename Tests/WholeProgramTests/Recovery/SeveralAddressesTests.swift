// Several addresses, and several links to one, over one connection.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Several addresses and links", .serialized)
    struct SeveralAddressesTests {
        private let folder: TemporaryFolder
        private static let addresses = ["link1.a", "link1.b"]

        init() throws {
            folder = try TemporaryFolder()
        }

        private func arguments(port: Int, _ options: String...) -> [String] {
            Self.addresses.flatMap { ["-a", "amqp://127.0.0.1:\(port)/\($0)"] } + options
        }

        /// The broker's sequences for an address, in the order of arrival.
        private func sequences(_ broker: StandInBroker, _ address: String) throws -> [Int] {
            try sequences(broker)[address] ?? []
        }

        private func sequences(_ broker: StandInBroker) throws -> [String: [Int]] {
            try Dictionary(grouping: broker.messages(), by: \.address)
                .mapValues { $0.map(\.sequence) }
        }

        @Test("a broker killed behind a router loses nothing of any address or link")
        func brokerKilled() throws {
            let network = try Network()
            let count = 12_000
            let run = try SenderRun(
                arguments(
                    port: network.ports.client, "--links", "2", "-m", "\(count)", "-i", "0", "-s",
                    "200"))
            try run.waitForAccepted(500, by: "link1.b link 2")
            try network.broker.kill()
            try run.waitForLine("link1.a link 1: on_sender_error: qd:routed-link-lost")
            try run.waitForLine("link1.b link 2: on_sender_error: qd:no-route-to-dest")
            try network.broker.start()
            let summary = try run.expectEnd(status: 0, seconds: 120)
            #expect(summary.accepted == 2 * count && summary.reconnects == 0)
            #expect(summary.linkLosses >= 4)
            #expect(run.process.output.lines.last == "all messages accepted")
            for address in Self.addresses {
                run.expectErrors("summary: \(address): taken \(count) = accepted \(count)")
                try network.broker.expectEverySequenceConsumed(upTo: count, address: address)
            }
        }

        @Test("each line of an input goes to every address, in order")
        func input() throws {
            let broker = try StandInBroker(in: folder, options: ["--credit", "20"])
            try broker.start()
            let count = 3000
            let file = folder.file("lines")
            try (1...count).map { "\($0)\n" }.joined().write(
                to: file, atomically: false, encoding: .utf8)
            let run = try SenderRun(
                arguments(port: broker.port, "--stdin", "-q"),
                input: FileHandle(forReadingFrom: file))
            #expect(try run.expectEnd(status: 0).accepted == 2 * count)
            let arrived = try sequences(broker)
            for address in Self.addresses { #expect(arrived[address] == Array(1...count)) }
        }

        @Test("an address that is refused ends alone, and the messages of the other are sent")
        func refused() throws {
            let broker = try StandInBroker(in: folder, misbehaving: ["refuse-attach=2"])
            try broker.start()
            let run = try SenderRun(arguments(port: broker.port, "-m", "50", "-i", "0"))
            let summary = try run.expectEnd(status: 2)
            #expect(summary.accepted == 50 && summary.notTaken == 50)
            run.expectErrors(
                "sender: link1.b: the peer gave an error that a retry does not cure: "
                    + "amqp:not-found")
            run.expectErrors("; the others go on")
            run.expectErrors("summary: link1.b: taken 0 = ")
            #expect(try sequences(broker, "link1.a") == Array(1...50))
        }

        @Test("an address that is refused ends an input: no message from there on could reach all")
        func refusedInput() throws {
            let broker = try StandInBroker(in: folder, misbehaving: ["refuse-attach=2"])
            try broker.start()
            // The input never ends by itself.
            let input = Pipe()
            try input.fileHandleForWriting.write(contentsOf: Data("1\n2\n3\n".utf8))
            let run = try SenderRun(arguments(port: broker.port, "--stdin"), input: input)
            let accepted = try run.expectEnd(status: 2).accepted
            run.expectErrors("nothing more is taken from standard input")
            // The messages that were taken before the refusal came: none, or some.
            #expect(try sequences(broker, "link1.a") == Array([1, 2, 3].prefix(accepted)))
        }

        @Test("an address that takes nothing holds up an input once the other is a window ahead")
        func heldUp() throws {
            let broker = try StandInBroker(in: folder, misbehaving: ["withhold-attach=2+"])
            try broker.start()
            let file = folder.file("lines")
            try (1...100).map { "\($0)\n" }.joined().write(
                to: file, atomically: false, encoding: .utf8)
            let run = try SenderRun(
                arguments(
                    port: broker.port, "--stdin", "--window", "10", "--open-timeout", "2000", "-s",
                    "200"),
                input: FileHandle(forReadingFrom: file))
            try run.waitForAccepted(10, by: "link1.a")
            try run.waitForLine("link1.b: reopen_sender", count: 2)
            run.process.kill(SIGINT)
            let summary = try run.expectEnd(status: 130)
            #expect(summary.accepted == 10 && summary.taken == 10)
            #expect(try sequences(broker, "link1.a") == Array(1...10))
        }

        @Test("a killed sender goes on where it was for each address")
        func journal() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let count = 10_000
            func start() throws -> SenderRun {
                try SenderRun(
                    arguments(
                        port: broker.port, "-m", "\(count)", "-i", "0", "--links", "2",
                        "--duplicate-id", "--journal", folder.file("journal").path))
            }
            for accepted in [300, 600] {
                let run = try start()
                try run.waitForAccepted(accepted, by: "link1.b link 1")
                try run.process.killAndWait()
            }
            let last = try start()
            let summary = try last.expectEnd(status: 0, seconds: 120)
            last.expectErrors("resuming: of the messages so far ")
            #expect(summary.taken < 2 * count)
            let arrived = try sequences(broker)
            for address in Self.addresses {
                #expect(arrived[address]?.sorted() == Array(1...count))
            }
            #expect(try start().expectEnd(status: 0).taken == 0)

            let other = try SenderRun(
                port: broker.port, address: "link1.a",
                options: ["--journal", folder.file("journal").path])
            #expect(try other.process.wait(seconds: 30) == 64)
            other.expectErrors(#"holds messages for "link1.a", "link1.b", not for "link1.a""#)
        }

        @Test("a killed sender goes on in its input for each address", arguments: [true, false])
        func journaledInput(isPipe: Bool) throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            // A pipe has to hold more than one read takes.
            let count = isPipe ? 20_000 : 8_000
            let file = folder.file("lines")
            try (1...count).map { "\($0)\n" }.joined().write(
                to: file, atomically: false, encoding: .utf8)
            let pipe = Pipe()
            let feeder =
                try isPipe
                ? ChildProcess(
                    "cat", executable: URL(filePath: "/bin/cat"), arguments: [file.path],
                    output: pipe) : nil
            defer { try? feeder?.killAndWait() }
            func start() throws -> SenderRun {
                try SenderRun(
                    arguments(
                        port: broker.port, "--stdin", "--duplicate-id", "--journal",
                        folder.file("journal").path),
                    input: isPipe ? pipe.fileHandleForReading : FileHandle(forReadingFrom: file))
            }
            let first = try start()
            try first.waitForAccepted(500, by: "link1.a")
            try first.process.killAndWait()
            let last = try start()
            try last.expectEnd(status: 0, seconds: 120)
            let arrived = try sequences(broker)
            for address in Self.addresses {
                let own = arrived[address] ?? []
                if isPipe {
                    // A line of which the killed run had read a part is lost with it.
                    #expect(Set(own).count == own.count)
                } else {
                    #expect(own.sorted() == Array(1...count))
                }
            }
            #expect(Set(arrived["link1.a"] ?? []) == Set(arrived["link1.b"] ?? []))
        }

        @Test("events and rejected file name the address, and the link if there are several")
        func names() throws {
            let broker = try StandInBroker(in: folder, misbehaving: ["reject=1"])
            try broker.start()
            let (events, rejected) = (folder.file("events"), folder.file("rejected"))
            let run = try SenderRun(
                arguments(
                    port: broker.port, "-m", "10", "-i", "100", "--links", "2", "--events",
                    events.path,
                    "--rejected-file", rejected.path))
            #expect(try run.expectEnd(status: 1).rejected >= 1)
            let line = try String(contentsOf: rejected, encoding: .utf8)
            #expect(line.contains(#""address":"link1."#))
            let outcomes = try String(contentsOf: events, encoding: .utf8)
                .split(separator: "\n").filter { $0.contains(#""event":"outcome""#) }
            #expect(outcomes.count == 20)
            for address in Self.addresses {
                for link in 1...2 {
                    let ours = #""address":"\#(address)","link":\#(link),"sequence":"#
                    #expect(outcomes.contains { $0.contains(ours) })
                }
            }
        }

        @Test("--check tries every address")
        func check() throws {
            let broker = try StandInBroker(in: folder, misbehaving: ["refuse-attach=2"])
            try broker.start()
            let run = try SenderRun(arguments(port: broker.port, "--check"))
            #expect(try run.process.wait(seconds: 30) == 2)
            for address in Self.addresses {
                #expect(
                    run.process.output.lines.contains { $0.contains(address) },
                    "\(run.process.allOutput)")
            }
        }

        @Test("a hundred links to an address share its messages")
        func manyLinks() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let run = try SenderRun(
                port: broker.port, "--links", "100", "-m", "1000", "-i", "0", "--window", "10")
            try run.expectEnd(status: 0)
            try broker.expectEverySequence(upTo: 1000)
            // Those that have credit late may find nothing left.
            let links = (1...100).filter { link in
                run.process.output.lines.contains { $0.hasPrefix("link \(link): sent=") }
            }
            #expect(links.count > 1)
        }
    }
}
