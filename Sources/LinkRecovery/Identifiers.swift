// Numbers by which the machines and the wire mean the same thing.
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

/// A delivery tag (AMQP §2.6.12): new for every attempt to send a message.
///
/// It holds the attempt's number and the ledger's slot, so that an outcome finds its entry without
/// a search.
public struct Tag: Sendable, Hashable {
    /// The number that goes over the wire.
    public let number: UInt64

    static let slotBits: UInt64 = 24
    /// The largest number of slots that a tag can tell apart.
    static let slotCountMax = 1 << Int(slotBits)

    /// Makes a tag from the number that came over the wire.
    public init(_ number: UInt64) { self.number = number }

    init(attempt: UInt64, slot: Int) {
        number = attempt << Tag.slotBits | UInt64(slot)
    }

    var attempt: UInt64 { number >> Tag.slotBits }
    var slot: Int { Int(number & (1 << Tag.slotBits - 1)) }
}
