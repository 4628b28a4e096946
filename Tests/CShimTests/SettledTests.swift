// Pre-settled links: what stands in their frames, and when what was sent has left.
// SPDX-License-Identifier: Apache-2.0

import CShim
import Foundation
import RawPeer
import Testing

@Suite(.serialized)
struct SettledTests {
    @Test("the attach asks for settled messages, each transfer is settled, and nothing comes back")
    func frames() throws {
        let peer = try Peer { connection in
            let attach = try connection.acceptLink(credit: 3)
            #expect(attach[3] == .ubyte(1))
            for index in 0..<3 as Range<UInt64> {
                let transfer = try connection.expect(.transfer)
                #expect(transfer[1].number == index)
                #expect(transfer[4] == .bool(true))
            }
            // A peer that answers all the same.
            try connection.send(.disposition(0...2, .accepted))
            try connection.send(.flow(credit: 1, deliveryCount: 3, nextIncomingID: 3))
            try connection.expect(.transfer)
            try connection.answerEnding()
        }
        let loop = Loop()
        var outgoing: [Int] = []
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port, isPreSettled: true)
            case .batchEnded where loop.senders[3] != nil:
                outgoing.append(cshim_session_outgoing_bytes(loop.sessions[2]!))
                switch loop.credit().0 {
                case 3:
                    try loop.send(1...3)
                    outgoing.append(cshim_session_outgoing_bytes(loop.sessions[2]!))
                case 1:
                    try loop.send(4...4)
                    try loop.close()
                default: break
                }
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(loop.settleModes == [3: .settled])
        #expect(outgoing.contains(300))
        #expect(outgoing.last == 0)
        #expect(!loop.events.contains { if case .outcome = $0 { true } else { false } })
    }

    @Test("an unsettled link asks for unsettled messages, and sends them so")
    func unsettled() throws {
        let peer = try Peer { connection in
            let attach = try connection.acceptLink(credit: 1)
            #expect(attach[3] == .ubyte(0))
            let transfer = try connection.expect(.transfer)
            #expect(transfer[4] == .bool(false) || transfer[4] == .null)
            try connection.answerEnding()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .batchEnded where loop.senders[3] != nil && loop.credit().0 == 1:
                try loop.send(1...1)
                try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
    }

    @Test(
        "the peer's attach says which messages it wants settled",
        arguments: [
            (.ubyte(0), .unsettled), (.ubyte(1), .settled), (.ubyte(2), .mixed), (.null, .mixed),
        ]
            as [(Value, cshim_settle_mode_t)])
    func mode(_ mode: Value, _ expected: cshim_settle_mode_t) throws {
        let peer = try Peer { connection in
            let attach = try connection.acceptUpToAttach()
            try connection.send(.attach(answering: attach, senderSettleMode: mode))
            try connection.answerEnding()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port, isPreSettled: true)
            case .linkOpened: try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(loop.settleModes == [3: expected])
    }

    @Test("to a peer that does not read, what was sent counts until all of it has left")
    func slowReader() throws {
        // More than the kernel keeps.
        let size = 32 << 20
        let isSeen = DispatchSemaphore(value: 0)
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 10)
            isSeen.wait()
            try connection.answerEnding()
        }
        let loop = Loop()
        var outgoing: [Int] = []
        var isClosed = false
        loop.run { event in
            switch event {
            case .started:
                try loop.openAll(port: peer.port, isPreSettled: true)
            case .batchEnded where loop.credit().0 == 10:
                try loop.send(1...1, size: size)
            // All is in frames now, and a part of them in the socket.
            case .batchEnded where loop.credit().0 == 9, .woken where !isClosed:
                outgoing.append(cshim_session_outgoing_bytes(loop.sessions[2]!))
                isSeen.signal()
                guard outgoing.last == 0 else {
                    let soon = cshim_monotonic_milliseconds() + 5
                    try attempt(cshim_container_wake_at(loop.container, soon, nil))
                    return
                }
                isClosed = true
                try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(outgoing.first == size)
        #expect(outgoing.last == 0)
    }
}
