// Names for connections, sessions, links and deliveries.
// SPDX-License-Identifier: Apache-2.0

/// One attempt at a connection.
///
/// A number is never used again in a run.
public struct ConnectionID: Sendable, Hashable {
    /// The number.
    public let number: UInt64

    /// Makes an identifier.
    public init(_ number: UInt64) { self.number = number }
}

/// One session.
///
/// A number is never used again in a run.
public struct SessionID: Sendable, Hashable {
    /// The number.
    public let number: UInt64

    /// Makes an identifier.
    public init(_ number: UInt64) { self.number = number }
}

/// One link, and so one link name.
///
/// A number is never used again in a run.
public struct LinkID: Sendable, Hashable {
    /// The number.
    public let number: UInt64

    /// Makes an identifier.
    public init(_ number: UInt64) { self.number = number }
}

/// A delivery tag (§2.6.12): new for every attempt to send a message.
///
/// On the wire it is the eight bytes of the number, the most significant first.
public struct DeliveryTag: Sendable, Hashable {
    /// The number.
    public let number: UInt64

    /// Makes a tag.
    public init(_ number: UInt64) { self.number = number }
}

/// How a connection ended.
public enum ConnectionLoss: Sendable, Hashable {
    /// With a close of the peer's, or its answer to ours.
    case closed
    /// The transport ended without a close.
    case transport
    /// SASL refused who we are.
    case authentication
}
