// Messages that are sent in pieces.
// SPDX-License-Identifier: Apache-2.0

import CShim
import RawPeer
import Synchronization
import Testing

@Suite(.serialized)
struct PieceTests {
    private static let bytes = (0..<3000).map { UInt8(truncatingIfNeeded: $0 % 251) }
    private static let pieceSize = 1000

    private func sendPiece(
        _ loop: Loop, at offset: Int, tag: UInt64 = 1, size: Int = pieceSize
    ) -> cshim_status_t {
        guard let sender = loop.senders[3] else { return .notConnected }
        return Self.bytes.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return .invalidArgument }
            return cshim_sender_send_piece(
                sender, tag, start + offset, size, offset, bytes.count, nil)
        }
    }

    /// Runs until the connection is lost: `begin` once there is credit, and `script` for what comes else.
    private func run(
        _ peer: Peer, begin: @escaping (Loop) throws -> Void,
        _ script: @escaping (Loop, Event) throws -> Void
    ) throws -> Loop {
        let loop = Loop()
        var hasBegun = false
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .connectionLost: loop.stop()
            case .batchEnded where !hasBegun && loop.senders[3] != nil && loop.credit().0 > 0:
                hasBegun = true
                try begin(loop)
            default: try script(loop, event)
            }
        }
        try peer.finish()
        return loop
    }

    @Test("pieces make one delivery, each sent when the one before has left")
    func whole() throws {
        let payload = Mutex<[UInt8]>([])
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 2)
            for delivery in 0..<2 as Range<UInt32> {
                var isMore = true
                while isMore {
                    let transfer = try connection.expect(.transfer)
                    payload.withLock { $0 += transfer.payload }
                    isMore = transfer.isMore
                }
                try connection.send(.disposition(delivery...delivery, .accepted))
            }
            try connection.answerEnding()
        }
        var offset = 0
        func sendMore(_ loop: Loop) throws {
            let session = try #require(loop.sessions[2])
            while offset < Self.bytes.count, cshim_session_has_all_left(session) {
                #expect(sendPiece(loop, at: offset) == .ok)
                offset += Self.pieceSize
                #expect(loop.credit().0 == (offset == Self.bytes.count ? 1 : 2))
            }
        }
        let loop = try run(peer, begin: sendMore) { loop, event in
            switch event {
            case .batchEnded where offset > 0: try sendMore(loop)
            case .outcome(_, 1, _, _): try loop.send(2...2)
            case .outcome(_, 2, _, _): try loop.close()
            default: break
            }
        }
        #expect(loop.outcomeCount == 2)
        #expect(payload.withLock { $0.prefix(3000) } == Self.bytes[...])
    }

    @Test(
        "what is returned or refused before its end is aborted, and the link goes on",
        arguments: [
            DeliveryState.released, .rejected(name: "app:no", description: ""),
            .modified(deliveryFailed: true, undeliverableHere: false),
        ])
    func earlyOutcome(state: DeliveryState) throws {
        let isAborted = Mutex(false)
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 5)
            #expect(try connection.expect(.transfer).isMore)
            try connection.send(.disposition(0...0, state))
            let end = try connection.expect(.transfer)
            isAborted.withLock { $0 = end.isAborted }
            #expect(try !connection.expect(.transfer).isMore)
            try connection.send(.disposition(1...1, .accepted))
            try connection.answerEnding()
        }
        let loop = try run(
            peer, begin: { #expect(sendPiece($0, at: 0) == .ok) },
            { loop, event in
                switch event {
                case .outcome(_, 1, _, _):
                    #expect(sendPiece(loop, at: Self.pieceSize) == .ok)
                case .batchEnded where loop.outcomeCount == 1:
                    #expect(sendPiece(loop, at: 2 * Self.pieceSize) == .invalidState)
                    #expect(loop.credit().0 == 4)
                    try loop.send(2...2)
                case .outcome(_, 2, _, _): try loop.close()
                default: break
                }
            })
        #expect(isAborted.withLock { $0 })
        #expect(loop.outcomeCount == 2)
    }

    @Test("what is accepted before its end ends the connection")
    func earlyAcceptance() throws {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 5)
            try connection.expect(.transfer)
            try connection.send(.disposition(0...0, .accepted))
            try connection.answerEnding()
        }
        let loop = try run(peer, begin: { #expect(sendPiece($0, at: 0) == .ok) }, { _, _ in })
        #expect(loop.outcomeCount == 0)
        #expect(loop.lossDescription == "the peer accepted a message before its end")
    }

    @Test("we may abort a delivery before its end, and no outcome comes")
    func abort() throws {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 5)
            #expect(try connection.expect(.transfer).isMore)
            #expect(try connection.expect(.transfer).isAborted)
            #expect(try !connection.expect(.transfer).isAborted)
            try connection.send(.disposition(1...1, .accepted))
            try connection.answerEnding()
        }
        func begin(_ loop: Loop) throws {
            let sender = try #require(loop.senders[3])
            #expect(cshim_sender_abort_delivery(sender, 1, nil) == .invalidState)
            #expect(sendPiece(loop, at: 0) == .ok)
            #expect(cshim_sender_abort_delivery(sender, 2, nil) == .invalidState)
        }
        let loop = try run(peer, begin: begin) { loop, event in
            switch event {
            case .batchEnded where loop.senders[3] != nil && loop.credit().0 == 5:
                let (session, sender) = (
                    try #require(loop.sessions[2]), try #require(loop.senders[3])
                )
                guard cshim_session_has_all_left(session) else { break }
                #expect(cshim_sender_abort_delivery(sender, 1, nil) == .ok)
                try loop.send(2...2)
            case .outcome(_, 2, _, _): try loop.close()
            default: break
            }
        }
        #expect(loop.outcomeCount == 1)
    }

    @Test("a piece that is not the next one is refused, and so is a message between two pieces")
    func wrongPieces() throws {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 5)
            try connection.answerEnding()
        }
        func begin(_ loop: Loop) throws {
            let sender = try #require(loop.senders[3])
            #expect(sendPiece(loop, at: Self.pieceSize) == .invalidState)
            #expect(sendPiece(loop, at: 2500) == .invalidArgument)
            #expect(sendPiece(loop, at: 0) == .ok)
            #expect(sendPiece(loop, at: 0) == .invalidState)
            #expect(sendPiece(loop, at: Self.pieceSize, tag: 2) == .invalidState)
            #expect(sendPiece(loop, at: Self.pieceSize, size: 0) == .invalidArgument)
            #expect(cshim_sender_send(sender, 2, [0x40], 1, nil) == .invalidState)
            // A link that ends within a message is no fault.
            try attempt(cshim_sender_close(sender, nil))
        }
        _ = try run(peer, begin: begin) { loop, event in
            if case .linkLost = event { try loop.close() }
        }
    }
}
