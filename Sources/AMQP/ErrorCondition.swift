// Error conditions.
// SPDX-License-Identifier: Apache-2.0

/// An error condition (§2.8.14) of a peer, or one that stands for a local failure.
///
/// A peer's texts may hold anything: escape them before they are shown.
public struct ErrorCondition: Sendable, Hashable {
    /// The symbol, such as `amqp:not-found`; empty if none was given.
    public var name: String
    /// Text for a person.
    public var description: String
    /// Details for a program, such as the place that a redirect names.
    public var info: [MapEntry]

    /// Makes a condition.
    public init(name: String = "", description: String = "", info: [MapEntry] = []) {
        self.name = name
        self.description = description
        self.info = info
    }

    /// No condition was given.
    public static let none = ErrorCondition()

    /// The string or symbol that the info has for this key; nil if it has none.
    public func infoText(_ key: String) -> String? {
        info.first { $0.key.text == key }?.value.text
    }

    /// Whether the peer redirects to another address (§2.8.16, §2.8.17).
    public var isRedirect: Bool {
        name == ConditionName.connectionRedirect || name == ConditionName.linkRedirect
    }
}
