// Who is trusted, and with what we prove who we are.
// SPDX-License-Identifier: Apache-2.0

internal import Proton

/// TLS of a run's connections.
///
/// The password is left out of what is printed of this.
public struct TLSSettings: Sendable, Hashable {
    /// PEM file of certificate authorities, which are trusted beside the system's.
    public var authoritiesFile: String?
    /// PEM file of our certificate, and of those that lead to its authority.
    public var certificateFile: String?
    /// PEM file of the certificate's key; nil: the certificate's file.
    public var keyFile: String?
    /// Password of the key.
    ///
    /// Never printed.
    public var keyPassword: String?
    /// Whether the peer's certificate is verified, with its name.
    public var isPeerVerified = true

    /// Makes settings that trust the system's authorities.
    public init() {}
}

/// What can't be used of the files of TLS.
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

extension TLSSettings {
    /// What can't be used of the files, which are read for it; nil when all can.
    public var fault: TLSFault? { TLSOptions(self).fault.map(TLSFault.init) }
}

extension TLSSettings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What is trusted; never the password.
    public var description: String { TLSOptions(self).description }

    /// As ``description``.
    public var debugDescription: String { description }

    /// Nothing: `dump` would print the password.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension TLSOptions {
    init(_ settings: TLSSettings) {
        self.init()
        authoritiesFile = settings.authoritiesFile
        certificateFile = settings.certificateFile
        keyFile = settings.keyFile
        keyPassword = settings.keyPassword
        isPeerVerified = settings.isPeerVerified
    }
}

extension TLSFault {
    init(_ fault: Proton.TLSFault) {
        switch fault {
        case .library: self = .library
        case .authorities: self = .authorities
        case .certificate: self = .certificate
        case .key: self = .key
        case .keyPassword: self = .keyPassword
        case .keyMismatch: self = .keyMismatch
        }
    }
}
