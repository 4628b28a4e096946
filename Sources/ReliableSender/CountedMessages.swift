// Messages that are nothing but their number.
// SPDX-License-Identifier: Apache-2.0

public import AMQP

/// A property by which a broker that supports it drops repeats.
public struct DuplicateID: Sendable, Hashable {
    /// Key of the application property.
    ///
    /// The default is Artemis'.
    public var property: String
    /// Distinguishes the messages of this run from those of others.
    public var runID: String

    /// Makes a property.
    public init(property: String = "_AMQ_DUPL_ID", runID: String) {
        self.property = property
        self.runID = runID
    }

    /// The property's value in one message.
    public func value(sequence: UInt64) -> String { prefix + String(sequence) }

    /// The part before the number in the property's value.
    public var prefix: String { runID + "-" }
}

/// Messages whose id is the sequence (AMQP ulong), and whose body is the map {"sequence": n}.
///
/// A message is made from its number each time it is sent, so that nothing has to be kept.
public final class CountedMessages: MessageSource {
    private var template: MessageTemplate
    private let count: Int
    private var lastTaken = 0

    /// Makes a source of `count` messages, which are `prototype` but for their id and body.
    ///
    /// - Throws: EncodingError when the prototype can't be encoded.
    public init(
        count: Int, prototype: Message, duplicateID: DuplicateID? = nil
    ) throws(EncodingError) {
        self.count = count
        template = try MessageTemplate(
            prototype: prototype,
            property: duplicateID.map { NumberedProperty(key: $0.property, prefix: $0.prefix) })
    }

    /// See `MessageSource`.
    public var next: NextMessage? {
        guard !isAtEnd else { return nil }
        let sequence = UInt64(lastTaken) + 1
        return NextMessage(sequence: sequence, size: template.size(sequence: sequence))
    }

    /// See `MessageSource`.
    public var isAtEnd: Bool { lastTaken >= count }

    /// See `MessageSource`.
    public var availableCount: Int { max(0, count - lastTaken) }

    /// See `MessageSource`.
    public func take() {
        lastTaken += 1
    }

    /// Leaves out all messages up to this one.
    public func skip(through sequence: UInt64) {
        lastTaken = max(lastTaken, Int(clamping: sequence))
    }

    /// See `MessageSource`.
    public func offer(
        while hasRoom: (_ size: Int) -> Bool,
        to send: (_ sequence: UInt64, _ encoded: UnsafeRawBufferPointer) -> Void
    ) {
        guard !isAtEnd else { return }
        lastTaken += template.offer(
            UInt64(lastTaken) + 1, through: UInt64(count), while: hasRoom, to: send)
    }

    /// See `MessageSource`.
    public func withEncoded(sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
        template.withEncoded(sequence: sequence, body)
    }

    /// See `MessageSource`.
    public func free(_ sequences: [UInt64]) {}
}
