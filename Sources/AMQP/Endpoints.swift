// Identifiers of connections, sessions, senders, links and deliveries.
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

/// One of a connection's senders, which has one link at a time.
public struct SenderID: Sendable, Hashable {
    /// Its index among the senders, from 0.
    ///
    /// A service gives the index of a sender that has ended to the next one.
    public let index: Int

    /// Makes an identifier.
    public init(_ index: Int) { self.index = index }
}

/// One attach of a sender: one link, with a link name of its own.
///
/// A number is never used again in a run.
public struct LinkID: Sendable, Hashable {
    /// The number.
    public let number: UInt64

    /// Makes an identifier from its number.
    public init(_ number: UInt64) { self.number = number }

    /// Names an attach of a sender, counted from 1.
    public init(sender: SenderID, attach: UInt32) {
        number = UInt64(sender.index) << 32 | UInt64(attach)
    }

    /// The sender.
    public var sender: SenderID { SenderID(Int(number >> 32)) }
    /// The ordinal of the attach among those of the sender, from 1.
    public var attach: UInt32 { UInt32(truncatingIfNeeded: number) }
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

/// The way in which a connection ended.
public enum ConnectionLoss: Sendable, Hashable {
    /// The peer sent close, or answered ours.
    case closed
    /// The transport ended without a close.
    case transport
    /// SASL refused the login.
    case authentication
}
