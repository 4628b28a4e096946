// Errors of the library.
// SPDX-License-Identifier: Apache-2.0

public import AMQP
internal import LinkRecovery

/// Why a message has no outcome, or a connection has ended.
public struct SenderError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of an error.
    ///
    /// Later versions may add kinds.
    public struct Code: Sendable, Hashable {
        private let name: String

        /// The sender or its connection is closed: no attempt was made to send the message.
        public static let closed = Code(name: "closed")
        /// The end came before the message was sent, or after it had come back: it can't have arrived.
        public static let unsent = Code(name: "unsent")
        /// The message was sent, and no outcome says that it did not arrive: it may.
        public static let inDoubt = Code(name: "in doubt")
        /// The peer refuses the login.
        public static let authenticationRefused = Code(name: "authentication refused")
        /// The peer refuses the request, and would refuse a retry.
        public static let refused = Code(name: "refused")
        /// The connection failed, and no other may be made.
        public static let connectionFailed = Code(name: "connection failed")
        /// A limit on waiting or on attempts was reached.
        public static let limitReached = Code(name: "limit reached")
        /// The text is no URL of an endpoint.
        public static let invalidURL = Code(name: "invalid URL")
        /// The text is no address of a target.
        public static let invalidAddress = Code(name: "invalid address")
        /// The message can't be encoded.
        public static let unencodable = Code(name: "unencodable")
        /// Proton, or a thread for it, can't be started.
        public static let unavailable = Code(name: "unavailable")
    }

    /// The kind of the error.
    public var code: Code
    /// The failure and its reason, in a sentence.
    ///
    /// It may hold what a peer said, which may be anything.
    public var description: String
    /// The peer's condition, if that is the reason.
    public var condition: ErrorCondition?

    /// Makes an error.
    public init(code: Code, description: String, condition: ErrorCondition? = nil) {
        self.code = code
        self.description = description
        self.condition = condition
    }

    static let closed = SenderError(
        code: .closed, description: "the sender is closed, open another one")
    static let withoutEndpoint = SenderError(
        code: .connectionFailed,
        description: "there is no endpoint to connect to: give the connection one at least")
    static let cancelledInDoubt = SenderError(
        code: .inDoubt, description: "cancelled after the message was sent: it may arrive")

    /// The error for an address that no target has; nil for any other.
    static func ofAddress(_ address: String) -> SenderError? {
        let reason =
            address.isEmpty
            ? "it is empty" : address.hasControlCharacter ? "it holds a control character" : nil
        return reason.map {
            SenderError(
                code: .invalidAddress,
                description: "the address \(address.debugDescription) can't be used: \($0)")
        }
    }

    /// The error of one message when this is why the sender has ended.
    func of(_ code: Code) -> SenderError {
        let fate = code == .inDoubt ? "the message may arrive" : "the message can't have arrived"
        return SenderError(code: code, description: "\(fate): \(description)", condition: condition)
    }

    /// The error for a sender or a run that ended in this way.
    init(_ end: End) {
        switch end {
        case .finished, .stopped:
            self = .init(code: .closed, description: "the connection was closed")
        case .connectionFailed(let condition):
            self = .init(.connectionFailed, "the connection failed", condition)
        case .authenticationRefused(let condition):
            self = .init(.authenticationRefused, "the peer refuses the login", condition)
        case .fatalCondition(let condition):
            self = .init(.refused, "a retry does not cure the error", condition)
        case .attemptsUsedUp(let count, let condition):
            self = .init(.limitReached, "no success in \(count) attempts", condition)
        case .creditTimedOut(let length):
            self = .init(code: .limitReached, description: "no credit for \(length) ms")
        case .unflushed(let condition):
            self = .init(.inDoubt, "the peer may not have read the last messages", condition)
        case .settledRefused:
            self = .init(code: .refused, description: "the peer wants every message unsettled")
        case .unsettledRefused:
            self = .init(code: .refused, description: "the peer wants every message settled")
        }
    }

    private init(_ code: Code, _ words: String, _ condition: ErrorCondition) {
        let reason = [condition.name, condition.description].filter { !$0.isEmpty }
        let why = reason.isEmpty ? "no reason given" : reason.joined(separator: ": ")
        self.init(code: code, description: "\(words): \(why)", condition: condition)
    }
}
