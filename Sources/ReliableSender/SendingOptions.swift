// Options of a run.
// SPDX-License-Identifier: Apache-2.0

public import LinkRecovery
public import Proton

/// The peers of a connection, and the rules of its recovery.
public struct SendingOptions: Sendable, Hashable {
    /// The peers, tried in turn; at least one.
    public var endpoints: [Endpoint]
    /// Whether a password may go to another machine without TLS.
    public var isInsecureAuthenticationAllowed = false
    /// Names of the SASL mechanisms that may be used; empty: those that fit the endpoint.
    public var saslMechanisms: [String] = []
    /// Hostname of the open, and name that TLS verifies if its options name none; nil: the host.
    public var virtualHost: String?
    /// For the endpoints with TLS.
    public var tls = TLSOptions()
    /// A peer that is silent for this long is lost (§2.4.5).
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
