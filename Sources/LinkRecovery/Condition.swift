// An AMQP error condition as a value.
// SPDX-License-Identifier: Apache-2.0

/// An error condition as a peer, or the library below, gave it (AMQP §2.8.14).
public struct Condition: Sendable, Hashable {
    /// The symbol, such as `amqp:not-found`; empty when none was given.
    public var name: String
    /// The peer's own words.
    ///
    /// Not to be trusted: it may hold anything.
    public var description: String

    /// Makes a condition.
    public init(name: String = "", description: String = "") {
        self.name = name
        self.description = description
    }

    /// No condition was given.
    public static let none = Condition()
}
