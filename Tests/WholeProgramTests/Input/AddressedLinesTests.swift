// Lines of JSON that name their addresses.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Lines that name their addresses", .serialized)
    struct AddressedLinesTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        /// A line for each of these addresses, whose body is its number; nil: it names none.
        private func lines(_ addresses: [String?]) -> String {
            addresses.enumerated().map { index, address in
                let named = address.map { #","address":"\#($0)""# } ?? ""
                return #"{"body":\#(index + 1)\#(named)}"# + "\n"
            }.joined()
        }

        private func start(
            port: Int, _ options: String..., input: Any
        ) throws -> SenderRun {
            try SenderRun(
                ["-a", "amqp://127.0.0.1:\(port)/link1.own", "--json"] + options, input: input)
        }

        private func file(_ text: String) throws -> FileHandle {
            let file = folder.file("lines")
            try text.write(to: file, atomically: false, encoding: .utf8)
            return try FileHandle(forReadingFrom: file)
        }

        /// Says where messages of each address stand in the input, in the order of their arrival.
        private func arrived(_ broker: StandInBroker) throws -> [String: [Int]] {
            arrived(try broker.messages())
        }

        private func arrived(_ messages: [StandInBroker.StoredMessage]) -> [String: [Int]] {
            Dictionary(grouping: messages, by: \.address).mapValues { $0.map(\.sequence) }
        }

        private func expected(_ addresses: [String?], own: String) -> [String: [Int]] {
            Dictionary(grouping: addresses.indices) { addresses[$0] ?? own }
                .mapValues { $0.map { $0 + 1 } }
        }

        @Test("each line goes to the address that it names, over a link of its own, in order")
        func addresses() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let addresses = (0..<2000).map { $0 % 5 == 0 ? nil : "link1.\($0 % 7)" }
            let run = try start(
                port: broker.port, "--links", "2", input: file(lines(addresses)))
            let summary = try run.expectEnd(status: 0)
            #expect(summary.accepted == 2000 && summary.longestInterruption == 0)
            var there = try arrived(broker)
            // Two links share these, so that they may come in another order.
            there["link1.own"]?.sort()
            #expect(there == expected(addresses, own: "link1.own"))
            run.expectErrors("summary: link1.own: taken 400 = accepted 400 ")
            run.expectErrors("summary: link1.3: taken 229 = accepted 229 ")
            #expect(run.process.output.lines.contains("link1.3: on_sender_open: credit=true"))
        }

        @Test("a broker killed behind a router loses nothing of any address")
        func brokerKilled() throws {
            let network = try Network()
            let addresses = (0..<12_000).map { $0 % 4 == 0 ? nil : "link1.\($0 % 4)" }
            let run = try start(
                port: network.ports.client, "-s", "200", input: file(lines(addresses)))
            try run.waitForAccepted(100, by: "link1.2")
            try network.broker.kill()
            try run.waitForLine("link1.1: on_sender_error: qd:routed-link-lost")
            try network.broker.start()
            let summary = try run.expectEnd(status: 0, seconds: 120)
            #expect(summary.accepted == 12_000 && summary.linkLosses >= 4)
            #expect(
                try arrived(network.broker).mapValues { Set($0).sorted() }
                    == expected(addresses, own: "link1.own"))
        }

        @Test("more addresses than there may be links share these, the one idle for longest first")
        func manyAddresses() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let addresses = (0..<700).map { "link1.\($0 % 350)" }
            let run = try start(port: broker.port, "-q", input: file(lines(addresses)))
            // Slow without -O, and slower with a sanitizer.
            let summary = try run.expectEnd(status: 0, seconds: 600)
            #expect(summary.accepted == 700 && summary.longestInterruption == 0)
            #expect(try arrived(broker) == expected(addresses, own: ""))
            run.expectErrors("summary: other addresses: taken ")
        }

        @Test("an address that is refused ends the input, where a line is for it")
        func refused() throws {
            let broker = try StandInBroker(in: folder, misbehaving: ["refuse-attach=2"])
            try broker.start()
            // The input never ends by itself.
            let input = Pipe()
            let run = try start(port: broker.port, input: input)
            try run.waitForLine("on_sender_open: credit=true")
            try input.fileHandleForWriting.write(contentsOf: Data(lines(["link1.bad"]).utf8))
            try run.process.waitForErrors("link1.bad: the peer gave an error")
            #expect(try run.expectEnd(status: 2).notTaken == 1)
            run.expectErrors("1 message had been read from standard input and was not taken")
        }

        @Test("killed and started again, each address gets its rest", arguments: [true, false])
        func journal(isPipe: Bool) throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let count = isPipe ? 20_000 : 8_000
            let addresses = (0..<count).map { $0 % 3 == 0 ? nil : "link1.\($0 % 3)" }
            let file = try file(lines(addresses))
            let pipe = Pipe()
            let feeder =
                try isPipe
                ? ChildProcess(
                    "cat", executable: URL(filePath: "/bin/cat"),
                    arguments: [folder.file("lines").path], output: pipe) : nil
            defer { try? feeder?.killAndWait() }
            func begin() throws -> SenderRun {
                try start(
                    port: broker.port, "--duplicate-id", "--journal",
                    folder.file("journal").path, input: isPipe ? pipe.fileHandleForReading : file)
            }
            let first = try begin()
            try first.waitForAccepted(500, by: "link1.1")
            try first.process.killAndWait()
            try file.seek(toOffset: 0)
            try begin().expectEnd(status: 0, seconds: 120)
            let messages = try broker.messages()
            let there = arrived(messages).mapValues { Set($0) }
            let expected = expected(addresses, own: "link1.own").mapValues { Set($0) }
            guard isPipe else { return #expect(there == expected) }
            // Lines that the killed run had read, and not in its journal yet, are lost with it.
            #expect(Set(messages.map(\.sequence)).count == messages.count)
            for message in messages {
                let line = try #require(Int(message.body))
                #expect(message.address == addresses[line - 1] ?? "link1.own")
            }
        }

        @Test("what waits when the time is over is left to the next run on the same file")
        func timeOver() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let addresses = (0..<300).map { $0 % 10 == 0 ? "link1.a" : nil }
            let file = try file(lines(addresses))
            let first = try start(
                port: broker.port, "-q", "--rate", "20", "--duration", "1s", input: file)
            let summary = try first.expectEnd(status: 0)
            #expect(summary.accepted < 100 && summary.notTaken > 100)
            try start(port: broker.port, "-q", input: file).expectEnd(status: 0)
            let there = Dictionary(grouping: try broker.messages(), by: \.address)
                .mapValues { Set($0.compactMap { Int($0.body) }) }
            #expect(there == expected(addresses, own: "link1.own").mapValues { Set($0) })
        }

        @Test("events, the rejected file and its repetition have the address")
        func names() throws {
            let broker = try StandInBroker(in: folder, misbehaving: ["reject=2"])
            try broker.start()
            let (events, rejected) = (folder.file("events"), folder.file("rejected"))
            let run = try start(
                port: broker.port,
                "--window", "1", "--events", events.path, "--rejected-file", rejected.path,
                input: file(lines(["link1.a", "link1.a"])))
            #expect(try run.expectEnd(status: 1).rejected == 1)
            let line = try String(contentsOf: rejected, encoding: .utf8)
            #expect(line.contains(#""address":"link1.a""#))
            let lines = try String(contentsOf: events, encoding: .utf8).split(separator: "\n")
            #expect(
                lines.count { $0.contains(#""event":"outcome","address":"link1.a","sequence":"#) }
                    == 2)
            let again = try start(port: broker.port, input: FileHandle(forReadingFrom: rejected))
            #expect(try again.expectEnd(status: 0).accepted == 1)
            #expect(try arrived(broker)["link1.a"]?.count == 2)
        }

        @Test("with several -a no line names another")
        func severalAddresses() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let run = try SenderRun(
                [
                    "-a", "amqp://127.0.0.1:\(broker.port)/link1.a", "-a",
                    "amqp://127.0.0.1:\(broker.port)/link1.b", "--json",
                ],
                input: file(lines([nil, "link1.c"])))
            #expect(try run.expectEnd(status: 65).accepted == 2)
            run.expectErrors(#"names the address "link1.c", and each line goes to every -a"#)
        }
    }
}
