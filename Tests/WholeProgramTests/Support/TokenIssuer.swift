// An issuer of bearer tokens.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// Signs tokens, and serves the key to check them by, as OpenID Connect has it.
final class TokenIssuer {
    /// The URL at which a broker asks for the key.
    let url: String
    /// PEM file of the key, for a broker that does not ask.
    let publicKey: String
    private let folder: URL
    private let key: URL
    private let server: ChildProcess

    init(in parent: TemporaryFolder) throws {
        folder = parent.file("issuer")
        let wellKnown = folder.appending(path: ".well-known")
        try FileManager.default.createDirectory(at: wellKnown, withIntermediateDirectories: true)
        let port = try Places.freePort()
        url = "http://127.0.0.1:\(port)"
        key = parent.file("issuer.key")
        _ = try Self.openssl("genrsa", "-out", key.path, "2048")
        publicKey = parent.file("issuer.pem").path
        _ = try Self.openssl("rsa", "-in", key.path, "-pubout", "-out", publicKey)
        let modulus = try Self.openssl("rsa", "-in", key.path, "-noout", "-modulus")
        let hex = Array(modulus.drop { $0 != "=" }.dropFirst().filter(\.isHexDigit))
        let bytes = stride(from: 0, to: hex.count, by: 2).compactMap {
            UInt8(String(hex[$0...($0 + 1)]), radix: 16)
        }
        try Data(
            """
            {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "k1", "e": "AQAB",
            "n": "\(Self.base64URL(Data(bytes)))"}]}
            """.utf8
        ).write(to: folder.appending(path: "keys"))
        try Data(#"{"issuer": "\#(url)", "jwks_uri": "\#(url)/keys"}"#.utf8).write(
            to: wellKnown.appending(path: "openid-configuration"))
        server = try ChildProcess(
            "issuer", executable: Places.python,
            arguments: [
                "-u", "-m", "http.server", "\(port)", "--bind", "127.0.0.1", "--directory",
                folder.path,
            ])
        try server.waitForLine(containing: "Serving HTTP")
    }

    /// Signs a token for the user ann, which ends after so long; `rights` are further claims.
    func token(
        for audience: String, seconds: Int, rights: String = #""groups": ["amq"]"#
    ) throws -> String {
        let now = Int(Date().timeIntervalSince1970)
        let claims = """
            {"iss": "\(url)", "sub": "ann", "azp": "test", "aud": "\(audience)", "iat": \(now),
            "exp": \(now + seconds), \(rights)}
            """
        let head = Data(#"{"alg": "RS256", "typ": "JWT", "kid": "k1"}"#.utf8)
        let signed = Self.base64URL(head) + "." + Self.base64URL(Data(claims.utf8))
        let input = folder.appending(path: "input")
        let signature = folder.appending(path: "signature")
        try Data(signed.utf8).write(to: input)
        _ = try Self.openssl(
            "dgst", "-sha256", "-sign", key.path, "-out", signature.path, input.path)
        return signed + "." + Self.base64URL(try Data(contentsOf: signature))
    }

    private static func openssl(_ words: String...) throws -> String {
        let made = try ChildProcess.run(["openssl"] + words)
        guard made.status == 0 else { throw TestFailure(made.errors) }
        return made.output
    }

    private static func base64URL(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }
}
