// Options of connections and TLS.
// SPDX-License-Identifier: Apache-2.0

/// Options of a connection.
public struct ConnectionOptions: Sendable, Hashable {
    /// Name or address; an IPv6 address without brackets.
    public var host: String
    /// Numeric address of the host.
    ///
    /// - Default: none: the host is looked up, which blocks the loop.
    public var address: String?
    /// Port.
    public var port: UInt16
    /// Hostname of the open (§2.7.1).
    ///
    /// - Default: none: the host.
    public var virtualHost: String?
    /// Time that the peer may be silent before the connection is lost.
    ///
    /// The open advertises half of it (§2.4.5).
    /// - Default: 0: no limit.
    public var idleTimeoutMilliseconds: UInt32 = 0
    /// Largest frame that the peer may send.
    ///
    /// - Default: 0: 65536.
    /// - Units: bytes.
    public var maxFrameSize: UInt32 = 0
    /// Whether each frame is reported, without the credentials of SASL.
    ///
    /// - Default: false.
    public var isTraced = false
    /// Options of TLS.
    ///
    /// - Default: none: the connection has no TLS.
    public var tls: TLSOptions?

    /// Makes options that connect without TLS.
    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }
}

extension ConnectionOptions: CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// Host and port.
    public var description: String {
        (host.contains(":") ? "[\(host)]" : host) + ":\(port)" + (tls == nil ? "" : " (TLS)")
    }

    /// As ``description``.
    public var debugDescription: String { description }

    /// Empty: `dump` would print the password.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Options of TLS.
public struct TLSOptions: Sendable, Hashable {
    /// PEM file of the trusted certificate authorities.
    ///
    /// - Default: none: the system's are trusted.
    public var authoritiesFile: String?
    /// PEM file of the client's certificate.
    ///
    /// - Default: none.
    public var certificateFile: String?
    /// PEM file of the certificate's key.
    ///
    /// - Default: none: the key is in the certificate's file.
    public var keyFile: String?
    /// Password of the key.
    ///
    /// - Default: none.
    public var keyPassword: String?
    /// Whether the peer's certificate and its name are verified.
    ///
    /// - Default: true.
    public var isPeerVerified = true
    /// Name that is verified, and sent in the handshake (SNI).
    ///
    /// - Default: none: the hostname of the open.
    public var serverName: String?

    /// Makes options that trust the system's authorities.
    public init() {}
}

/// A part of TLS options that can't be used.
public enum TLSFault: Sendable, Hashable {
    /// The library has no TLS.
    case library
    /// The file of certificate authorities holds none.
    case authorities
    /// The certificate's file holds none.
    case certificate
    /// The key's file holds none.
    case key
    /// The key is encrypted, and the password is wrong or missing.
    case keyPassword
    /// The key does not belong to the certificate.
    case keyMismatch
}

extension TLSOptions: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Whether the peer is verified; never the password.
    public var description: String {
        isPeerVerified ? "peer verified" : "peer not verified"
    }

    /// As ``description``.
    public var debugDescription: String { description }

    /// Empty: `dump` would print the password.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
