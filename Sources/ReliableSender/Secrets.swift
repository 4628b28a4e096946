// Secrets of a connection that may change while a run goes on.
// SPDX-License-Identifier: Apache-2.0

/// Secrets as they are when a connection is made; nil: as they were at the beginning.
public struct Secrets: Sendable, Hashable {
    /// Password for SASL.
    public var password: String?
    /// Bearer token for SASL.
    public var token: String?
    /// Password of the key of TLS.
    public var keyPassword: String?

    /// Makes secrets.
    public init(password: String? = nil, token: String? = nil, keyPassword: String? = nil) {
        self.password = password
        self.token = token
        self.keyPassword = keyPassword
    }
}

extension Secrets: CustomReflectable {
    /// Nothing: `dump` would print them.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a connection can't be made now: a file that it needs can't be used as it is.
///
/// The connection counts as failed, with `ConditionName.unusableFile`.
public struct UnusableFile: Error, Sendable, Hashable {
    /// The fault of the file, in a sentence.
    public var sentence: String

    /// Makes a reason.
    public init(sentence: String) {
        self.sentence = sentence
    }
}
