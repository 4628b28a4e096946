// What a run is told before it begins.
// SPDX-License-Identifier: Apache-2.0

public import LinkRecovery
public import Proton

/// One peer to connect to.
public struct Endpoint: Sendable, Hashable {
    /// Name or address; an IPv6 address without brackets.
    public var host: String
    /// TCP port.
    public var port: UInt16
    /// User for SASL; nil: anonymous.
    public var user: String?
    /// Password for SASL.
    ///
    /// Never printed.
    public var password: String?
    /// Whether the connection is TLS.
    public var isTLS: Bool

    /// Makes an endpoint; without a port it is 5672, or 5671 with TLS.
    public init(
        host: String, port: UInt16? = nil, user: String? = nil, password: String? = nil,
        isTLS: Bool = false
    ) {
        self.host = host
        self.port = port ?? Self.standardPort(isTLS: isTLS)
        self.isTLS = isTLS
        self.user = user
        self.password = password
    }
}

/// Passwords as they are when a connection is made; nil: as they were at the beginning.
public struct Passwords: Sendable, Hashable {
    /// For SASL.
    public var sasl: String?
    /// Of the key of TLS.
    public var key: String?

    /// Makes passwords.
    public init(sasl: String? = nil, key: String? = nil) {
        self.sasl = sasl
        self.key = key
    }
}

extension Passwords: CustomReflectable {
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
    /// A peer that is silent for so long is lost.
    ///
    /// 0: none.
    public var idleTimeout: Milliseconds = 30_000
    /// The rules of recovery.
    public var recovery = RecoveryOptions()

    /// Makes options with the defaults.
    public init(endpoints: [Endpoint]) {
        self.endpoints = endpoints
    }
}
