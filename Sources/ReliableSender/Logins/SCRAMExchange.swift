// The client's side of SCRAM (RFC 5802, RFC 7677).
// SPDX-License-Identifier: Apache-2.0

internal import Proton

/// Why a login fails.
enum LoginFault: Error, Hashable {
    /// The peer does not keep to the mechanism.
    case broken(String)
    /// The login is refused, by the peer or by us.
    case refused(String)
}

/// One login by SCRAM, without channel binding.
///
/// The password is not sent, and a peer that does not know it is not believed.
struct SCRAMExchange {
    /// Fewer would help whoever has read the exchange to guess the password (RFC 7677 §4).
    static let iterationCountMin: UInt32 = 4096
    /// The loop stands still meanwhile: about half a second.
    static let iterationCountMax: UInt32 = 1_000_000
    /// Limit on what the peer says.
    ///
    /// - Units: bytes.
    static let messageSizeMax = 4096

    private enum State {
        case begun
        /// The proof was sent; the peer has to answer with this signature.
        case proven(signature: [UInt8])
        case verified
    }

    /// Header of GS2: no channel binding, no other identity (RFC 5802 §7).
    private static let header = "n,,"

    private let hash: LoginHash
    private let password: String
    private let nonce: String
    private let firstBare: String
    private var state = State.begun

    /// Whether SCRAM takes a name or password as it is; others would have to be prepared (RFC 4013).
    static func accepts(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }

    /// Begins a login; the nonce is printable, has no comma, and is never used again.
    init(hash: LoginHash, user: String, password: String, nonce: String) {
        self.hash = hash
        self.password = password
        self.nonce = nonce
        firstBare = "n=\(escapedName(user)),r=\(nonce)"
    }

    /// The client's first message.
    var first: [UInt8] { Array((Self.header + firstBare).utf8) }

    /// Whether the peer has proven that it knows the password.
    var isVerified: Bool {
        if case .verified = state { true } else { false }
    }

    /// The answer to a challenge.
    mutating func response(to challenge: [UInt8]) throws(LoginFault) -> [UInt8] {
        guard challenge.count <= Self.messageSizeMax else {
            throw .broken("its challenge is longer than \(Self.messageSizeMax) bytes")
        }
        switch state {
        case .begun: return try proof(for: challenge)
        case .proven:
            try verify(challenge)
            return []
        case .verified: throw .broken("a challenge behind the last one")
        }
    }

    /// Takes the outcome of success, whose data may be the peer's last message.
    mutating func succeed(with data: [UInt8]) throws(LoginFault) {
        if case .proven = state, !data.isEmpty, data.count <= Self.messageSizeMax {
            try verify(data)
        }
        guard isVerified else {
            throw .refused("the peer did not prove that it knows the password")
        }
    }

    /// The client's final message, for the server's first one.
    private mutating func proof(for challenge: [UInt8]) throws(LoginFault) -> [UInt8] {
        let attributes = Attributes(challenge)
        if attributes.has("m") { throw .refused("the peer asks for an extension of SCRAM") }
        guard let joined = attributes.text(0, "r"), joined.utf8.count > nonce.utf8.count,
            joined.utf8.starts(with: nonce.utf8)
        else { throw .broken("its nonce does not continue ours") }
        guard let salt = attributes.bytes(1, "s").flatMap(Base64.decode), !salt.isEmpty else {
            throw .broken("its salt is not base64")
        }
        let count = try iterationCount(attributes)

        let binding = String(decoding: Base64.encode(Array(Self.header.utf8)), as: UTF8.self)
        let finalBare = "c=\(binding),r=\(joined)"
        let exchange = Array((firstBare + ",").utf8) + challenge + Array(("," + finalBare).utf8)
        let salted = hash.key(from: Array(password.utf8), salt: salt, iterationCount: count)
        func code(_ text: [UInt8], _ key: [UInt8]) -> [UInt8] {
            hash.authenticationCode(of: text, key: key)
        }
        let clientKey = code(Array("Client Key".utf8), salted)
        let clientSignature = code(exchange, hash.hash(clientKey))
        let serverSignature = code(exchange, code(Array("Server Key".utf8), salted))
        guard !salted.isEmpty, clientKey.count == clientSignature.count,
            !serverSignature.isEmpty
        else { throw .refused("OpenSSL lacks the hash of the mechanism") }
        state = .proven(signature: serverSignature)
        let proof = zip(clientKey, clientSignature).map { $0 ^ $1 }
        return Array("\(finalBare),p=".utf8) + Base64.encode(proof)
    }

    private func iterationCount(_ attributes: Attributes) throws(LoginFault) -> UInt32 {
        guard let text = attributes.text(2, "i"), let first = text.utf8.first,
            text.utf8.allSatisfy(isDigit), first != UInt8(ascii: "0")
        else { throw .broken("its iteration count is no number") }
        // A larger number than fits is out of range as well.
        let count = UInt32(text) ?? .max
        guard (Self.iterationCountMin...Self.iterationCountMax).contains(count) else {
            throw .refused(
                "the peer asks for \(text.prefix(20)) iterations, but SCRAM must have "
                    + "\(Self.iterationCountMin) to \(Self.iterationCountMax)")
        }
        return count
    }

    /// Takes the server's final message.
    private mutating func verify(_ message: [UInt8]) throws(LoginFault) {
        guard case .proven(let expected) = state else { return }
        let attributes = Attributes(message)
        if let error = attributes.text(0, "e") {
            throw .refused("the peer refuses the login: \(error.prefix(100))")
        }
        guard let signature = attributes.bytes(0, "v").flatMap(Base64.decode) else {
            throw .broken("its last message has no signature")
        }
        guard areEqual(signature, expected) else {
            throw .refused("the peer does not know the password: its signature is wrong")
        }
        state = .verified
    }

    /// Compares secrets in a time that depends on their sizes only.
    private func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.count == other.count && zip(one, other).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// A name as SCRAM and GS2 write it (RFC 5801 §4).
func escapedName(_ name: String) -> String {
    var text = ""
    // By scalars: a character may be a comma with what joins it.
    for scalar in name.unicodeScalars {
        switch scalar {
        case "=": text += "=3D"
        case ",": text += "=2C"
        default: text.unicodeScalars.append(scalar)
        }
    }
    return text
}

/// The attributes of a message: a letter, =, and a value each, separated by commas (RFC 5802 §5.1).
private struct Attributes {
    private let parts: [ArraySlice<UInt8>]

    init(_ message: [UInt8]) {
        parts = message.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    }

    /// Whether the message begins with this attribute.
    func has(_ name: Unicode.Scalar) -> Bool { bytes(0, name) != nil }

    /// The value at an index, if the attribute there has this name.
    func bytes(_ index: Int, _ name: Unicode.Scalar) -> ArraySlice<UInt8>? {
        guard index < parts.count,
            parts[index].starts(with: [UInt8(ascii: name), UInt8(ascii: "=")])
        else { return nil }
        return parts[index].dropFirst(2)
    }

    /// The value as text, which must be printable ASCII.
    func text(_ index: Int, _ name: Unicode.Scalar) -> String? {
        guard let bytes = bytes(index, name), bytes.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
