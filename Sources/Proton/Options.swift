// How to connect, and what to attach to.
// SPDX-License-Identifier: Apache-2.0

public import AMQP

/// How to connect.
public struct ConnectionOptions: Sendable, Hashable {
    /// Name or address, an IPv6 address without brackets.
    public var host: String
    /// Numeric address of the host.
    ///
    /// - Default: none, which means that the host is looked up while the loop waits.
    public var address: String?
    /// Port.
    public var port: UInt16
    /// User for SASL.
    ///
    /// - Default: none, which means ANONYMOUS.
    public var user: String?
    /// Password for SASL.
    ///
    /// - Default: none.
    public var password: String?
    /// Names of SASL mechanisms, of which one will do.
    ///
    /// - Default: none, which means proton's choice.
    public var saslMechanisms: [String] = []
    /// Whether PLAIN may go over a connection without TLS.
    ///
    /// - Default: false.
    public var isInsecureAuthenticationAllowed = false
    /// Hostname of the open (§2.7.1).
    ///
    /// - Default: none, which means the host.
    public var virtualHost: String?
    /// How long the peer may be silent before it is lost.
    ///
    /// It is told half of it (§2.4.5).
    /// - Default: 0, which means for ever.
    public var idleTimeoutMilliseconds: UInt32 = 0
    /// Largest frame that the peer may send.
    ///
    /// - Default: 0, which means proton's choice.
    /// - Units: bytes.
    public var maxFrameSize: UInt32 = 0
    /// Whether each frame is reported, without what SASL sends.
    ///
    /// - Default: false.
    public var isTraced = false
    /// TLS.
    ///
    /// - Default: none.
    public var tls: TLSOptions?

    /// Makes options that connect without TLS or user.
    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }
}

extension ConnectionOptions: CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// Host and port; never the password.
    public var description: String {
        (host.contains(":") ? "[\(host)]" : host) + ":\(port)" + (tls == nil ? "" : " (TLS)")
    }

    /// As ``description``.
    public var debugDescription: String { description }

    /// Nothing: `dump` would print the password.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// TLS of one connection.
public struct TLSOptions: Sendable, Hashable {
    /// PEM file of certificate authorities, which are trusted instead of the system's.
    ///
    /// - Default: none, which means the system's.
    public var authoritiesFile: String?
    /// PEM file of the client's certificate.
    ///
    /// - Default: none.
    public var certificateFile: String?
    /// PEM file of the certificate's key.
    ///
    /// - Default: none, which means the certificate's file.
    public var keyFile: String?
    /// Password of the key.
    ///
    /// - Default: none.
    public var keyPassword: String?
    /// Whether the peer's certificate is verified, with its name.
    ///
    /// - Default: true.
    public var isPeerVerified = true
    /// Name that is verified, and sent in the handshake (SNI).
    ///
    /// - Default: none, which means the hostname of the open.
    public var serverName: String?

    /// Makes options that trust the system's authorities.
    public init() {}
}

/// What can't be used of TLS options.
public enum TLSFault: Sendable, Hashable {
    /// There is no TLS at all.
    case library
    /// The file of certificate authorities holds none.
    case authorities
    /// The certificate's file holds none.
    case certificate
    /// The key's file holds none.
    case key
    /// The key is encrypted, with another password or, if none was given, with any.
    case keyPassword
    /// The key is another certificate's.
    case keyMismatch
}

extension TLSOptions: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What is trusted; never the password.
    public var description: String {
        isPeerVerified ? "peer verified" : "peer not verified"
    }

    /// As ``description``.
    public var debugDescription: String { description }

    /// Nothing: `dump` would print the password.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What to attach to.
public struct SenderOptions: Sendable, Hashable {
    /// Name of the link, unique between the two containers (§2.6.1).
    public var name: String
    /// Address of the target.
    public var address: String
    /// How durable the target is to be.
    ///
    /// - Default: none.
    public var targetDurability = TerminusDurability.none
    /// Capabilities that are asked of the target.
    ///
    /// - Default: none.
    public var capabilities: [String] = []
    /// Whether every message is sent settled, so that no outcome comes (§2.8.2).
    ///
    /// - Default: false.
    public var isPreSettled = false

    /// Makes options for a target that is nothing but an address.
    public init(name: String, address: String) {
        self.name = name
        self.address = address
    }
}
