// Frames that no peer may send: the connection ends with a reason, and nothing is taken from them.
// SPDX-License-Identifier: Apache-2.0

import CShim
import RawPeer
import Testing

/// The frame that the peer sends when two messages of ours are unsettled, and the reason's end.
struct BrokenFrame: CustomTestStringConvertible, Sendable {
    var reason: String
    var frame: Frame

    var testDescription: String { reason }

    init(_ reason: String, _ frame: Frame) {
        self.reason = reason
        self.frame = frame
    }

    /// A disposition whose fields are these.
    static func disposition(_ fields: Value...) -> Frame { Frame(.disposition, fields) }

    private static let accepted = Value.described(0x24, .list([]))

    static let all: [BrokenFrame] = [
        BrokenFrame("a second open", .open(idleTimeout: 3)),
        BrokenFrame(
            "a disposition with a missing or odd first",
            disposition(.bool(true), .null, .null, .bool(true), accepted)),
        BrokenFrame(
            "a disposition with a missing or odd first",
            disposition(.bool(true), .string("0"), .null, .bool(true), accepted)),
        BrokenFrame(
            "a disposition with a missing or odd last",
            disposition(.bool(true), .uint(0), .ulong(1), .bool(true), accepted)),
        BrokenFrame(
            "a disposition with a missing or odd role",
            disposition(.null, .uint(0), .null, .bool(true), accepted)),
        BrokenFrame(
            "a disposition with a missing or odd state",
            disposition(.bool(true), .uint(0), .null, .bool(true), .list([]))),
        BrokenFrame("a flow with a missing or odd link-credit", creditAsText),
        BrokenFrame("a second begin on channel 0", .begin()),
        BrokenFrame("a begin of ours is answered on two channels", secondAnswer),
        BrokenFrame("a frame on channel 9, which has no session", Frame(.end, on: 9, [])),
        BrokenFrame("a detach of handle 8", Frame(.detach, [.uint(8)])),
        BrokenFrame("a detach with a missing or odd handle", Frame(.detach, [])),
        BrokenFrame("an attach with a missing or odd name", Frame(.attach, [])),
        BrokenFrame(
            "an attach above our handle-max: 4294967294",
            Frame(.attach, [.string("other"), .uint(4_294_967_294), .bool(true)])),
        BrokenFrame(
            "a second attach of one link",
            Frame(.attach, [.string("link-3"), .uint(1), .bool(true)])),
        BrokenFrame(
            "a second attach of handle 0",
            Frame(.attach, [.string("other"), .uint(0), .bool(true)])),
        BrokenFrame("a frame of type 1", Frame(.saslOutcome, [.ubyte(0)])),
        BrokenFrame(
            "a frame with an unreadable performative",
            Frame(.end, [.raw([0xC0, 0x09, 0x01])])),
        BrokenFrame(
            "a frame with an unreadable performative",
            Frame(.end, [.raw([0xF0, 0, 0, 0, 9, 0xFF, 0xFF, 0xFF, 0xFF, 0x40])])),
    ]

    private static var secondAnswer: Frame {
        var begin = Frame.begin(on: 4)
        begin.fields[0] = .ushort(0)
        return begin
    }

    private static var creditAsText: Frame {
        var flow = Frame.flow(credit: 5)
        flow.fields[6] = .string("5")
        return flow
    }
}

/// The bytes that a peer writes at once, without a look at what we say.
enum BrokenLogin: CaseIterable, Sendable {
    case earlyOutcome
    case secondMechanisms

    var bytes: [UInt8] {
        let mechanisms = Frame(.saslMechanisms, [.symbol("ANONYMOUS")]).encoded
        let sasl = [UInt8]("AMQP".utf8) + [3, 1, 0, 0] + mechanisms
        switch self {
        case .secondMechanisms: return sasl + mechanisms
        case .earlyOutcome:
            let outcome = Frame(.saslOutcome, [.ubyte(0)]).encoded
            let amqp = [UInt8]("AMQP".utf8) + [0, 1, 0, 0]
            return sasl + outcome + amqp + Frame.open().encoded + Frame.open().encoded
        }
    }

    /// The descriptions that the loss may have.
    var reasons: [String] {
        switch self {
        case .earlyOutcome: ["an outcome of SASL before the init"]
        // Proton with Debian 13's security update refuses the list itself, without a word.
        case .secondMechanisms: ["a second list of SASL mechanisms", "connection aborted"]
        }
    }
}

@Suite(.serialized)
struct BrokenProtocolTests {
    @Test(
        "a frame that breaks the protocol ends the connection, and no outcome comes of it",
        arguments: BrokenFrame.all)
    func brokenFrame(_ broken: BrokenFrame) throws {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 3)
            for _ in 1...3 { try connection.expect(.transfer) }
            // An outcome before it in the same read is taken.
            try connection.send(.disposition(2...2, .accepted), broken.frame)
            // The peer hears why.
            let close = try connection.expect(.close)
            guard case .described(0x1D, .list(let error)) = close[0],
                error[1].text?.hasSuffix(broken.reason) == true
            else { throw PeerError("\(close)") }
            try connection.drain()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .batchEnded where loop.credit().0 == 3: try loop.send(1...3)
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        let outcomes = loop.reported.filter { if case .outcome = $0 { true } else { false } }
        #expect(outcomes == [.outcome(link: 3, tag: 3, .accepted)])
        #expect(loop.lossDescription == "the peer breaks the protocol: \(broken.reason)")
    }

    @Test(
        "what breaks SASL ends the connection, before frames get by unseen",
        arguments: BrokenLogin.allCases)
    func brokenLogin(_ login: BrokenLogin) throws {
        let peer = try Peer { connection in
            _ = try connection.bytes(8)
            try connection.write(login.bytes)
            while try connection.bytes(1) != nil {}
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.connect(port: peer.port)
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(login.reasons.contains(where: loop.lossDescription.contains))
        #expect(
            loop.reported.last
                == .connectionLost(1, .transport, name: "amqp:connection:framing-error"))
    }

    @Test("frames that come byte by byte are as those that come at once")
    func byteByByte() throws {
        let peer = try Peer { connection in
            let ours = try connection.acceptUpToAttach()
            let frames: [Frame] = [.attach(answering: ours), .flow(credit: 1)]
            for byte in frames.flatMap(\.encoded) { try connection.write([byte]) }
            try connection.expect(.transfer)
            for byte in Frame.disposition(0...0, .accepted).encoded { try connection.write([byte]) }
            try connection.answerEnding()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .batchEnded where loop.credit().0 == 1: try loop.send(1...1)
            case .outcome: try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(loop.reported.contains(.outcome(link: 3, tag: 1, .accepted)))
    }

    @Test("the end of TCP is noticed at once", arguments: [false, true])
    func endOfTCP(isWithinFrame: Bool) throws {
        // Well below the second after which every connection is looked at. A busy machine adds to it.
        let limit = Duration.milliseconds(900)
        var times: [Duration] = []
        while times.count < 5, times.last.map({ $0 >= limit }) ?? true {
            times.append(try timeOfLoss(isWithinFrame: isWithinFrame))
        }
        #expect(times.contains { $0 < limit }, "\(times)")
    }

    /// From the client's message to its notice of the end of TCP.
    private func timeOfLoss(isWithinFrame: Bool) throws -> Duration {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 1)
            try connection.expect(.transfer)
            if isWithinFrame { try connection.write([0, 0, 0, 40, 2]) }
            connection.disconnect()
        }
        let loop = Loop()
        let clock = ContinuousClock()
        var sentAt = clock.now
        var took = Duration.seconds(9)
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .batchEnded where loop.credit().0 == 1:
                try loop.send(1...1)
                sentAt = clock.now
            case .connectionLost:
                took = clock.now - sentAt
                loop.stop()
            default: break
            }
        }
        try peer.finish()
        let reason =
            isWithinFrame ? "the peer ended the connection within a frame" : "connection aborted"
        #expect(loop.lossDescription == reason)
        return took
    }
}
