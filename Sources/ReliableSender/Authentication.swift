// The rules of authentication: passwords in the clear, and the choice of SASL mechanisms.
// SPDX-License-Identifier: Apache-2.0

extension Endpoint {
    /// Whether a password may be sent to this endpoint: over TLS, on this machine, or, if
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

/// The SASL mechanisms that may be used at an endpoint.
public struct SASLMechanisms: Sendable, Hashable {
    /// The mechanisms that the library has.
    public static let supported = ["ANONYMOUS", "PLAIN", "EXTERNAL"]

    private let named: [String]
    private let hasCertificate: Bool

    /// Makes a choice among the named mechanisms; among all if none is named.
    public init(named: [String], hasCertificate: Bool) {
        self.named = named
        self.hasCertificate = hasCertificate
    }

    /// The mechanisms that a connection may use.
    ///
    /// Left to itself, proton takes EXTERNAL wherever it is offered, even without a certificate, and
    /// ANONYMOUS where PLAIN is not offered: then a user is anonymous without noticing.
    public func allowed(hasPassword: Bool) -> [String] {
        guard named.isEmpty else { return named }
        return (hasCertificate ? ["EXTERNAL"] : []) + [hasPassword ? "PLAIN" : "ANONYMOUS"]
    }

    /// Whether a user can't log in without a password.
    public var needPassword: Bool {
        named.isEmpty ? !hasCertificate : named.contains("PLAIN")
    }
}

extension SendingOptions {
    /// The mechanisms for one endpoint.
    func saslMechanisms(for endpoint: Endpoint) -> [String] {
        SASLMechanisms(
            named: saslMechanisms,
            hasCertificate: endpoint.isTLS && tls.certificateFile != nil
        ).allowed(hasPassword: endpoint.password != nil)
    }
}
