// Logins by SASL, whose steps the caller answers.
// SPDX-License-Identifier: Apache-2.0

import CShim
import Foundation
import RawPeer
import Testing

@Suite(.serialized)
struct LoginTests {
    /// Connects, and stops when the connection is open or lost.
    private func run(
        port: UInt16, isTraced: Bool = false,
        _ login: @escaping (LoginStep, OpaquePointer) -> Void
    ) -> Loop {
        let loop = Loop()
        loop.login = login
        loop.run { event in
            switch event {
            case .started: try loop.connect(port: port) { $0.is_traced = isTraced }
            case .connectionOpened: try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        return loop
    }

    private static let outcomes: [(UInt8, cshim_connection_loss_t, String)] = [
        (1, .authentication, "amqp:unauthorized-access"), (2, .transport, "sasl:system-error"),
        (3, .authentication, "amqp:unauthorized-access"), (4, .transport, "sasl:temporary-error"),
    ]

    @Test(
        "what SASL refuses is a loss of its own kind, what it can't do is not; without the password",
        arguments: outcomes)
    func refused(outcome: UInt8, kind: cshim_connection_loss_t, name: String) throws {
        let peer = try Peer { connection in
            let answer = try connection.authenticate(offering: "PLAIN", outcome: outcome)
            #expect(answer[1] == .binary(Array("\0ann\0secret".utf8)))
        }
        let loop = run(port: peer.port) { step, login in
            #expect(step.kind == .offered && step.text.split(separator: " ") == ["PLAIN"])
            begin(login, "PLAIN", "\0ann\0secret")
        }
        try peer.finish()
        #expect(loop.reported == [.connectionLost(1, kind, name: name)])
        #expect(!loop.lossDescription.isEmpty && !loop.lossDescription.contains("secret"))
    }

    @Test("an offer without an answer is a login that was refused, and nothing is sent for it")
    func offerRefused() throws {
        let peer = try Peer { connection in
            #expect(throws: PeerError.self) { try connection.authenticate(offering: "PLAIN") }
        }
        let loop = run(port: peer.port) { _, _ in }
        try peer.finish()
        #expect(
            loop.reported == [
                .connectionLost(1, .authentication, name: "amqp:unauthorized-access")
            ])
        #expect(loop.lossDescription.contains("[mech=none]"))
    }

    /// More than the 512 bytes that a peer must take before the open (§2.7.1).
    private static let large = String(repeating: "x", count: 20_000)

    @Test("challenges are answered, in frames of any size, and the outcome's data are handed on")
    func challenges() throws {
        let peer = try Peer { connection in
            let start = try connection.offer(["OTHER", "TWO-STEPS"])
            #expect(start[0] == .symbol("TWO-STEPS") && start[1] == .binary(Array("first".utf8)))
            try connection.send(Frame(.saslChallenge, [.binary(Array("one".utf8))]))
            #expect(
                try connection.expect(.saslResponse)[0] == .binary(Array(Self.large.utf8)))
            try connection.send(Frame(.saslChallenge, [.binary([])]))
            #expect(try connection.expect(.saslResponse)[0] == .binary([]))
            try connection.send(Frame(.saslOutcome, [.ubyte(0), .binary(Array("data".utf8))]))
            try connection.openBehindSASL()
            try connection.answerEnding()
        }
        let loop = run(port: peer.port, isTraced: true) { step, login in
            switch step.kind {
            case .offered: begin(login, "TWO-STEPS", "first")
            case .challenged: respond(login, step.text == "one" ? Self.large : "")
            case .admitted: break
            }
        }
        try peer.finish()
        #expect(loop.loginSteps.map(\.kind) == [.offered, .challenged, .challenged, .admitted])
        #expect(loop.loginSteps[0].text.split(separator: " ") == ["OTHER", "TWO-STEPS"])
        #expect(loop.loginSteps[3].text == "data")
        #expect(loop.reported.first == .connectionOpened(1, peer: "raw-peer"))
        // The trace has the frames without what they carry.
        let login = loop.frames.filter(\.isSASL)
        #expect(login.compactMap(\.performative) == [0x40, 0x41, 0x42, 0x43, 0x42, 0x43, 0x44])
        for word in ["first", "one", "xxx", "data"] {
            let bytes = Data(word.utf8)
            #expect(login.allSatisfy { Data($0.body).range(of: bytes) == nil })
        }
    }

    @Test("the caller ends a login at any step, with a condition of its own", arguments: 0...2)
    func failed(at last: Int) throws {
        let peer = try Peer { connection in
            guard let start = try? connection.offer(["ONE-STEP"]) else { return }
            #expect(start[0] == .symbol("ONE-STEP"))
            try connection.send(Frame(.saslChallenge, [.binary([])]))
            guard (try? connection.expect(.saslResponse)) != nil else { return }
            try connection.send(Frame(.saslOutcome, [.ubyte(0)]))
            try? connection.expectEnd()
        }
        let loop = run(port: peer.port) { step, login in
            guard Int(step.kind.rawValue) < last else {
                let status = cshim_login_fail(login, "test:condition", "the reason", nil)
                #expect(status == .ok)
                return
            }
            step.kind == .offered ? begin(login, "ONE-STEP") : respond(login, "")
        }
        try peer.finish()
        #expect(loop.reported == [.connectionLost(1, .transport, name: "test:condition")])
        let mechanism = last == 0 ? "none" : "ONE-STEP"
        #expect(
            loop.lossDescription == "the reason (Authentication failed [mech=\(mechanism)])")
    }

    @Test("an answer belongs to its step, and there is one")
    func wrongAnswers() throws {
        let peer = try Peer { connection in
            _ = try connection.authenticate()
            try connection.openBehindSASL()
            try connection.answerEnding()
        }
        let loop = run(port: peer.port) { step, login in
            guard step.kind == .offered else {
                #expect(cshim_login_begin(login, "ANONYMOUS", nil, 0, nil) == .invalidState)
                return
            }
            #expect(cshim_login_respond(login, nil, 0, nil) == .invalidState)
            begin(login, "ANONYMOUS")
            #expect(cshim_login_begin(login, "ANONYMOUS", nil, 0, nil) == .invalidState)
            #expect(cshim_login_fail(login, "x", "y", nil) == .invalidState)
        }
        try peer.finish()
        #expect(loop.reported.first == .connectionOpened(1, peer: "raw-peer"))
    }

    @Test("what comes before the answer was written breaks the protocol", arguments: [true, false])
    func early(isOutcome: Bool) throws {
        let peer = try Peer { connection in
            _ = try connection.offer(["ONE-STEP"])
            let challenge = Frame(.saslChallenge, [.binary([])])
            try connection.send(challenge, isOutcome ? Frame(.saslOutcome, [.ubyte(0)]) : challenge)
            try connection.drain()
        }
        let loop = run(port: peer.port) { step, login in
            step.kind == .offered ? begin(login, "ONE-STEP") : respond(login, "")
        }
        try peer.finish()
        #expect(loop.loginSteps.map(\.kind) == [.offered, .challenged])
        #expect(
            loop.reported
                == [.connectionLost(1, .transport, name: "amqp:connection:framing-error")])
        let what = isOutcome ? "an outcome" : "a challenge"
        #expect(loop.lossDescription.contains("\(what) of SASL before the response"))
    }
}
