// Encodes one message and patches its number, so that further messages cost no encoding.
// SPDX-License-Identifier: Apache-2.0

/// Messages that differ only in their number, which is the id, the one value of the body and, if there is
/// one, the end of a property.
///
/// A message is encoded once, and from then on only the bytes of its number are changed: encoding each message
/// would take a quarter of the time to send it.
public struct MessageTemplate: Sendable {
    private var forms: NumberedForms

    /// Encodes `prototype` with an id and a body, and with `property` behind its application properties.
    ///
    /// - Throws: As ``Message/encoded()`` does.
    public init(
        prototype: Message, key: String = "sequence", property: NumberedProperty? = nil
    ) throws(EncodingError) {
        forms = try NumberedForms(property: property, placeCount: 2) {
            (number, entry) throws(EncodingError) in
            var message = prototype
            message.id = .ulong(number)
            message.body = .value(.map([MapEntry(key: key, value: .ulong(number))]))
            if let entry { message.applicationProperties.append(entry) }
            return try message.encoded()
        }
    }

    /// Size of the message of a number.
    ///
    /// - Units: bytes.
    public func size(sequence: UInt64) -> Int { forms.size(sequence) }

    /// Lends the encoded message of a number to `body`.
    ///
    /// Nothing is allocated.
    public mutating func withEncoded(
        sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        // Not generic in what `body` returns: the type of it would be looked up for each message.
        forms.lend(sequence, to: body)
    }

    /// Lends the messages of these numbers to `send`, one after the other, while there is room for one of this
    /// size; returns how many it lent.
    public mutating func offer(
        _ first: UInt64, through last: UInt64, while hasRoom: (_ size: Int) -> Bool,
        to send: (_ sequence: UInt64, _ encoded: UnsafeRawBufferPointer) -> Void
    ) -> Int {
        forms.offer(first, through: last, while: hasRoom, to: send)
    }
}
