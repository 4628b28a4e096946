// Messages that are sent in pieces, and what may happen between two of them.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import RawPeer
import Synchronization
import TestSupport
import Testing

/// The messages that a peer has received whole.
private final class Deliveries: Sendable {
    private let sizes = Mutex<[Int]>([])

    var all: [Int] { sizes.withLock { $0 } }

    func add(_ size: Int) {
        sizes.withLock { $0.append(size) }
    }
}

extension PeerConnection {
    /// Reads transfers up to the end of a delivery; returns its payload, nil when it was aborted.
    fileprivate func delivery() throws -> [UInt8]? {
        var payload: [UInt8] = []
        while true {
            let transfer = try expect(.transfer)
            if transfer.isAborted { return nil }
            payload += transfer.payload
            if !transfer.isMore { return payload }
        }
    }

    /// Accepts whole deliveries, and then the end.
    fileprivate func accept(
        _ ids: ClosedRange<UInt32>, _ deliveries: Deliveries
    ) throws {
        for id in ids {
            deliveries.add(try delivery()?.count ?? -1)
            try send(.disposition(id...id, .accepted))
        }
        try answerEnding()
    }
}

extension WholeProgram {
    @Suite("Large messages", .serialized)
    struct LargeMessageTests {
        private let folder: TemporaryFolder
        private let content: URL
        private static let size = 5_000_000
        /// Header, properties and the section of the body take some 30 bytes.
        private static let wholeSizes = size...size + 100

        init() throws {
            folder = try TemporaryFolder()
            content = folder.file("content")
            try Data(repeating: UInt8(ascii: "x"), count: Self.size).write(to: content)
        }

        private func run(_ peer: Peer, count: Int, _ options: String...) throws -> SenderRun {
            try SenderRun(
                port: Int(peer.port),
                options: ["--content-file", content.path, "-m", "\(count)", "-i", "0", "-s", "50"]
                    + options)
        }

        @Test("a link that is lost within a message has it sent again, whole")
        func lostLink() throws {
            let deliveries = Deliveries()
            let peer = try Peer { connection in
                try connection.acceptLink(credit: 10)
                for _ in 0..<20 { try connection.expect(.transfer) }
                try connection.send(.detach(name: "qd:routed-link-lost"))
                // Frames of it that are on their way come before the new attach.
                var attach = try connection.read()
                while let frame = attach, frame.performative != .attach {
                    attach = try connection.read()
                }
                guard let attach else { return }
                let handle = UInt32(attach[1].number ?? 0)
                try connection.send(.attach(answering: attach), .flow(credit: 10, handle: handle))
                try connection.accept(1...2, deliveries)
            }
            try run(peer, count: 2).expectAllAccepted(2)
            try peer.finish()
            #expect(deliveries.all.count == 2)
            #expect(deliveries.all.allSatisfy(Self.wholeSizes.contains))
        }

        @Test("one that is released within is aborted and sent again, one that is rejected is not")
        func earlyOutcomes() throws {
            let deliveries = Deliveries()
            let peer = try Peer { connection in
                _ = try connection.greet()
                try connection.send(.open())
                try connection.expect(.begin)
                // Not more than this leaves before the outcome comes.
                try connection.send(.begin(incomingWindow: 8))
                let attach = try connection.expect(.attach)
                try connection.send(
                    .attach(answering: attach), .flow(credit: 10, incomingWindow: 8))
                for id in 0...1 as ClosedRange<UInt32> {
                    for _ in 0..<8 { try connection.expect(.transfer) }
                    let state =
                        id == 0
                        ? DeliveryState.released
                        : .rejected(name: "app:no", description: "not this")
                    let next = id == 0 ? 8 : 17 as UInt32
                    try connection.send(
                        .disposition(id...id, state),
                        .flow(
                            credit: 10, deliveryCount: id, nextIncomingID: next,
                            incomingWindow: id == 0 ? 9 : 1_000_000))
                    #expect(try connection.delivery() == nil)
                }
                try connection.accept(2...2, deliveries)
            }
            let rejected = folder.file("rejected")
            let run = try run(peer, count: 2, "--rejected-file", rejected.path)
            let summary = try run.expectEnd(status: 1)
            #expect(summary.accepted == 1 && summary.rejected == 1)
            #expect(deliveries.all.allSatisfy(Self.wholeSizes.contains))
            #expect(try Data(contentsOf: rejected).count > Self.size)
            try peer.finish()
        }

        @Test(
            "one that is accepted before its end is in doubt: the connection ends, and it is sent again"
        )
        func earlyAcceptance() throws {
            let deliveries = Deliveries()
            let hasAccepted = Mutex(false)
            let peer = try Peer(connectionCountMax: 2) { connection in
                let isSecond = hasAccepted.withLock { hasAccepted in
                    defer { hasAccepted = true }
                    return hasAccepted
                }
                if isSecond {
                    try connection.acceptLink(credit: 10)
                    return try connection.accept(0...0, deliveries)
                }
                try connection.acceptLink(credit: 10, incomingWindow: 8)
                try connection.expect(.transfer)
                try connection.send(.disposition(0...0, .accepted))
                try connection.drain()
            }
            let run = try run(peer, count: 1, "-r")
            try run.expectAllAccepted(1)
            run.expectErrors("the peer accepted a message before its end")
            #expect(deliveries.all.count == 1)
            try peer.finish()
        }

        @Test("a drain within a message is answered behind it")
        func drain() throws {
            let deliveries = Deliveries()
            let peer = try Peer { connection in
                try connection.acceptLink(credit: 3)
                try connection.expect(.transfer)
                try connection.send(.flow(credit: 3, drain: true))
                deliveries.add(try connection.delivery()?.count ?? -1)
                var frame = try connection.expect(.flow)
                // All credit is gone, by messages or given back.
                while frame[6].number != 0 { frame = try connection.expect(.flow) }
                try connection.send(.disposition(0...0, .accepted))
                try connection.answerEnding()
            }
            try run(peer, count: 1).expectAllAccepted(1)
            #expect(deliveries.all.allSatisfy(Self.wholeSizes.contains))
            try peer.finish()
        }

        @Test("lines keep their order around a large one, and all of it arrives")
        func lines() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            // With what stands before it, a little more than the 1 MiB of a line, and of a piece.
            let large = String(repeating: "y", count: (1 << 20) - 8)
            let input = try unlinkedFile("one\n\(large)\nthree\n\(large)\nfive\n")
            let run = try SenderRun(port: broker.port, input: input, "--stdin", "--quiet")
            try run.expectEnd(status: 0)
            #expect(
                try broker.bodies() == ["'one'", "'\(large)'", "'three'", "'\(large)'", "'five'"])
        }

        @Test("a broker that dies within messages behind a router has each of them in the end")
        func killedBroker() throws {
            let network = try Network()
            let run = try SenderRun(
                port: network.ports.client,
                options: [
                    "--content-file", content.path, "-m", "8", "-i", "0", "-s", "100",
                ])
            try run.waitForAccepted(1)
            try network.broker.kill()
            try network.broker.start()
            try run.expectAllAccepted(8)
            try network.broker.expectEverySequence(upTo: 8)
        }

        @Test("a peer that stops reading within a message does not hold a stop up")
        func stop() throws {
            let hasEnded = DispatchSemaphore(value: 0)
            let peer = try Peer { connection in
                try connection.acceptLink(credit: 3)
                try connection.expect(.transfer)
                // The sockets' buffers take less than the rest.
                hasEnded.wait()
            }
            let run = try run(peer, count: 20, "--drain-timeout", "300", "--outcome-timeout", "0")
            try run.waitForLine("on_sendable")
            run.process.kill(SIGTERM)
            let summary = try run.expectEnd(status: 143)
            #expect(summary.accepted == 0 && summary.inDoubt > 0)
            hasEnded.signal()
            try peer.finish()
        }
    }
}
