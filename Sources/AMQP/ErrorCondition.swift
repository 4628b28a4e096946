// Why a peer ended something, or refused it.
// SPDX-License-Identifier: Apache-2.0

/// An error condition (§2.8.14), as a peer gave it or as it is made up for a local failure.
///
/// What a peer says may be anything: it is escaped before it is shown.
public struct ErrorCondition: Sendable, Hashable {
    /// The symbol, such as `amqp:not-found`; empty when none was given.
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

    /// The text of the info's value by this key; nil when it has none, or no text.
    public func infoText(_ key: String) -> String? {
        info.first { $0.key.text == key }?.value.text
    }

    /// Whether the peer names another place to go to (§2.8.16, §2.8.17).
    public var isRedirect: Bool {
        name == ConditionName.connectionRedirect || name == ConditionName.linkRedirect
    }
}
