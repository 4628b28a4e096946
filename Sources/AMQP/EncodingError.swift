// Errors of the encoder.
// SPDX-License-Identifier: Apache-2.0

/// A value or message has no AMQP encoding, or exceeds a limit of this encoder.
public struct EncodingError: Error, Sendable, Hashable {
    /// The reason, as a clause without a full stop; it may hold a key or symbol of the value.
    public var reason: String

    /// Makes an error.
    public init(reason: String) {
        self.reason = reason
    }
}

extension EncodingError: CustomStringConvertible {
    /// The reason.
    public var description: String { reason }
}

extension EncodingError {
    static let tooDeep = EncodingError(
        reason: "values are nested more than \(AMQPValue.depthMax) deep")
    static let tooMany = EncodingError(
        reason: "there are more than \(AMQPValue.countMax) values")
    static let tooLarge = EncodingError(reason: "a value has more than 2^32-1 bytes")
    static let mixedArray = EncodingError(
        reason: "the elements of an array are of different types")
}
