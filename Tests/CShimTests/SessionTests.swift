// The end of sessions, and endpoints that a peer opens.
// SPDX-License-Identifier: Apache-2.0

import CShim
import RawPeer
import Testing

@Suite(.serialized)
struct SessionTests {
    @Test("after the peer ends the session, another one carries links")
    func sessionEnd() throws {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 1)
            try connection.send(.end(name: "amqp:session:window-violation"))
            // Proton writes what begins before what ends.
            let begin = try connection.expect(.begin)
            let attach = try connection.expect(.attach)
            try connection.expect(.end)
            try connection.send(.begin(on: begin.channel), .attach(answering: attach))
            try connection.answerEnding()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .sessionLost(2, _):
                #expect(loop.credit().0 == 0)
                #expect(throws: ShimError.self) { try loop.openSender(9) }
                loop.freeSender(3)
                loop.freeSession(2)
                try loop.openSession(4)
                try loop.openSender(5, on: 4)
            case .linkOpened(5, _, _): try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(
            loop.reported == [
                .connectionOpened(1, peer: "raw-peer"), .linkOpened(3, hasTarget: true),
                .sessionLost(2, name: "amqp:session:window-violation"),
                .linkOpened(5, hasTarget: true), .connectionLost(1, .closed, name: ""),
            ])
    }

    @Test("a begin on a channel that our end has freed may be answered before that end")
    func channelUsedAgain() throws {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 1)
            try connection.expect(.detach)
            let end = try connection.expect(.end)
            let begin = try connection.expect(.begin)
            guard end.channel == begin.channel else { throw PeerError("another channel") }
            let attach = try connection.expect(.attach)
            var answer = Frame.begin(on: 1)
            answer.fields[0] = .ushort(begin.channel)
            var attached = Frame.attach(answering: attach)
            attached.channel = 1
            try connection.send(answer, .end(on: 0), attached)
            try connection.answerEnding()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .linkOpened(3, _, _):
                loop.freeSender(3)
                loop.freeSession(2)
                // By then the end is written.
                try loop.wake(after: 20)
            case .woken:
                try loop.openSession(4)
                try loop.openSender(5, on: 4)
            case .linkOpened(5, _, _): try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(loop.reported.last == .connectionLost(1, .closed, name: ""))
        #expect(loop.reported.contains(.linkOpened(5, hasTarget: true)))
    }

    @Test(
        "a session that is freed before its begin is answered ends after it, and another one works")
    func lateBegin() throws {
        let peer = try Peer { connection in
            _ = try connection.greet()
            try connection.send(.open())
            let first = try connection.expect(.begin)
            let second = try connection.expect(.begin)
            #expect(first.channel != second.channel)
            try connection.send(.begin(on: first.channel), .begin(on: second.channel))
            let end = try connection.expect(.end)
            #expect(end.channel == first.channel)
            try connection.send(.end(on: first.channel))
            try connection.answerEnding()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started:
                try loop.connect(port: peer.port)
                try loop.openSession(2)
                loop.freeSession(2)
                try loop.openSession(3)
            case .connectionOpened:
                try loop.wake(after: 20)
            case .woken:
                guard cshim_session_is_answered(loop.sessions[3]!) else {
                    return try loop.wake(after: 10)
                }
                try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
    }

    @Test("more sessions than the peer allows are refused, and what is open goes on")
    func tooMany() throws {
        let peer = try Peer { connection in
            _ = try connection.greet()
            try connection.send(Frame(.open, [.string("peer"), .null, .uint(65536), .ushort(0)]))
            try connection.expect(.begin)
            try connection.expect(.close)
            try connection.send(.close())
        }
        let loop = Loop()
        var refused: ShimError?
        loop.run { event in
            switch event {
            case .started: try loop.connect(port: peer.port)
            case .connectionOpened:
                try loop.openSession(2)
                // Its begin is not answered, so that it can't end.
                loop.freeSession(2)
                do { try loop.openSession(3) } catch let error as ShimError { refused = error }
                try loop.wake(after: 50)
            case .woken: try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(refused == ShimError(status: .protonError))
    }

    @Test("links and sessions that the peer opens towards us are closed")
    func strangers() throws {
        let peer = try Peer { connection in
            let ours = try connection.acceptLink(credit: 1)
            for (handle, isReceiver) in [(UInt32(7), false), (8, true)] {
                try connection.send(
                    .attachTowardsUs(ours, handle: handle, isReceiver: isReceiver))
                try connection.expect(.attach)
                let detach = try connection.expect(.detach)
                #expect(detach[1] == .bool(true))
                try connection.send(.detach(handle: handle))
            }
            try connection.send(Frame(.begin, on: 5, [.null, .uint(0), .uint(9), .uint(9)]))
            try connection.expect(.begin)
            try connection.expect(.end)
            try connection.send(.end(on: 5), .close())
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
        #expect(loop.reported.count == 3)
    }

    @Test(
        "a peer that leaves endless sessions or links of its own open is left",
        arguments: [false, true])
    func endlessStrangers(areLinks: Bool) throws {
        let peer = try Peer { connection in
            _ = try connection.greet()
            var open = Frame.open()
            open.fields[3] = .ushort(5000)
            try connection.send(open)
            try connection.expect(.begin)
            try connection.send(.begin())
            let ours = try connection.expect(.attach)
            for number in 1...1000 as ClosedRange<UInt32> {
                let begin = Frame(
                    .begin, on: UInt16(number), [.null, .uint(0), .uint(9), .uint(9)])
                try connection.send(
                    areLinks ? .attachTowardsUs(ours, handle: number) : begin)
            }
            var close: Frame?
            while close == nil, let frame = try connection.read() {
                if frame.performative == .close { close = frame }
            }
            guard case .described(0x1D, .list(let error)) = close?[0],
                error[0] == .symbol("amqp:resource-limit-exceeded")
            else { throw PeerError(close.map { "\($0)" } ?? "no close") }
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
        #expect(loop.lossDescription.contains("leaves 1000 sessions or links"))
    }

    @Test("a peer may open links of its own without end, if it closes them too")
    func closedStrangers() throws {
        let peer = try Peer { connection in
            let ours = try connection.acceptLink(credit: 1)
            for handle in 1...3000 as ClosedRange<UInt32> {
                try connection.send(.attachTowardsUs(ours, handle: handle))
                try connection.expect(.attach)
                try connection.expect(.detach)
                try connection.send(.detach(handle: handle))
            }
            try connection.send(.close())
            try connection.expect(.close)
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
    }
}
