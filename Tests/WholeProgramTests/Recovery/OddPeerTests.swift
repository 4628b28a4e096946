// Peers that end, refuse or answer in rare ways, frame by frame.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import RawPeer
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Odd peers", .serialized)
    struct OddPeerTests {
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

        @Test("a peer that ends together with the last acceptance is the end of a whole run")
        func endWithAcceptance() throws {
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

        @Test("an address that does not fit into the peer's frames is the end of the run")
        func smallFrames() throws {
            let peer = try Peer { connection in
                _ = try connection.greet()
                var open = Frame.open()
                open.fields[2] = .uint(512)
                try connection.send(open)
                try connection.expect(.begin)
                try connection.send(.begin())
                // No attach comes.
                try connection.expect(.close)
                try connection.send(.close())
            }
            let address = String(repeating: "a", count: 600)
            let run = try SenderRun(["-a", "amqp://127.0.0.1:\(peer.port)/\(address)", "-m", "3"])
            try run.expectEnd(status: 2)
            run.expectErrors("the attach is larger than the frames that the peer takes")
            try peer.finish()
        }

        @Test("behind unanswered attaches no handle is used that the peer does not allow")
        func handleMax() throws {
            let peer = try Peer { connection in
                _ = try connection.greet()
                try connection.send(.open())
                try connection.expect(.begin)
                try connection.send(.begin(handleMax: 0))
                try connection.expect(.attach)
                // The next link asks on a session of its own.
                while true {
                    guard let frame = try connection.read() else { throw PeerError("the end") }
                    switch frame.performative {
                    case .begin:
                        try connection.send(.begin(on: frame.channel))
                    case .end:
                        try connection.send(.end(on: frame.channel))
                    case .attach:
                        guard frame[1].number == 0 else { throw PeerError("\(frame)") }
                        try connection.send(
                            .attach(answering: frame), .flow(credit: 3, on: frame.channel))
                        for _ in 0..<3 { try connection.expect(.transfer) }
                        try connection.send(.disposition(0...2, .accepted, on: frame.channel))
                        return try connection.answerEnding()
                    default: break
                    }
                }
            }
            let run = try run(peer, "--open-timeout", "5000", "-s", "50")
            try run.expectAllAccepted(3)
            try peer.finish()
        }

        @Test(
            "outcomes by symbolic descriptors count, and a vendor's own state is told by its name")
        func symbolicOutcomes() throws {
            @Sendable func state(_ symbol: String) -> Value {
                .raw([0x00] + Value.symbol(symbol).encoded + Value.list([]).encoded)
            }
            let peer = try Peer { connection in
                try connection.acceptLink(credit: 4)
                for _ in 0..<3 { try connection.expect(.transfer) }
                var parked = Frame.disposition(2...2, nil)
                parked.fields[4] = state("vendor:parked:list")
                var accepted = Frame.disposition(0...1, nil)
                accepted.fields[4] = state("amqp:accepted:list")
                try connection.send(parked, accepted)
                try connection.expect(.transfer)
                accepted.fields[1] = .uint(3)
                accepted.fields[2] = .null
                try connection.send(accepted)
                try connection.answerEnding()
            }
            let run = try run(peer)
            try run.expectAllAccepted(3)
            run.expectErrors("vendor:parked:list")
            try peer.finish()
        }

        @Test("a password that is replaced in its file is what the next connection shows")
        func replacedPassword() throws {
            let folder = try TemporaryFolder()
            let file = folder.file("password")
            func replace(_ password: String) throws {
                try Data("\(password)\n".utf8).write(to: file)
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o600], ofItemAtPath: file.path)
            }
            try replace("first")
            let counter = Counter()
            let shown = Texts()
            let isRefused = DispatchSemaphore(value: 0)
            let peer = try Peer(connectionCountMax: 3) { connection in
                let number = counter.next()
                let answer = try connection.authenticate(
                    offering: "PLAIN", outcome: number == 2 ? 1 : 0)
                if case .binary(let bytes) = answer[1] {
                    shown.append(String(decoding: bytes, as: UTF8.self))
                }
                guard number != 2 else {
                    isRefused.signal()
                    return
                }
                try connection.acceptLinkBehindSASL(credit: number == 1 ? 1 : 2)
                try connection.expect(.transfer)
                if number == 1 { return try connection.send(.disposition(0...0, .accepted)) }
                try connection.expect(.transfer)
                try connection.send(.disposition(0...1, .accepted))
                try connection.answerEnding()
            }
            let run = try run(peer, "-r", "-s", "50", "-u", "bo", "--password-file", file.path)
            try #require(isRefused.wait(timeout: .now() + 30) == .success)
            try replace("second")
            try run.expectAllAccepted(3)
            try peer.finish()
            #expect(shown.all == ["\0bo\0first", "\0bo\0first", "\0bo\0second"])
        }

        @Test("a peer that offers PLAIN only, to a run without a user, is answered with --user")
        func plainWithoutUser() throws {
            let peer = try Peer { connection in
                _ = try? connection.authenticate(offering: "PLAIN")
            }
            let run = try run(peer, "-r")
            try run.expectEnd(status: 2)
            run.expectErrors("it requires a login: add --user USER")
        }

        @Test("a peer that wants settled messages leads to a hint at --pre-settled")
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

        @Test("a redirect ends the run, and its place is named")
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

        @Test("the info of a rejection is in the rejected file and in the events")
        func rejectionInfo() throws {
            let folder = try TemporaryFolder()
            let info = Value.map([.symbol("reason"), .symbol("property-limit-exceeded")])
            let peer = try Peer { connection in
                try connection.acceptLink(credit: 3)
                for _ in 0..<3 { try connection.expect(.transfer) }
                try connection.send(
                    .rejection(of: 0...2, name: "amqp:resource-limit-exceeded", info: info))
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

        @Test("an info that is no map, or too large, is left out, and a nested one is cut")
        func oddInfo() throws {
            let folder = try TemporaryFolder()
            let deep = Value.map([.string("d"), .map([.string("e"), .uint(1)])])
            let infos: [Value] = [
                .string("no map"),
                .map([
                    .symbol("a"),
                    .map([.string("b"), .list([.uint(1), .map([.string("c"), deep])])]),
                ]),
                .map([.symbol("k"), .string(String(repeating: "x", count: 5000))]),
            ]
            let peer = try Peer { connection in
                try connection.acceptLink(credit: 3)
                for _ in 0..<3 { try connection.expect(.transfer) }
                for (id, info) in infos.enumerated() {
                    try connection.send(.rejection(of: UInt32(id)...UInt32(id), info: info))
                }
                try connection.answerEnding()
            }
            let events = folder.file("events")
            let run = try run(peer, "--events", events.path)
            #expect(try run.expectEnd(status: 1).rejected == 3)
            try peer.finish()
            let outcomes = try String(contentsOf: events, encoding: .utf8).split(separator: "\n")
                .filter { $0.contains(#""event":"outcome""#) }
            #expect(outcomes.count == 3)
            #expect(outcomes.map { $0.contains(#""info":"#) } == [false, true, false])
            #expect(
                outcomes.dropFirst().first?.contains(#""info":{"a":{"b":[1,{"c":null}]}}"#) == true,
                "\(outcomes)")
        }

        @Test("a message for us costs the connection, and with -r the run goes on")
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

/// Texts that the peer's thread has gathered.
private final class Texts: @unchecked Sendable {
    private let lock = NSLock()
    private var gathered: [String] = []

    var all: [String] { lock.withLock { gathered } }

    func append(_ text: String) {
        lock.withLock { gathered.append(text) }
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
