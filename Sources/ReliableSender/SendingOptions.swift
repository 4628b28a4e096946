// What a run is told before it begins.
// SPDX-License-Identifier: Apache-2.0

public import LinkRecovery
public import Proton

/// Secrets as they are when a connection is made; nil: as they were at the beginning.
public struct Secrets: Sendable, Hashable {
    /// Password for SASL.
    public var password: String?
    /// Bearer token for SASL.
    public var token: String?
    /// Password of the key of TLS.
    public var keyPassword: String?

    /// Makes secrets.
    public init(password: String? = nil, token: String? = nil, keyPassword: String? = nil) {
        self.password = password
        self.token = token
        self.keyPassword = keyPassword
    }
}

/// Why a connection can't be made now: a file that it needs can't be used as it is.
///
/// The connection counts as failed, with `ConditionName.unusableFile`.
public struct UnusableFile: Error, Sendable, Hashable {
    /// What is wrong with the file, in a sentence.
    public var sentence: String

    /// Makes a reason.
    public init(sentence: String) {
        self.sentence = sentence
    }
}

extension Secrets: CustomReflectable {
    /// Nothing: `dump` would print them.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What a connection connects to, and the rules of its recovery.
public struct SendingOptions: Sendable, Hashable {
    /// The peers, tried in turn; at least one.
    public var endpoints: [Endpoint]
    /// Whether a password may go to another machine without TLS.
    public var isInsecureAuthenticationAllowed = false
    /// Names of SASL mechanisms, of which one will do; none: what fits an endpoint.
    public var saslMechanisms: [String] = []
    /// Hostname of the open, and name that TLS verifies if its options name none; nil: the host.
    public var virtualHost: String?
    /// For the endpoints with TLS.
    public var tls = TLSOptions()
    /// A peer that is silent for so long is lost (§2.4.5).
    ///
    /// - Units: milliseconds; 0: no limit.
    /// - Default: 30 s.
    public var idleTimeout: Milliseconds = 30_000
    /// The rules of recovery.
    public var recovery = RecoveryOptions()

    /// Makes options with the defaults.
    public init(endpoints: [Endpoint]) {
        self.endpoints = endpoints
    }
}
