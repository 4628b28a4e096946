// The rules of authentication: secrets in the clear, and the SASL mechanisms.
// SPDX-License-Identifier: Apache-2.0

internal import Proton

extension Endpoint {
    /// Whether a password may be sent to this endpoint as it is: over TLS, on this machine, or, if
    /// `isInsecureAllowed`, anywhere.
    public func mayReceivePassword(isInsecureAllowed: Bool) -> Bool {
        // In the clear, anyone on the path can read the password, or ask for it.
        isTLS || isOnThisMachine || isInsecureAllowed
    }

    /// Whether it is a loopback address, or its name.
    private var isOnThisMachine: Bool {
        if host == "::1" || host.lowercased() == "localhost" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}

/// A SASL mechanism that the library has, by its registered name.
public enum SASLMechanism: String, Sendable, Hashable, CaseIterable {
    case external = "EXTERNAL"
    case scramSHA512 = "SCRAM-SHA-512"
    case scramSHA256 = "SCRAM-SHA-256"
    case scramSHA1 = "SCRAM-SHA-1"
    case oauthBearer = "OAUTHBEARER"
    case xoauth2 = "XOAUTH2"
    case plain = "PLAIN"
    case anonymous = "ANONYMOUS"

    /// By strength: where several may be used, the first is.
    static let strongestFirst = allCases

    /// Whether it proves a user by a password.
    public var needsPassword: Bool { self == .plain || isSCRAM }

    /// Whether it proves a user by a bearer token.
    public var needsToken: Bool { self == .oauthBearer || self == .xoauth2 }

    /// Whether the peer learns the secret, and everyone who reads the connection.
    var revealsSecret: Bool { self == .plain || needsToken }

    /// Whether it is one of SCRAM's (RFC 5802).
    var isSCRAM: Bool { scramHash != nil }

    /// The hash function of SCRAM.
    var scramHash: LoginHash? {
        switch self {
        case .scramSHA512: .sha512
        case .scramSHA256: .sha256
        case .scramSHA1: .sha1
        default: nil
        }
    }
}

/// The SASL mechanisms that may be used at an endpoint.
public struct SASLMechanisms: Sendable, Hashable {
    /// The names of the mechanisms that the library has, strongest first.
    public static let supported = SASLMechanism.strongestFirst.map(\.rawValue)

    /// Why SCRAM can't be used with a name or password.
    public static let scramNeedsASCII =
        "SCRAM needs a user and a password of printable ASCII characters"

    /// Whether SCRAM can be used with them.
    public static func scramAccepts(user: String, password: String) -> Bool {
        SCRAMExchange.accepts(user) && SCRAMExchange.accepts(password)
    }

    /// Whether a text can be a bearer token: visible ASCII characters (RFC 6750 §2.1 has fewer).
    public static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    private let named: [SASLMechanism]
    private let isNamed: Bool
    private let mayUseExternal: Bool

    /// Makes a choice among the named mechanisms; among all if none is named.
    ///
    /// Names that the library does not have count as named and are never used. A client certificate is shown, and
    /// so proves a user, over TLS only.
    public init(named: [String], isTLS: Bool, hasCertificate: Bool) {
        self.named = named.compactMap(SASLMechanism.init(rawValue:))
        isNamed = !named.isEmpty
        mayUseExternal = isTLS && hasCertificate
    }

    /// The mechanisms that a connection may use.
    ///
    /// A user with a password or token never becomes anonymous without noticing, and EXTERNAL needs a
    /// certificate, although many peers offer it to all. SCRAM with SHA-1 must be named.
    public func allowed(hasPassword: Bool, hasToken: Bool = false) -> [SASLMechanism] {
        if isNamed { return named }
        return (mayUseExternal ? [.external] : []) + (hasToken ? [.oauthBearer, .xoauth2] : [])
            + (hasPassword ? [.scramSHA512, .scramSHA256, .plain] : [])
            + (hasPassword || hasToken ? [] : [.anonymous])
    }

    /// Whether a user can't log in without a password.
    public var needPassword: Bool {
        isNamed ? takePassword : !mayUseExternal
    }

    /// Whether a password can be used.
    public var takePassword: Bool { allowed(hasPassword: true).contains(where: \.needsPassword) }

    /// Whether a token can be used.
    public var takeToken: Bool {
        allowed(hasPassword: false, hasToken: true).contains(where: \.needsToken)
    }

    /// Whether a password may be sent as it is.
    public var mayRevealPassword: Bool {
        allowed(hasPassword: true).contains { $0.needsPassword && $0.revealsSecret }
    }

    /// Whether SCRAM is all that takes a password.
    public var haveOnlySCRAM: Bool {
        takePassword && allowed(hasPassword: true).allSatisfy { $0.isSCRAM || !$0.needsPassword }
    }
}

extension SendingOptions {
    /// The mechanisms for one endpoint.
    func saslMechanisms(for endpoint: Endpoint) -> [SASLMechanism] {
        SASLMechanisms(
            named: saslMechanisms, isTLS: endpoint.isTLS,
            hasCertificate: tls.certificateFile != nil
        ).allowed(hasPassword: endpoint.password != nil, hasToken: endpoint.token != nil)
    }
}
