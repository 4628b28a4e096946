// Logins by SCRAM, as a program has them, at peers that keep to it and at others.
// SPDX-License-Identifier: Apache-2.0

import RawPeer
import ReliableSender
import Testing

@Suite(.timeLimit(.minutes(30))) struct SCRAMPeerTests {
    /// Sends a message to a server; the error is that of the connection.
    private func send(
        to server: SCRAMServer, named: [String] = [], password: String = "secret"
    ) async throws {
        let peer = try Peer { connection in
            guard try server.login(connection) else { return try connection.drain() }
            try connection.acceptLinkBehindSASL(credit: 1)
            try connection.expect(.transfer)
            try connection.send(.disposition(0...0, .accepted))
            try connection.answerEnding()
        }
        defer { peer.stop() }
        let endpoint = Endpoint(
            host: "127.0.0.1", port: peer.port, user: "ann", password: password)
        let connection = SenderConnection(to: [endpoint]) {
            $0.recovery.mayReconnect = false
            $0.saslMechanisms = named
        }
        async let run: Void = connection.run()
        do {
            let sender = try await connection.sender(to: "q")
            #expect(try await sender.send(Message(body: .value(.string("hi")))) == .accepted)
        } catch {
            await connection.close(within: .zero)
            try? await run
            throw error
        }
        await connection.close(within: .seconds(5))
        try await run
        try peer.finish()
    }

    @Test(
        "a user logs in by SCRAM, wherever the peer's last message is",
        arguments: ["SCRAM-SHA-256", "SCRAM-SHA-512"], [true, false])
    func right(_ mechanism: String, isLastAChallenge: Bool) async throws {
        try await send(
            to: SCRAMServer(mechanism: mechanism, isLastAChallenge: isLastAChallenge))
    }

    private static let words: [SCRAMFault: String] = [
        .wrongPassword: "Authentication failed [mech=SCRAM-SHA-256]",
        .wrongSignature: "its signature is wrong",
        .noSignature: "did not prove that it knows the password",
        .admittedAtOnce: "did not prove that it knows the password",
        .fewIterations: "asks for 1 iterations",
        .absurdIterations: "asks for 2000000000 iterations",
        .otherNonce: "its nonce does not continue ours",
        .oversizedChallenge: "its challenge is longer than 4096 bytes",
    ]

    @Test("a peer that strays ends the login, with a reason", arguments: SCRAMFault.allCases)
    func wrong(_ fault: SCRAMFault) async throws {
        let reason = try #require(Self.words[fault])
        await #expect {
            try await send(to: SCRAMServer(isLastAChallenge: true, fault: fault))
        } throws: { error in
            let words = "\(error)"
            return words.contains(reason) && !words.contains("secret")
        }
    }

    @Test("another user's password is refused by the peer")
    func wrongPassword() async {
        await #expect {
            try await send(to: SCRAMServer(), password: "s3cret")
        } throws: { error in
            "\(error)".contains("Authentication failed [mech=SCRAM-SHA-256]")
        }
    }

    @Test("a peer that offers less than what is allowed is sent nothing")
    func downgrade() async throws {
        let peer = try Peer { connection in
            #expect(throws: PeerError.self) { _ = try connection.offer(["PLAIN", "ANONYMOUS"]) }
        }
        let endpoint = Endpoint(host: "127.0.0.1", port: peer.port, user: "ann", password: "secret")
        let connection = SenderConnection(to: [endpoint]) {
            $0.recovery.mayReconnect = false
            $0.saslMechanisms = ["SCRAM-SHA-256", "SCRAM-SHA-512"]
        }
        await #expect {
            try await connection.run()
        } throws: { error in
            "\(error)".contains("[mech=none]")
        }
        try peer.finish()
    }
}
