// Outcomes: which are reported, under which link, and how often.
// SPDX-License-Identifier: Apache-2.0

import CShim
import RawPeer
import Testing

@Suite(.serialized)
struct OutcomeTests {
    /// Sends deliveries 1...count at the first credit, and stops when the connection is lost.
    private func run(count: UInt64, _ script: @escaping @Sendable (PeerConnection) throws -> Void)
        throws -> Loop
    {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: UInt32(count))
            for _ in 0..<count { try connection.expect(.transfer) }
            try script(connection)
        }
        let loop = Loop()
        var isSent = false
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .batchEnded where !isSent && loop.credit().0 > 0:
                isSent = true
                try loop.send(1...count)
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        return loop
    }

    @Test("each terminal state is reported once, under its tag")
    func states() throws {
        let loop = try run(count: 5) { connection in
            try connection.send(
                .disposition(0...0, .accepted),
                .disposition(1...1, .rejected(name: "amqp:not-allowed", description: "no")),
                .disposition(2...2, .released),
                .disposition(3...3, .modified(deliveryFailed: true, undeliverableHere: true)),
                .disposition(4...4, nil),
                .close())
        }
        #expect(
            loop.reported.dropFirst(2).dropLast() == [
                .outcome(link: 3, tag: 1, .accepted),
                .outcome(link: 3, tag: 2, .rejected, name: "amqp:not-allowed"),
                .outcome(link: 3, tag: 3, .released),
                .outcome(link: 3, tag: 4, .modified),
                .outcome(link: 3, tag: 5, .none),
            ])
    }

    @Test("an outcome that the peer does not settle is settled by us, once")
    func unsettled() throws {
        let loop = try run(count: 2) { connection in
            try connection.send(.disposition(0...1, .accepted, settled: false))
            let disposition = try connection.expect(.disposition)
            #expect(disposition[0] == .bool(false) && disposition[3] == .bool(true))
            #expect(disposition[1].number == 0 && disposition[2].number == 1)
            try connection.send(.disposition(0...1, .accepted), .close())
            try connection.expect(.close)
        }
        #expect(
            loop.reported.dropFirst(2).dropLast() == [
                .outcome(link: 3, tag: 1, .accepted), .outcome(link: 3, tag: 2, .accepted),
            ])
    }

    @Test("an outcome that is said again, in the same read or later, is reported once")
    func repeated() throws {
        let loop = try run(count: 2) { connection in
            try connection.send(
                .disposition(0...1, .received, settled: false),
                .disposition(0...1, .accepted, settled: false),
                .disposition(1...1, .accepted),
                .disposition(0...0, .accepted),
                .disposition(0...1, .released))
            try connection.send(.disposition(0...1, .accepted), .close())
            try connection.drain()
        }
        let outcomes = loop.reported.dropFirst(2).dropLast()
        #expect(outcomes.count == 2)
    }

    @Test("received alone is no outcome")
    func received() throws {
        let loop = try run(count: 1) { connection in
            try connection.send(.disposition(0...0, .received, settled: false))
            try connection.send(.disposition(0...0, .accepted), .close())
        }
        #expect(loop.reported.dropFirst(2).dropLast() == [.outcome(link: 3, tag: 1, .accepted)])
    }

    @Test(
        "outcomes before and behind a detach in one read come in their order, with the batch behind"
    )
    func aroundDetach() throws {
        let loop = try run(count: 3) { connection in
            try connection.send(
                .disposition(0...0, .accepted),
                .detach(closed: false, name: "qd:routed-link-lost"),
                .disposition(1...2, .released),
                .close())
        }
        #expect(
            loop.reported.dropFirst(2).dropLast() == [
                .outcome(link: 3, tag: 1, .accepted),
                .linkLost(3, isClosed: false, name: "qd:routed-link-lost"),
                .outcome(link: 3, tag: 2, .released),
                .outcome(link: 3, tag: 3, .released),
            ])
        let index = try #require(loop.events.firstIndex(of: .outcome(link: 3, tag: 1, .accepted)))
        #expect(!loop.events[index...(index + 3)].contains(.batchEnded(1)))
    }

    @Test(
        "a state that is no outcome is told by its descriptor, and one that is not terminal is none"
    )
    func unknownState() throws {
        let loop = try run(count: 3) { connection in
            for (id, state) in [
                Value.described(0x34, .list([])), .described(0x23, .list([])), .null,
            ]
            .enumerated() {
                var disposition = Frame.disposition(UInt32(id)...UInt32(id), nil)
                disposition.fields[4] = state
                try connection.send(disposition)
            }
            try connection.send(.close())
        }
        #expect(
            loop.reported.dropFirst(2).dropLast() == [
                .outcome(link: 3, tag: 1, .unknown, name: "52"), .outcome(link: 3, tag: 2, .none),
                .outcome(link: 3, tag: 3, .none),
            ])
    }

    @Test("the info of a condition is passed on up to 4096 bytes, whatever is in it")
    func conditionInfo() throws {
        /// Takes 17 bytes more, as a map of 32-bit sizes.
        func map(_ textSize: Int) -> Value {
            .map([.symbol("k"), .string(String(repeating: "x", count: textSize))])
        }
        let nested = Value.map([
            .symbol("a"), .map([.string("b"), .list([.uint(7), .map([.string("c"), .null])])]),
        ])
        let infos: [Value] = [
            .null, .map([]), nested, .string("no map"), .list([.bool(true)]), map(4079), map(4080),
            map(40_000),
        ]
        let loop = try run(count: UInt64(infos.count)) { connection in
            for (id, info) in infos.enumerated() {
                try connection.send(.rejection(of: UInt32(id)...UInt32(id), info: info))
            }
            try connection.send(.close())
        }
        #expect(
            loop.reported.dropFirst(2).dropLast()
                == infos.indices.map {
                    .outcome(
                        link: 3, tag: UInt64($0) + 1, .rejected, name: "amqp:not-allowed")
                }[...])
        let found = (1...UInt64(infos.count)).map { loop.infos[$0] ?? nil }
        #expect(found[0] == nil && found[6] == nil && found[7] == nil)
        #expect(found[1]?.isEmpty == false && found[5]?.count == 4096)
        #expect(found[5]?.suffix(4079).allSatisfy { $0 == UInt8(ascii: "x") } == true)
        #expect(found[2]?.filter { "abc".utf8.contains($0) } == Array("abc".utf8))
        #expect(found[3]?.suffix(6) == Array("no map".utf8)[...])
        #expect(found[4]?.isEmpty == false)
    }

    @Test("a lost link has no credit while its loss is read and not reported yet")
    func creditOfLostLink() throws {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 10)
            try connection.expect(.transfer)
            try connection.send(
                .disposition(0...0, .accepted), .detach(name: "amqp:internal-error"))
            try connection.answerEnding()
        }
        let loop = Loop()
        var credits: [Int32] = []
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .batchEnded where loop.credit().0 == 10: try loop.send(1...1)
            case .outcome:
                credits.append(loop.credit().0)
                #expect(throws: ShimError.self) { try loop.send(2...2) }
            case .linkLost:
                credits.append(loop.credit().0)
                try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(credits == [0, 0])
    }

    @Test(
        "late outcomes of one lost link come under its id while a new link is open; then it is freed"
    )
    func lateOutcomes() throws {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 2)
            for _ in 0..<2 { try connection.expect(.transfer) }
            try connection.send(.detach(name: "qd:routed-link-lost"))
            // Proton writes what begins before what ends.
            let again = try connection.expect(.attach)
            try connection.expect(.detach)
            try connection.send(
                .attach(answering: again), .flow(credit: 1, handle: 1, nextIncomingID: 2),
                .disposition(0...0, .accepted))
            try connection.expect(.transfer)
            // The first link was freed meanwhile, and hears no more.
            try connection.send(.disposition(1...2, .accepted))
            try connection.answerEnding()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .linkLost: try loop.openSender(4)
            case .outcome(link: 3, _, _, _): loop.freeSender(3)
            case .outcome(link: 4, _, _, _): try loop.close()
            case .batchEnded:
                if loop.senders[4] == nil, loop.credit().0 == 2 {
                    try loop.send(1...2)
                } else if loop.senders[4] != nil, loop.credit(4).0 == 1 {
                    try loop.send(3...3, on: 4)
                }
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(
            loop.reported.dropLast() == [
                .connectionOpened(1, peer: "raw-peer"),
                .linkOpened(3, hasTarget: true),
                .linkLost(3, isClosed: true, name: "qd:routed-link-lost"),
                .linkOpened(4, hasTarget: true),
                .outcome(link: 3, tag: 1, .accepted),
                .outcome(link: 4, tag: 3, .accepted),
            ])
    }
}
