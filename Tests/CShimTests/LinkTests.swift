// Credit, drain, and how links end.
// SPDX-License-Identifier: Apache-2.0

import CShim
import RawPeer
import Testing

@Suite(.serialized)
struct LinkTests {
    @Test("nothing is sent beyond the credit")
    func noCredit() throws {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 2)
            for _ in 0..<2 { try connection.expect(.transfer) }
            try connection.send(.disposition(0...1, .accepted))
            try connection.answerEnding()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .batchEnded where loop.credit().0 == 2:
                try loop.send(1...2)
                #expect(loop.credit().0 == 0)
                #expect(cshim_sender_send(loop.senders[3]!, 3, [0x40], 1, nil) == .noCredit)
            case .outcome(_, 2, _, _): try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
    }

    @Test(
        "credit of 2^31 and more is credit, also when it comes alone",
        arguments: [0x7FFF_FFFF, 0x8000_0000, UInt32.max], [false, true])
    func unlimitedCredit(credit: UInt32, isAlone: Bool) throws {
        let peer = try Peer { connection in
            let attach = try connection.acceptUpToAttach()
            try connection.send(.attach(answering: attach))
            // The begin comes behind the attach, and the flow then by itself.
            if isAlone { try connection.expect(.begin) }
            try connection.send(.flow(credit: credit))
            for _ in 0..<3 { try connection.expect(.transfer) }
            try connection.send(.disposition(0...2, .accepted))
            try connection.answerEnding()
        }
        let loop = Loop()
        var left: Int32?
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .linkOpened where isAlone: try loop.openSession(4)
            case .batchEnded where loop.senders[3] != nil && loop.credit().0 > 1000:
                guard left == nil else { return }
                #expect(loop.credit().0 == Int32(clamping: credit))
                try loop.send(1...3)
                left = loop.credit().0
            case .outcome(_, tag: 3, _, _): try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(left == Int32(clamping: credit - 3))
        #expect(loop.reported.contains(.outcome(link: 3, tag: 3, .accepted)))
    }

    @Test("credit that is taken back below what was sent is no credit")
    func creditTakenBack() throws {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 10)
            for _ in 0..<3 { try connection.expect(.transfer) }
            try connection.send(.flow(credit: 2), .disposition(0...2, .accepted))
            try connection.answerEnding()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .batchEnded where loop.credit().0 == 10: try loop.send(1...3)
            case .outcome(_, tag: 3, _, _):
                #expect(loop.credit().0 == 0)
                try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(loop.reported.contains(.outcome(link: 3, tag: 3, .accepted)))
    }

    @Test("a drain is seen, and what is left of the credit goes back")
    func drain() throws {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 10)
            for _ in 0..<2 { try connection.expect(.transfer) }
            try connection.send(
                .flow(credit: 8, deliveryCount: 2, drain: true, nextIncomingID: 2))
            let flow = try connection.expect(.flow)
            #expect(flow[5].number == 10 && flow[6].number == 0)
            try connection.send(.flow(credit: 5, deliveryCount: 10, nextIncomingID: 2))
            try connection.expect(.transfer)
            try connection.answerEnding()
        }
        let loop = Loop()
        var seen: [String] = []
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .batchEnded where loop.senders[3] != nil:
                let (credit, isDraining) = loop.credit()
                seen.append("\(credit) \(isDraining)")
                switch (credit, isDraining) {
                case (10, false): try loop.send(1...2)
                case (8, true):
                    try attempt(cshim_sender_return_credit(loop.senders[3]!, nil))
                    #expect(loop.credit().0 == 0)
                case (5, false):
                    try loop.send(3...3)
                    loop.freeSender()
                    try loop.close()
                default: break
                }
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(seen.suffix(3) == ["10 false", "8 true", "5 false"])
    }

    @Test("a batch ends only when something was reported: not after our own writes")
    func ownWrites() throws {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 100)
            for _ in 0..<100 { try connection.expect(.transfer) }
            try connection.send(.disposition(0...99, .accepted))
            try connection.answerEnding()
        }
        let loop = Loop()
        var batchCount = 0
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .linkOpened: batchCount = 0
            case .batchEnded:
                batchCount += 1
                if loop.credit().0 == 100 { try loop.send(1...100) }
            case .outcome(_, 100, _, _):
                #expect(batchCount <= 2)
                try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
    }

    @Test("a refused link is opened without a target, lost, and freed")
    func refused() throws {
        let peer = try Peer { connection in
            let attach = try connection.acceptUpToAttach()
            try connection.send(
                .attach(answering: attach, hasTarget: false),
                .detach(name: "qd:no-route-to-dest"))
            try connection.expect(.detach)
            try connection.answerEnding()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .linkLost:
                loop.freeSender()
                try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(
            loop.reported == [
                .connectionOpened(1, peer: "raw-peer"),
                .linkOpened(3, hasTarget: false),
                .linkLost(3, isClosed: true, name: "qd:no-route-to-dest"),
                .connectionLost(1, .closed, name: ""),
            ])
    }

    @Test("an attach that comes for a link that was given up is answered with a close")
    func lateAttach() throws {
        let peer = try Peer { connection in
            let first = try connection.acceptUpToAttach()
            let second = try connection.expect(.attach)
            try connection.send(
                .attach(answering: second), .attach(answering: first), .flow(credit: 5))
            let detach = try connection.expect(.detach)
            #expect(detach[0] == first[1] && detach[1] == .bool(true))
            try connection.send(.detach(handle: UInt32(first[1].number ?? 9)))
            try connection.answerEnding()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started:
                try loop.openAll(port: peer.port)
                loop.freeSender(3)
                try loop.openSender(4)
            case .batchEnded where loop.reported.count == 2:
                try loop.wake(after: 20)
            case .woken: try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(
            loop.reported == [
                .connectionOpened(1, peer: "raw-peer"), .linkOpened(4, hasTarget: true),
                .connectionLost(1, .closed, name: ""),
            ])
    }

    @Test("a link is closed on request, and its loss is the answer")
    func close() throws {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 1)
            let detach = try connection.expect(.detach)
            #expect(detach[1] == .bool(true))
            try connection.send(.detach())
            try connection.answerEnding()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .linkOpened:
                try attempt(cshim_sender_close(loop.senders[3]!, nil))
                #expect(cshim_sender_close(loop.senders[3]!, nil) == .notConnected)
                #expect(loop.credit().0 == 0)
            case .linkLost: try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(loop.reported.contains(.linkLost(3, isClosed: true, name: "")))
    }

    @Test("what a lost link had in its queue no longer counts once the link is freed")
    func queue() throws {
        let peer = try Peer { connection in
            let attach = try connection.acceptUpToAttach()
            try connection.send(
                .attach(answering: attach), .flow(credit: 3, incomingWindow: 1))
            try connection.expect(.transfer)
            try connection.send(.detach())
            try connection.expect(.detach)
            let again = try connection.expect(.attach)
            try connection.send(.attach(answering: again))
            try connection.answerEnding()
        }
        let loop = Loop()
        var outgoing: [Int] = []
        loop.run { event in
            func note() { outgoing.append(cshim_session_outgoing_bytes(loop.sessions[2]!)) }
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .batchEnded where loop.senders[3] != nil && loop.credit().0 == 3:
                try loop.send(1...3, size: 100)
                note()
            case .linkLost:
                note()
                loop.freeSender(3)
            case .batchEnded where loop.sessions[2] != nil && outgoing.count == 2:
                note()
                try loop.openSender(4)
            case .linkOpened(4, _, _): try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(outgoing == [300, 200, 0])
    }
}
