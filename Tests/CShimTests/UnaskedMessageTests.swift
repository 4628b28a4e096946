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

    fileprivate static func transfer(
        _ id: UInt32, handle: UInt32 = 7, hasMore: Bool = false, _ payload: [UInt8] = []
    ) -> Frame {
        var frame = Frame(
            .transfer,
            [.uint(handle), .uint(id), .binary([1]), .uint(0), .bool(false), .bool(hasMore)])
        frame.payload = payload
        return frame
    }
}

@Suite(.serialized)
struct UnaskedMessageTests {
    @Test(
        "a message that comes together with the link costs its connection, not the run",
        arguments: [false, true])
    func atOnce(hasMore: Bool) throws {
        let peer = try Peer { connection in
            let ours = try connection.acceptLink(credit: 1)
            try connection.send(
                .attachTowardsUs(ours), .transfer(0, hasMore: hasMore),
                .transfer(hasMore ? 0 : 1))
            try connection.drain()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(
            loop.reported.last
                == .connectionLost(1, .transport, name: "amqp:link:transfer-limit-exceeded"))
    }

    @Test("a message on a link that was refused is not read")
    func refused() throws {
        let peer = try Peer { connection in
            let ours = try connection.acceptLink(credit: 0)
            try connection.send(.attachTowardsUs(ours))
            try connection.expect(.attach)
            try connection.expect(.detach)
            try connection.send(.transfer(0), .flow(credit: 1))
            try connection.expect(.transfer)
            try connection.send(.disposition(0...0, .accepted))
            try connection.answerEnding()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .batchEnded where loop.senders[3] != nil && loop.credit().0 == 1:
                try loop.send(1...1)
            case .outcome: try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(loop.reported.contains(.outcome(link: 3, tag: 1, .accepted)))
    }

    @Test("such messages can't fill the memory")
    func many() throws {
        let peer = try Peer { connection in
            let ours = try connection.acceptLink(credit: 1)
            try connection.send(.attachTowardsUs(ours))
            try connection.expect(.attach)
            try connection.expect(.detach)
            let payload = [UInt8](repeating: 0x40, count: 1000)
            try connection.send(.transfer(0, payload), .transfer(1, payload))
            try connection.drain()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started:
                try loop.connect(port: peer.port) { $0.max_frame_size_bytes = 65536 }
                try loop.openSession()
                try loop.openSender()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(
            loop.reported.last
                == .connectionLost(1, .transport, name: "amqp:session:window-violation"))
    }
}
