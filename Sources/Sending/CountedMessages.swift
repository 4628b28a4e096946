// The messages of the demonstration: numbered, and nothing else.
// SPDX-License-Identifier: Apache-2.0

internal import Proton

/// Messages whose id is the sequence (AMQP ulong), and whose body is the map {"sequence": n}.
///
/// A message is made anew from its number as often as it is sent, so that nothing has to be kept.
public final class CountedMessages: MessageSource {
    private var template: MessageTemplate
    private let count: Int
    private var lastTaken = 0

    /// Makes a source of `count` messages.
    ///
    /// - Throws: When proton can't encode a message.
    public init(count: Int, isDurable: Bool) throws {
        self.count = count
        template = try MessageTemplate(isDurable: isDurable)
    }

    /// See `MessageSource`.
    public var next: NextMessage? {
        isAtEnd ? nil : NextMessage(sequence: UInt64(lastTaken) + 1, size: template.size)
    }

    /// See `MessageSource`.
    public var isAtEnd: Bool { lastTaken >= count }

    /// Messages that were neither taken nor skipped.
    public var remaining: Int { max(0, count - lastTaken) }

    /// See `MessageSource`.
    public func take() {
        lastTaken += 1
    }

    /// Leaves out all messages up to this one.
    public func skip(through sequence: UInt64) {
        lastTaken = max(lastTaken, Int(clamping: sequence))
    }

    /// See `MessageSource`.
    public func withEncoded(sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
        template.withEncoded(sequence: sequence, body)
    }

    /// See `MessageSource`.
    public func forget(sequence: UInt64) {}
}
