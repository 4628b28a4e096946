// Errors of calls.
// SPDX-License-Identifier: Apache-2.0

internal import CShim

/// A call failed.
///
/// Acts of the peer are reported as events, never thrown.
public struct ProtonError: Error, Sendable, Hashable {
    /// The kind of a failure.
    ///
    /// Later versions may add more.
    public struct Code: Sendable, Hashable {
        private enum Kind: String {
            case invalidArgument = "invalid argument"
            case invalidState = "invalid state"
            case notConnected = "not connected"
            case noCredit = "no credit"
            case limitReached = "limit of the peer reached"
            case frameTooLarge = "frame too large"
            case outOfMemory = "out of memory"
            case protonError = "refused by proton"
            case unknownException = "unknown failure"
        }

        private let kind: Kind

        /// A value is out of range.
        public static let invalidArgument = Code(kind: .invalidArgument)
        /// The call came on another thread than the loop's, or in a state in which it has no meaning.
        public static let invalidState = Code(kind: .invalidState)
        /// The connection, session or link is gone.
        ///
        /// Nothing was sent.
        public static let notConnected = Code(kind: .notConnected)
        /// The link has no credit.
        ///
        /// Nothing was sent.
        public static let noCredit = Code(kind: .noCredit)
        /// A limit of the peer is reached.
        public static let limitReached = Code(kind: .limitReached)
        /// The performative would exceed the peer's largest frame.
        public static let frameTooLarge = Code(kind: .frameTooLarge)
        /// No memory is left.
        public static let outOfMemory = Code(kind: .outOfMemory)
        /// Proton refused, with the reason in ``ProtonError/detail``.
        public static let protonError = Code(kind: .protonError)
        /// A failure without a description.
        public static let unknownException = Code(kind: .unknownException)
    }

    /// The kind of the failure.
    public var code: Code
    /// The call, in a few words.
    public var operation: String
    /// Proton's name for the failure; may be empty.
    public var name: String
    /// The reason, for a person; never a user name, a password or a message.
    public var detail: String
}

extension ProtonError: CustomStringConvertible {
    /// One sentence without a full stop.
    public var description: String {
        detail.isEmpty ? "\(operation): \(code)" : "\(operation): \(detail)"
    }
}

extension ProtonError.Code: CustomStringConvertible {
    /// The kind in a few words.
    public var description: String { kind.rawValue }
}

extension ProtonError.Code {
    init(_ status: cshim_status_t) {
        switch status {
        case .ok, .unknownException: self = .unknownException
        case .invalidArgument: self = .invalidArgument
        case .invalidState: self = .invalidState
        case .notConnected: self = .notConnected
        case .noCredit: self = .noCredit
        case .limitReached: self = .limitReached
        case .frameTooLarge: self = .frameTooLarge
        case .outOfMemory: self = .outOfMemory
        case .protonError: self = .protonError
        }
    }
}

/// Calls the shim, and throws the error that it fills in.
func check(
    _ operation: String, _ call: (UnsafeMutablePointer<cshim_error_t>) -> cshim_status_t
) throws(ProtonError) {
    var error = cshim_error_t()
    let status = call(&error)
    guard status != .ok else { return }
    throw ProtonError(
        code: ProtonError.Code(status), operation: operation,
        name: withUnsafeBytes(of: &error.name) { text(of: $0) },
        detail: withUnsafeBytes(of: &error.description) { text(of: $0) })
}
