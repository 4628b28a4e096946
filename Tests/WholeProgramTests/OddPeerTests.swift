// Peers that end, refuse or answer in ways that a broker rarely does, frame by frame.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import RawPeer
import Testing

extension WholeProgram {
    @Suite("Odd peers", .serialized)
    struct OddPeers {
        private func run(_ peer: Peer, _ options: String...) throws -> SenderRun {
            try SenderRun(port: Int(peer.port), options: ["-m", "3", "-i", "0"] + options)
        }

        /// Takes three messages, and accepts them together with other frames.
        private static func accept(_ connection: PeerConnection, and frames: Frame...) throws {
            try connection.acceptLink(credit: 3)
            for _ in 0..<3 { try connection.expect(.transfer) }
            let accepted = Frame.disposition(0...2, .accepted)
            try connection.write((accepted.encoded + frames.flatMap(\.encoded)))
        }

        @Test("A peer that ends together with the last acceptance is the end of a whole run")
        func endWithTheLastAcceptance() throws {
            let ends: [Frame] = [
                .close(), .close(name: "amqp:connection:forced"), .end(), .detach(),
            ]
            for end in ends {
                let peer = try Peer { connection in
                    try Self.accept(connection, and: end)
                    try connection.answerEnding()
                }
                let run = try run(peer, "--retry-attempts", "0")
                try run.expectAllAccepted(3)
                try peer.finish()
            }
            let peer = try Peer { connection in try Self.accept(connection) }
            try run(peer).expectAllAccepted(3)
        }

        @Test("SASL's system errors are waited out, a refused login is not")
        func saslOutcomes() throws {
            for outcome in [2, 4] as [UInt8] {
                let counter = Counter()
                let peer = try Peer(connectionCountMax: 2) { connection in
                    guard counter.next() == 1 else {
                        try Self.accept(connection)
                        return try connection.answerEnding()
                    }
                    _ = try connection.authenticate(outcome: outcome)
                }
                let run = try run(peer, "-r", "-s", "50")
                try run.expectAllAccepted(3)
                run.expectErrors("SASL outcome \(outcome)")
                try peer.finish()
            }
            for outcome in [1, 3] as [UInt8] {
                let peer = try Peer { connection in
                    _ = try connection.authenticate(outcome: outcome)
                }
                let run = try run(peer, "-r")
                try run.expectEnd(status: 2)
                run.expectErrors("the peer refused the authentication")
            }
        }

        @Test("A peer that wants settled messages is told of --pre-settled")
        func settledOnly() throws {
            let peer = try Peer { connection in
                let attach = try connection.acceptUpToAttach()
                try connection.send(
                    .attach(answering: attach, senderSettleMode: .ubyte(1)), .flow(credit: 3))
                try connection.answerEnding()
            }
            let run = try run(peer, "-r")
            try run.expectEnd(status: 2)
            run.expectErrors("--pre-settled")
        }

        @Test("A redirect ends the run, and its place is named")
        func redirect() throws {
            let info = Value.map([
                .symbol("network-host"), .string("router-2"), .symbol("port"), .ushort(5673),
                .symbol("address"), .string("other"),
            ])
            let peer = try Peer { connection in
                let attach = try connection.acceptUpToAttach()
                let error = Value.described(
                    0x1D, .list([.symbol("amqp:link:redirect"), .string("not here"), info]))
                var detach = Frame.detach()
                detach.fields[2] = error
                try connection.send(.attach(answering: attach, hasTarget: false), detach)
                try connection.answerEnding()
            }
            let run = try run(peer, "-r")
            try run.expectEnd(status: 2)
            run.expectErrors("router-2:5673/other")
        }

        @Test("The info of a rejection is in the rejected file and in the events")
        func rejectionInfo() throws {
            let folder = try TemporaryFolder()
            let error = Value.described(
                0x1D,
                .list([
                    .symbol("amqp:resource-limit-exceeded"), .string("too much"),
                    .map([.symbol("reason"), .symbol("property-limit-exceeded")]),
                ]))
            let peer = try Peer { connection in
                try connection.acceptLink(credit: 3)
                for _ in 0..<3 { try connection.expect(.transfer) }
                var rejected = Frame.disposition(0...2, nil)
                rejected.fields[4] = .described(0x25, .list([error]))
                try connection.send(rejected)
                try connection.answerEnding()
            }
            let (file, events) = (folder.file("rejected"), folder.file("events"))
            let run = try run(peer, "--rejected-file", file.path, "--events", events.path)
            try run.expectEnd(status: 1)
            for (text, count) in [
                (try String(contentsOf: file, encoding: .utf8), 3),
                (try String(contentsOf: events, encoding: .utf8), 3),
            ] {
                let found = text.split(separator: "\n").count {
                    $0.contains(#""info":{"reason":"property-limit-exceeded"}"#)
                }
                #expect(found == count, "\(text)")
            }
        }

        @Test("A message for us costs the connection, and with -r the run goes on")
        func messageForUs() throws {
            let counter = Counter()
            let peer = try Peer(connectionCountMax: 2) { connection in
                guard counter.next() == 1 else {
                    try Self.accept(connection)
                    return try connection.answerEnding()
                }
                try connection.acceptLink(credit: 3)
                for _ in 0..<3 { try connection.expect(.transfer) }
                var transfer = Frame(
                    .transfer, [.uint(0), .null, .null, .uint(0), .null, .bool(true)])
                transfer.payload = [0, 0x53, 0x77, 0x40]
                try connection.send(
                    transfer, .disposition(2...2, .rejected(name: "x", description: "")))
                try connection.drain()
            }
            let run = try run(peer, "-r", "-s", "50")
            try run.expectAllAccepted(3)
            run.expectErrors("amqp:session:window-violation")
        }
    }
}

/// Counts connections on the peer's thread.
private final class Counter: @unchecked Sendable {
    private var count = 0
    func next() -> Int {
        count += 1
        return count
    }
}
