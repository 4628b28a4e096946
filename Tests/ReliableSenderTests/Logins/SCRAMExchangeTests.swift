// SCRAM's messages, against the vectors of the RFCs, and what a peer may not say.
// SPDX-License-Identifier: Apache-2.0

import Proton
import Testing

@testable import ReliableSender

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

@Suite struct SCRAMExchangeTests {
    struct Vector: Sendable {
        var hash: LoginHash
        var nonce: String
        var serverFirst: String
        var proof: String
        var signature: String
    }

    private static let nonce256 = "rOprNGfwEbeRWgbNEkqO"
    private static let first256 =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"

    /// RFC 5802 §5, RFC 7677 §3; the last one was computed with Python's hashlib.
    private static let vectors: [Vector] = [
        Vector(
            hash: .sha1, nonce: "fyko+d2lbbFgONRv9qkxdawL",
            serverFirst:
                "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            proof: "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", signature: "rmF9pqV8S7suAoZWja4dJRkFsKQ="),
        Vector(
            hash: .sha256, nonce: nonce256, serverFirst: first256,
            proof: "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            signature: "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="),
        Vector(
            hash: .sha512, nonce: nonce256, serverFirst: first256,
            proof: "gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dyb"
                + "EmDYXYTxwnYPJQ==",
            signature: "ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5Zx"
                + "XnJq199RVG2rR7N7Zw=="),
    ]

    private func exchange(_ vector: Vector = vectors[1]) -> SCRAMExchange {
        SCRAMExchange(
            hash: vector.hash, user: "user", password: "pencil", nonce: vector.nonce)
    }

    /// An exchange whose proof was sent.
    private func proven() throws -> SCRAMExchange {
        var exchange = exchange()
        _ = try exchange.response(to: Array(Self.first256.utf8))
        return exchange
    }

    @Test("the messages are those of the RFCs", arguments: vectors)
    func messages(_ vector: Vector) throws {
        var exchange = exchange(vector)
        #expect(text(exchange.first) == "n,,n=user,r=\(vector.nonce)")
        let joined = vector.serverFirst.dropFirst(2).prefix { $0 != "," }
        let final = try exchange.response(to: Array(vector.serverFirst.utf8))
        #expect(text(final) == "c=biws,r=\(joined),p=\(vector.proof)")
        #expect(!exchange.isVerified)
        #expect(try exchange.response(to: Array("v=\(vector.signature)".utf8)) == [])
        #expect(exchange.isVerified)
        try exchange.succeed(with: [])
    }

    @Test("the peer's last message may come with the outcome", arguments: vectors)
    func signatureInOutcome(_ vector: Vector) throws {
        var exchange = exchange(vector)
        _ = try exchange.response(to: Array(vector.serverFirst.utf8))
        try exchange.succeed(with: Array("v=\(vector.signature)".utf8))
        #expect(exchange.isVerified)
    }

    private static let nonce = "r=rOprNGfwEbeRWgbNEkqO%x"
    private static let brokenFirsts: [String] = [
        "", "x", "r=,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        // Another's nonce, and ours without the peer's part.
        "r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "\(nonce),s=W22ZaJ0SNY7soEsUEjb6gQ=,i=4096", "\(nonce),s=,i=4096", "\(nonce),i=4096",
        "s=W22ZaJ0SNY7soEsUEjb6gQ==,\(nonce),i=4096",
        "\(nonce),s=W22ZaJ0SNY7soEsUEjb6gQ==", "\(nonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=",
        "\(nonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-4096",
        "\(nonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=04096",
        "\(nonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096.0",
        "\(nonce)\u{7F},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "\(nonce),s=\(String(repeating: "AAAA", count: 1100)),i=4096",
    ]

    @Test("a first message that is none breaks the protocol", arguments: brokenFirsts)
    func brokenFirst(_ message: String) {
        var exchange = exchange()
        #expect {
            _ = try exchange.response(to: Array(message.utf8))
        } throws: { error in
            if case .broken? = error as? LoginFault { true } else { false }
        }
    }

    private static let refusedFirsts: [String] = [
        "\(nonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4095", "\(nonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1",
        "\(nonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1000001",
        "\(nonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4294967296",
        "\(nonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999999999999999999999999999",
        "m=x,\(nonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    ]

    @Test(
        "iterations out of all reason, or an extension, refuse the login", arguments: refusedFirsts)
    func refusedFirst(_ message: String) {
        var exchange = exchange()
        #expect {
            _ = try exchange.response(to: Array(message.utf8))
        } throws: { error in
            if case .refused? = error as? LoginFault { true } else { false }
        }
    }

    @Test("what stands behind the iteration count is ignored")
    func extensions() throws {
        var exchange = exchange()
        _ = try exchange.response(to: Array((Self.first256 + ",x=1,y=").utf8))
    }

    @Test("a wrong signature, or none, is no login")
    func wrongSignature() throws {
        let wrong = "v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        var exchange = try proven()
        #expect(
            throws: LoginFault.refused(
                "the peer does not know the password: its signature is wrong")
        ) {
            try exchange.succeed(with: Array(wrong.utf8))
        }
        #expect(
            throws: LoginFault.refused(
                "the peer does not know the password: its signature is wrong")
        ) {
            _ = try exchange.response(to: Array(wrong.utf8))
        }
        let missing = LoginFault.refused("the peer did not prove that it knows the password")
        #expect(throws: missing) { try exchange.succeed(with: []) }
        // A cut one.
        #expect(throws: LoginFault.self) { try exchange.succeed(with: Array("v=6rriTQ==".utf8)) }
        #expect(throws: LoginFault.self) { try exchange.succeed(with: Array("v=".utf8)) }
        // An outcome before any challenge.
        var first = self.exchange()
        #expect(throws: missing) { try first.succeed(with: []) }
        #expect(throws: missing) {
            try first.succeed(with: Array("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=".utf8))
        }
    }

    @Test("the peer's reason is given, and nothing follows the last message")
    func lastMessage() throws {
        var refused = try proven()
        #expect(throws: LoginFault.refused("the peer refuses the login: invalid-proof")) {
            _ = try refused.response(to: Array("e=invalid-proof".utf8))
        }
        var verified = try proven()
        _ = try verified.response(to: Array("v=\(Self.vectors[1].signature)".utf8))
        #expect(throws: LoginFault.self) { _ = try verified.response(to: []) }
    }

    /// Messages of a peer, changed at random, the same ones from the same seed.
    private struct Changes {
        var state: UInt64

        mutating func below(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }

        mutating func change(_ message: String) -> [UInt8] {
            var bytes = Array(message.utf8)
            for _ in 0...below(3) {
                let index = below(bytes.count)
                switch below(4) {
                case 0: bytes[index] = UInt8(below(256))
                case 1: bytes.remove(at: index)
                case 2:
                    bytes.insert(
                        contentsOf: Array(",=r=s=i=9m=v=".utf8.prefix(below(13))), at: index)
                default: bytes.append(contentsOf: bytes.prefix(below(40)))
                }
                if bytes.isEmpty { bytes = [0] }
            }
            return bytes
        }
    }

    @Test("whatever a peer says, only the right signature lets it in", arguments: 1...200)
    func changed(seed: UInt64) {
        var changes = Changes(state: seed)
        let signature = "v=\(Self.vectors[1].signature)"
        var exchange = exchange()
        let first =
            changes.below(2) == 0 ? Array(Self.first256.utf8) : changes.change(Self.first256)
        _ = try? exchange.response(to: first)
        let last = changes.change(signature)
        if changes.below(2) == 0 {
            _ = try? exchange.response(to: last)
        } else {
            try? exchange.succeed(with: last)
        }
        let isRight = first == Array(Self.first256.utf8) && last == Array(signature.utf8)
        #expect(!exchange.isVerified || isRight)
    }

    @Test("a comma and an equals sign in a name are written out")
    func names() {
        let exchange = SCRAMExchange(hash: .sha256, user: "a,b=c d", password: "p", nonce: "n")
        #expect(text(exchange.first) == "n,,n=a=2Cb=3Dc d,r=n")
        #expect(SCRAMExchange.accepts("a,b=c d~"))
        for odd in ["", "ä", "a\u{7F}", "a\nb"] { #expect(!SCRAMExchange.accepts(odd)) }
    }

    private static let base64: [(String, String)] = [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ]

    @Test("base64 is that of RFC 4648", arguments: base64)
    func encoding(_ plain: String, _ encoded: String) {
        #expect(text(Base64.encode(Array(plain.utf8))) == encoded)
        #expect(Base64.decode(encoded.utf8).map(text) == plain)
    }

    @Test(
        "what is not base64 is not decoded",
        arguments: [
            "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "====", "Z===", "Zg==Zg==", "Zm 9", "Zm9-",
        ])
    func notBase64(_ text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }
}
