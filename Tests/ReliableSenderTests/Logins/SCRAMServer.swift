// The server's side of SCRAM, for raw peers.
// SPDX-License-Identifier: Apache-2.0

import Proton
import RawPeer

@testable import ReliableSender

/// The deviation of a server.
enum SCRAMFault: String, CaseIterable, Sendable {
    case wrongPassword, wrongSignature, noSignature, fewIterations, absurdIterations
    case otherNonce, oversizedChallenge, admittedAtOnce
}

/// A server that has a user "ann" with the password "secret".
struct SCRAMServer: Sendable {
    var mechanism = "SCRAM-SHA-256"
    /// Whether the last message is a challenge, or comes with the outcome.
    var isLastAChallenge = false
    var fault: SCRAMFault?

    private var hash: LoginHash { mechanism == "SCRAM-SHA-512" ? .sha512 : .sha256 }

    /// Lets a client in, and returns whether it did.
    func login(_ connection: PeerConnection) throws -> Bool {
        let start = try connection.offer(["ANONYMOUS", "PLAIN", mechanism])
        guard start[0].text == mechanism, case .binary(let first) = start[1] else {
            throw PeerError("\(start[0])")
        }
        if fault == .admittedAtOnce {
            try connection.send(Frame(.saslOutcome, [.ubyte(0)]))
            return false
        }
        let clientFirst = String(decoding: first.dropFirst(3), as: UTF8.self)
        let nonce = clientFirst.drop { $0 != "," }.dropFirst(3)
        let serverFirst = firstMessage(nonce: String(nonce))
        try connection.send(Frame(.saslChallenge, [.binary(Array(serverFirst.utf8))]))
        guard let answer = try connection.read() else { return false }
        guard answer.performative == .saslResponse, case .binary(let final) = answer[0] else {
            throw PeerError("\(answer)")
        }
        return try judge(final, clientFirst, serverFirst, connection)
    }

    private func firstMessage(nonce: String) -> String {
        let salt = String(decoding: Base64.encode(Array("salt".utf8)), as: UTF8.self)
        let (joined, padding) = (
            fault == .otherNonce ? "other" : nonce + "server",
            fault == .oversizedChallenge ? ",x=" + String(repeating: "x", count: 20_000) : ""
        )
        let count = fault == .fewIterations ? 1 : fault == .absurdIterations ? 2_000_000_000 : 4096
        return "r=\(joined),s=\(salt),i=\(count)\(padding)"
    }

    private func judge(
        _ final: [UInt8], _ clientFirst: String, _ serverFirst: String, _ connection: PeerConnection
    ) throws -> Bool {
        let text = String(decoding: final, as: UTF8.self)
        guard let proofStart = text.firstRange(of: ",p=") else { throw PeerError(text) }
        let exchange = "\(clientFirst),\(serverFirst),\(text[..<proofStart.lowerBound])"
        let password = fault == .wrongPassword ? "other" : "secret"
        let salted = hash.key(
            from: Array(password.utf8), salt: Array("salt".utf8), iterationCount: 4096)
        func code(_ text: String, _ key: [UInt8]) -> [UInt8] {
            hash.authenticationCode(of: Array(text.utf8), key: key)
        }
        let clientKey = code("Client Key", salted)
        let expected = zip(clientKey, code(exchange, hash.hash(clientKey))).map { $0 ^ $1 }
        guard Base64.decode(text[proofStart.upperBound...].utf8) == expected else {
            try connection.send(Frame(.saslOutcome, [.ubyte(1)]))
            return false
        }
        var signature = code(exchange, code("Server Key", salted))
        if fault == .wrongSignature { signature[0] ^= 1 }
        var last = Array("v=".utf8) + Base64.encode(signature)
        if fault == .noSignature { last = [] }
        return try finish(last, connection)
    }

    private func finish(_ last: [UInt8], _ connection: PeerConnection) throws -> Bool {
        guard isLastAChallenge, fault != .noSignature else {
            try connection.send(Frame(.saslOutcome, [.ubyte(0), .binary(last)]))
            return fault == nil
        }
        try connection.send(Frame(.saslChallenge, [.binary(last)]))
        guard let answer = try connection.read() else { return false }
        guard answer.performative == .saslResponse else { throw PeerError("\(answer)") }
        try connection.send(Frame(.saslOutcome, [.ubyte(0)]))
        return fault == nil
    }
}
