// A peer to connect to.
// SPDX-License-Identifier: Apache-2.0

/// One peer to connect to, and as whom.
public struct Endpoint: Sendable, Hashable {
    /// Name or address; an IPv6 address without brackets.
    public var host: String
    /// TCP port.
    public var port: UInt16
    /// User for SASL (§5.3); nil: anonymous, or the subject of the client's certificate.
    public var user: String?
    /// Password for SASL.
    ///
    /// Never printed. It is sent over TLS or to this machine only, unless
    /// ``SendingOptions/isInsecureAuthenticationAllowed``.
    public var password: String?
    /// Bearer token for SASL, as OAUTHBEARER and XOAUTH2 send it.
    ///
    /// Never printed. It is sent where a password may be.
    public var token: String?
    /// Whether the connection is TLS, by ``SendingOptions/tls``.
    public var isTLS: Bool

    /// Makes an endpoint; without a port it is 5672, or 5671 with TLS.
    public init(
        host: String, port: UInt16? = nil, user: String? = nil, password: String? = nil,
        token: String? = nil, isTLS: Bool = false
    ) {
        self.host = host
        self.port = port ?? Self.standardPort(isTLS: isTLS)
        self.isTLS = isTLS
        self.user = user
        self.password = password
        self.token = token
    }
}
