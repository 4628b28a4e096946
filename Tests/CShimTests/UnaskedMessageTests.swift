// Messages that a peer sends towards us, on links that we did not ask for.
// SPDX-License-Identifier: Apache-2.0

import CShim
import RawPeer
import Testing

extension Frame {
    /// Attaches a link of the peer's own, on which it sends, or receives.
    static func attachTowardsUs(
        _ ours: Frame, handle: UInt32 = 7, isReceiver: Bool = false
    ) -> Frame {
        var theirs = Frame.attach(answering: ours)
        theirs.fields[0] = .string("theirs-\(handle)")
        theirs.fields[1] = .uint(handle)
        theirs.fields[2] = .bool(isReceiver)
        if !isReceiver { theirs.fields[9] = .uint(0) }
        return theirs
    }

    /// A message for us.
    fileprivate static func transfer(
        _ id: UInt32?, handle: UInt32 = 7, hasMore: Bool = false
    ) -> Frame {
        var frame = Frame(
            .transfer,
            [
                .uint(handle), id.map { .uint($0) } ?? .null, .binary([1]), .uint(0), .bool(false),
                .bool(hasMore),
            ])
        frame.payload = [0, 0x53, 0x77, 0x40]
        return frame
    }
}

/// A transfer that the peer sends, and where.
enum UnaskedTransfer: CaseIterable {
    case onOurLink
    case onItsOwnLink
    case onARefusedLink
    case onNoLink
    case onItsOwnSession

    /// Sends frames that are fine, and returns the handle and the channel of the transfer.
    func prepare(_ connection: PeerConnection, _ ours: Frame) throws -> (UInt32, UInt16) {
        switch self {
        case .onOurLink: return (0, 0)
        case .onNoLink: return (9, 0)
        case .onItsOwnLink: try connection.send(.attachTowardsUs(ours))
        case .onARefusedLink:
            try connection.send(.attachTowardsUs(ours))
            try connection.expect(.attach)
            try connection.expect(.detach)
        case .onItsOwnSession:
            var begin = Frame.begin(on: 5)
            begin.fields[0] = .null
            var attach = Frame.attachTowardsUs(ours)
            attach.channel = 5
            try connection.send(begin, attach)
            return (7, 5)
        }
        return (7, 0)
    }
}

/// The extent of a transfer: all that is needed, its beginning, or either without a delivery-id.
enum TransferShape: CaseIterable {
    case whole, begun, unnumbered, begunUnnumbered

    func frame(handle: UInt32, on channel: UInt16) -> Frame {
        var frame = Frame.transfer(
            self == .whole || self == .begun ? 0 : nil, handle: handle,
            hasMore: self == .begun || self == .begunUnnumbered)
        frame.channel = channel
        return frame
    }
}

@Suite(.serialized)
struct UnaskedMessageTests {
    @Test(
        "a message for us ends the connection, and no outcome behind it is taken for another's",
        arguments: UnaskedTransfer.allCases, TransferShape.allCases)
    func transfer(place: UnaskedTransfer, shape: TransferShape) throws {
        let peer = try Peer { connection in
            let ours = try connection.acceptLink(credit: 10)
            for _ in 0..<2 { try connection.expect(.transfer) }
            let (handle, channel) = try place.prepare(connection, ours)
            // An answer to the messages that follow would be to others than the peer means.
            try connection.send(
                shape.frame(handle: handle, on: channel),
                .disposition(2...2, .rejected(name: "x", description: "")),
                .disposition(0...5, .accepted))
            try connection.drain()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .batchEnded where loop.credit().0 == 10: try loop.send(1...2)
            case .batchEnded where loop.credit().0 == 8: try loop.send(3...6)
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        let outcomes = loop.reported.filter { if case .outcome = $0 { true } else { false } }
        #expect(outcomes == [])
        #expect(
            loop.reported.last
                == .connectionLost(1, .transport, name: "amqp:session:window-violation"))
    }

    @Test("our sessions tell the peer that no message is taken")
    func window() throws {
        let sizes: [UInt32] = [0, 1, 512, 65536, .max]
        let peer = try Peer(connectionCountMax: sizes.count) { connection in
            _ = try connection.greet()
            try connection.send(.open())
            let begin = try connection.expect(.begin)
            guard begin[2].number == 0 else { throw PeerError("a window of \(begin[2])") }
            try connection.send(.begin())
        }
        for size in sizes {
            let loop = Loop()
            loop.run { event in
                switch event {
                case .started:
                    try loop.connect(port: peer.port) { $0.max_frame_size_bytes = size }
                    try loop.openSession()
                case .connectionLost: loop.stop()
                default: break
                }
            }
        }
        try peer.finish()
    }

    @Test(
        "a second begin or attach for what is open ends the connection",
        arguments: SecondOpening.allCases)
    func openedTwice(opening: SecondOpening) throws {
        let peer = try Peer(opening.play)
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        guard case .connectionLost(1, .transport, let name)? = loop.reported.last else {
            Issue.record("\(loop.reported)")
            return
        }
        #expect(["amqp:not-allowed", "amqp:invalid-field"].contains(name))
    }
}

/// A begin or an attach for what is open, and the end of both.
enum SecondOpening: CaseIterable {
    case beginOnAnotherChannel
    case beginOnTheSameChannel
    case attachByAnotherHandle
    case attachOfItsOwn
    case beginOfItsOwn

    /// Plays the peer's part, to the end of the connection.
    @Sendable func play(_ connection: PeerConnection) throws {
        let ours = try connection.acceptLink(credit: 1)
        switch self {
        case .beginOnAnotherChannel:
            var begin = Frame.begin(on: 1)
            begin.fields[0] = .ushort(0)
            try connection.send(begin)
            try finish(connection, by: .end(on: 0), then: .flow(credit: 1), .end(on: 1))
        case .beginOnTheSameChannel:
            try connection.send(.begin(on: 0))
            try finish(connection, by: .end(on: 0), then: .flow(credit: 1))
        case .attachByAnotherHandle:
            var attach = Frame.attach(answering: ours)
            attach.fields[1] = .uint(3)
            try connection.send(attach)
            try finish(
                connection, by: .detach(handle: 0), then: .flow(credit: 2), .detach(handle: 3))
        case .attachOfItsOwn:
            var attach = Frame.attachTowardsUs(ours)
            try connection.send(attach)
            attach.fields[1] = .uint(8)
            try connection.send(attach)
            try finish(
                connection, by: .detach(handle: 7), then: .flow(credit: 2, handle: 7),
                .detach(handle: 8))
        case .beginOfItsOwn:
            var begin = Frame.begin(on: 5)
            begin.fields[0] = .null
            try connection.send(begin)
            let answer = try connection.expect(.begin)
            begin = Frame.begin(on: 6)
            begin.fields[0] = .ushort(answer.channel)
            try connection.send(begin)
            try finish(connection, by: .end(on: 5), then: .flow(credit: 1, on: 5), .end(on: 6))
        }
    }

    /// Ends what is open, waits for the answer, and goes on as if it were open still.
    private func finish(_ connection: PeerConnection, by end: Frame, then rest: Frame...) throws {
        try? connection.send(end)
        while let frame = try connection.read(), frame.performative != .close {
            guard frame.performative == end.performative else { continue }
            for frame in rest { try? connection.send(frame) }
        }
    }
}
