// Source of the messages of a sender.
// SPDX-License-Identifier: Apache-2.0

/// A message that can be taken.
public struct NextMessage: Sendable, Hashable {
    /// Its number, from 1 on.
    ///
    /// Numbers rise; a source that resumes leaves out what is final.
    public var sequence: UInt64
    /// Encoded size in bytes.
    public var size: Int

    /// Describes a message.
    public init(sequence: UInt64, size: Int) {
        self.sequence = sequence
        self.size = size
    }
}

/// Gives messages one after the other and their bytes as often as they are sent.
///
/// It owns the bytes of each message from ``take()`` to ``free(_:)``: a message may be sent any number
/// of times.
///
/// - Isolation: the container's loop; must not block.
public protocol MessageSource: AnyObject {
    /// The message that would be taken next; nil when there is none now.
    var next: NextMessage? { get }

    /// Whether no further message will ever come.
    var isAtEnd: Bool { get }

    /// Whether the next message is there and will be offered in a moment: a tick's burst is kept
    /// for it. ``StopHandle/wake()`` asks for the next look then.
    var isDelayed: Bool { get }

    /// Messages that can be taken now, as far as the source knows: senders that share it share them.
    ///
    /// Not 0 where ``next`` is there.
    var availableCount: Int { get }

    /// Takes ``next``. Its bytes are kept until ``free(_:)``.
    func take()

    /// Takes messages, one after the other, while there is room for one of this encoded size, and lends the bytes
    /// of each to `send`.
    ///
    /// As the other requirements do one by one; for a source that can do it at less cost. It may end before a message
    /// of more than 1 MiB that it does not have whole, which is then taken and sent by pieces. Nothing else is
    /// asked of the source before it returns.
    func offer(
        while hasRoom: (_ size: Int) -> Bool,
        to send: (_ sequence: UInt64, _ encoded: UnsafeRawBufferPointer) -> Void)

    /// Lends the encoded bytes of a taken message for the length of the call.
    func withEncoded(sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void)

    /// Lends bytes of a taken message from an offset on, for the length of the call: all that follow, or as many
    /// as are at hand.
    func withPiece(
        of sequence: UInt64, from offset: Int, _ body: (UnsafeRawBufferPointer) -> Void)

    /// Says that taken messages are final.
    func free(_ sequences: [UInt64])

    /// Says that a sender of it has ended for good, while the run goes on for others.
    func senderEnded()
}

extension MessageSource {
    /// Most offer what is there.
    public var isDelayed: Bool { false }

    /// It knows of the next one.
    public var availableCount: Int { next == nil ? 0 : 1 }

    /// Takes them one by one.
    public func offer(
        while hasRoom: (_ size: Int) -> Bool,
        to send: (_ sequence: UInt64, _ encoded: UnsafeRawBufferPointer) -> Void
    ) {
        offerEach(while: hasRoom, to: send)
    }

    /// Takes messages one by one, and lends them whole.
    public func offerEach(
        while hasRoom: (_ size: Int) -> Bool,
        to send: (_ sequence: UInt64, _ encoded: UnsafeRawBufferPointer) -> Void
    ) {
        while let next, hasRoom(next.size) {
            take()
            withEncoded(sequence: next.sequence) { send(next.sequence, $0) }
        }
    }

    /// Most have messages whole.
    public func withPiece(
        of sequence: UInt64, from offset: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        withEncoded(sequence: sequence) {
            body(UnsafeRawBufferPointer(rebasing: $0[min(offset, $0.count)...]))
        }
    }

    /// Most have one sender, which takes nothing more.
    public func senderEnded() {}
}
