// Where messages come from.
// SPDX-License-Identifier: Apache-2.0

/// Gives messages one after the other and their bytes as often as they are sent.
///
/// Isolation: the container's loop. A message is numbered by its sequence, from 1 on.
public protocol MessageSource: AnyObject {
    /// Encoded size in bytes of the message that would be taken next; nil when there is none now.
    var nextSize: Int? { get }

    /// Whether no further message will ever come.
    var isAtEnd: Bool { get }

    /// Takes the next message, which gets this sequence. Its bytes are kept until `forget`.
    func take(sequence: UInt64)

    /// Lends the encoded bytes of a taken message for the length of the call.
    func withEncoded(sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void)

    /// Says that a taken message is final.
    func forget(sequence: UInt64)
}
