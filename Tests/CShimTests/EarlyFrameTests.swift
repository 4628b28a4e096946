// Frames of AMQP before SASL has ended, which proton takes as if it had.
// SPDX-License-Identifier: Apache-2.0

import CShim
import RawPeer
import Testing

@Suite(.serialized)
struct EarlyFrameTests {
    @Test("frames of AMQP within SASL end the connection", arguments: EarlyFrames.allCases)
    func earlyFrames(frames: EarlyFrames) throws {
        let peer = try Peer(frames.play)
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started:
                try loop.connect(port: peer.port) { $0.idle_timeout_ms = 60_000 }
                try loop.openSession()
                try loop.openSender()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(
            loop.reported
                == [.connectionLost(1, .transport, name: "amqp:connection:framing-error")])
        #expect(loop.lossDescription.contains("a frame of AMQP within SASL"))
    }
}

/// The frames that a peer sends between its mechanisms and its outcome.
enum EarlyFrames: CaseIterable {
    case open
    case openBeforeTheInit
    case openWithTheOutcome
    case begin
    case links
    case linksWithTheOutcome
    case emptyFrameWithTheOutcome

    /// Plays the peer's part, and goes on as if nothing had been.
    @Sendable func play(_ connection: PeerConnection) throws {
        guard try connection.readHeader() != nil else { throw PeerError("no header") }
        try connection.write(PeerConnection.header(3))
        let mechanisms = Frame(.saslMechanisms, [.symbol("ANONYMOUS")])
        let isBeforeTheInit = self == .openBeforeTheInit
        try connection.write(mechanisms.encoded + (isBeforeTheInit ? early : []))
        // With an open before it, the connection may end before that.
        guard try connection.read() != nil else { return }
        let outcome = Frame(.saslOutcome, [.ubyte(0)]).encoded
        let header = PeerConnection.header(0)
        let rest = outcome + header + Frame.open(idleTimeout: 10_000).encoded
        if isWithTheOutcome {
            try connection.write(early + rest)
        } else {
            if !isBeforeTheInit { try connection.write(early) }
            // It may have ended by then.
            try? connection.write(rest)
        }
        // Whatever comes is read, so that nothing is reset before the client has read all.
        while try connection.bytes(1) != nil {}
    }

    private var isWithTheOutcome: Bool {
        [.openWithTheOutcome, .linksWithTheOutcome, .emptyFrameWithTheOutcome].contains(self)
    }

    /// The frames that come too early.
    private var early: [UInt8] {
        var begin = Frame.begin(on: 5)
        begin.fields[0] = .null
        switch self {
        case .open, .openBeforeTheInit, .openWithTheOutcome:
            return Frame.open(idleTimeout: 20_000).encoded
        case .begin: return begin.encoded
        case .links, .linksWithTheOutcome:
            // To proton one link with two handles, of which it forgets one.
            let attaches = [0x8000_0000, 3].map { handle in
                Frame(
                    .attach, on: 5,
                    [.string("theirs"), .uint(handle), .bool(true), .null, .null, .null, .null])
            }
            return Frame.open().encoded + begin.encoded + attaches.flatMap(\.encoded)
                + Frame.detach(handle: 3, on: 5).encoded
        case .emptyFrameWithTheOutcome: return [0, 0, 0, 8, 2, 0, 0, 0]
        }
    }
}
