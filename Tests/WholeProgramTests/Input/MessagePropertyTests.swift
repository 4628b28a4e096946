// Message properties, read by another client and used by real brokers.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Message properties", .serialized)
    struct MessagePropertyTests {
        private static let uuid = "00112233-4455-6677-8899-aabbccddeeff"

        /// One of each option, and of each type.
        private static let options = [
            "--ttl", "600000", "--priority", "7", "--subject", "a b", "--to", "nowhere",
            "--reply-to", "r/q", "--correlation-id", "c-1",
            "--content-type", "text/plain; charset=utf-8", "--group-id", "gé",
            "--property", "s=x=y", "--property", "i:int=-5", "--property", "l:long=5000000000",
            "--property", "d:double=1.5", "--property", "b:bool=true",
            "--property", "y:symbol=sy", "--property", "u:uuid=\(uuid)",
            "--property", "t:timestamp=2026-01-31T23:59:59.5Z", "--property", "a:b:string=",
            "--property", "ul:ulong=18446744073709551615", "--property", "by:binary=aGk=",
            "--annotation", "x-opt-s=1", "--annotation", "x-opt-u:uuid=\(uuid)",
            "--annotation", "x-opt-i:int=7", "--annotation", "x-opt-b:binary=aGk=",
        ]

        @Test("another client finds every section of a message, each value with its type")
        func standIn() throws {
            let folder = try TemporaryFolder()
            let broker = try StandInBroker(in: folder)
            try broker.start()
            try sendAndReadEverything(port: broker.port)
        }

        @Test("wrong usage ends before anything is sent")
        func wrongUsage() throws {
            let folder = try TemporaryFolder()
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let run = try SenderRun(port: broker.port, "--property=a:integer=5", "-m", "1")
            #expect(try run.process.wait(seconds: 30) == 64)
            run.expectErrors(#"sender: --property is "a:integer=5", but "integer" is no type"#)
            #expect(run.process.output.lines.isEmpty && run.process.errors.lines.count == 1)
            #expect(try broker.messages().isEmpty)
        }

        @Test("RabbitMQ keeps every section, and drops what has expired")
        func rabbitMQ() throws {
            let folder = try TemporaryFolder()
            let broker = try RealBroker("rabbitmq", in: folder)
            try broker.start()
            let isOld = RealBroker.isRabbitMQOld
            try sendAndReadEverything(
                port: broker.port,
                addedHeader: ["first-acquirer": "bool:true"]
                    .merging(isOld ? [:] : ["delivery-count": "uint:0"]) { $1 },
                addedAnnotations: isOld
                    ? [:]
                    : [
                        "symbol:x-exchange": "string:", "symbol:x-routing-key": "string:link1.test",
                    ])
            try send(3, to: broker.port, "--ttl", "1")
            #expect(try Taking(port: broker.port, "--idle", "1").messages().isEmpty)
        }

        @Test(
            "Artemis keeps every section, and does what they ask for",
            .enabled(
                if: RealBroker.reasonToSkip("artemis") == nil,
                "skipped: ARTEMIS_HOME does not name an unpacked distribution"))
        func artemis() throws {
            let folder = try TemporaryFolder()
            let broker = try RealBroker("artemis", in: folder)
            try broker.start()
            try sendAndReadEverything(port: broker.port)
            try expectPriorities(port: broker.port)
            try expectExpiry(port: broker.port)
            try expectGroups(port: broker.port)
            try expectLastValues(port: broker.port)
            try expectDelay(port: broker.port)
        }

        private func send(
            _ count: Int, to port: Int, address: String = "link1.test", _ options: String...
        ) throws {
            let run = try SenderRun(
                port: port, address: address, options: ["-m", "\(count)", "-i", "0"] + options)
            try run.expectAllAccepted(count)
        }

        private func sendAndReadEverything(
            port: Int, addedHeader: [String: String] = [:],
            addedAnnotations: [String: String] = [:]
        ) throws {
            let run = try SenderRun(
                port: port,
                options: Self.options
                    + ["-m", "2", "-i", "0", "--duplicate-id", "--run-id", "r"])
            try run.expectAllAccepted(2)
            run.expectErrors("warning: a router that has lost the broker behind a link")

            let messages = try Taking(port: port, "--messages", "2", "--idle", "30").messages()
            #expect(messages.count == 2)
            for (message, sequence) in zip(messages, 1...) {
                let header = ["durable": "bool:true", "priority": "ubyte:7", "ttl": "uint:600000"]
                #expect(message.header == header.merging(addedHeader) { $1 })
                let annotations = [
                    "symbol:x-opt-s": "string:1", "symbol:x-opt-u": "uuid:\(Self.uuid)",
                    "symbol:x-opt-i": "int:7",
                    "symbol:x-opt-b": "binary:6869",
                ]
                #expect(message.annotations == annotations.merging(addedAnnotations) { $1 })
                #expect(
                    message.properties == [
                        "message-id": "ulong:\(sequence)", "subject": "string:a b",
                        "to": "string:nowhere", "reply-to": "string:r/q",
                        "correlation-id": "string:c-1", "group-id": "string:gé",
                        "content-type": "symbol:text/plain; charset=utf-8",
                    ])
                #expect(
                    message.applicationProperties == [
                        "s": "string:x=y", "i": "int:-5", "l": "long:5000000000",
                        "d": "double:1.5", "b": "bool:true", "y": "symbol:sy",
                        "u": "uuid:\(Self.uuid)", "t": "timestamp:1769903999500",
                        "ul": "ulong:18446744073709551615", "by": "binary:6869", "a:b": "string:",
                        "_AMQ_DUPL_ID": "string:r-\(sequence)",
                    ])
                #expect(message.value == ["sequence": "ulong:\(sequence)"])
            }
        }

        /// The urgent ones leave first, and one without a priority has 4.
        private func expectPriorities(port: Int) throws {
            try send(2, to: port, "--priority", "3")
            try send(2, to: port, "--priority", "9")
            try send(2, to: port)
            try send(2, to: port, "--priority", "5")
            let priorities = try Taking(port: port, "--messages", "8", "--idle", "30").messages()
                .map { $0.header?["priority"] }
            #expect(
                priorities == [
                    "ubyte:9", "ubyte:9", "ubyte:5", "ubyte:5", nil, nil, "ubyte:3", "ubyte:3",
                ])
        }

        /// An expired message is not in its queue any more, but where the broker puts such messages.
        private func expectExpiry(port: Int) throws {
            try send(3, to: port, "--ttl", "1")
            try send(1, to: port, "--ttl", "600000")
            let left = try Taking(port: port, "--idle", "5").messages()
            #expect(left.map { $0.header?["ttl"] } == ["uint:600000"])
            let expired = try Taking(
                port: port, address: "ExpiryQueue", "--messages", "3", "--idle", "30"
            ).messages()
            #expect(expired.map { $0.value?["sequence"] } == ["ulong:1", "ulong:2", "ulong:3"])
        }

        /// Messages of a group have one consumer; others are shared out.
        private func expectGroups(port: Int) throws {
            for (options, consumerCount) in [(["--group-id", "g"], 1), ([], 2)] {
                let taking = try Taking(
                    port: port, "--consumers", "2", "--messages", "20", "--idle", "30")
                let run = try SenderRun(port: port, options: ["-m", "20", "-i", "0"] + options)
                try run.expectAllAccepted(20)
                let messages = try taking.messages()
                #expect(messages.count == 20)
                #expect(Set(messages.map(\.consumer)).count == consumerCount)
            }
        }

        /// Of the messages with the same key only the last is kept.
        private func expectLastValues(port: Int) throws {
            let address = "link1.last"
            for (key, count) in [("wind", 3), ("rain", 5)] {
                try send(count, to: port, address: address, "--property", "_AMQ_LVQ_NAME=\(key)")
            }
            let messages = try Taking(port: port, address: address, "--idle", "5").messages()
            let kept = messages.map {
                [$0.applicationProperties?["_AMQ_LVQ_NAME"], $0.value?["sequence"]]
            }
            #expect(Set(kept) == [["string:wind", "ulong:3"], ["string:rain", "ulong:5"]])
            #expect(kept.count == 2)
        }

        /// A message that is to be delivered later is behind one that came after it.
        private func expectDelay(port: Int) throws {
            try send(1, to: port, "--annotation", "x-opt-delivery-delay:long=10000")
            try send(2, to: port)
            let messages = try Taking(port: port, "--messages", "3", "--idle", "30").messages()
            #expect(messages.map { $0.value?["sequence"] } == ["ulong:1", "ulong:2", "ulong:1"])
            #expect(messages.last?.annotations?.isEmpty == false)
        }
    }
}
