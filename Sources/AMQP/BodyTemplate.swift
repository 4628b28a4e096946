// Encodes one message and puts bodies into it, so that further messages cost no encoding.
// SPDX-License-Identifier: Apache-2.0

/// Messages that differ only in their number and their body, which is a text or bytes.
///
/// The bytes before the body are encoded once, with a number that takes eight bytes; a message is those, and
/// its body behind them.
public struct BodyTemplate: Sendable {
    /// The type of the bodies.
    public enum Kind: Sendable, Hashable {
        /// An AMQP string (§1.6.20) in a section of one value.
        case string
        /// Bytes, in a section of data (§3.2.6).
        case binary
    }

    private let kind: Kind
    private let beginning: NumberedForms

    /// Encodes `prototype` with an id and without its body, and with `property` behind its application
    /// properties.
    ///
    /// - Throws: As ``Message/encoded()`` does.
    public init(
        prototype: Message, kind: Kind, property: NumberedProperty? = nil
    ) throws(EncodingError) {
        self.kind = kind
        beginning = try NumberedForms(property: property, placeCount: 1) {
            (number, entry) throws(EncodingError) in
            var message = prototype
            message.id = .ulong(number)
            message.body = .value(.null)
            if let entry { message.applicationProperties.append(entry) }
            // Without the section of the body: its descriptor takes three bytes, and null one.
            return try message.encoded().dropLast(4)
        }
    }

    /// Encodes the message of this number.
    ///
    /// - Precondition: The body of a string is valid UTF-8.
    /// - Throws: ``EncodingError`` for a body of 4 GiB and more.
    public func encoded(
        _ body: ArraySlice<UInt8>, sequence: UInt64
    ) throws(EncodingError) -> [UInt8] {
        // Not an array of this size from the start: its type would be looked up for each message.
        var encoded: [UInt8] = []
        encoded.reserveCapacity(beginning.size(sequence) + 8 + body.count)
        try appendHead(bodySize: body.count, sequence: sequence, to: &encoded)
        body.withUnsafeBytes { encoded.append(contentsOf: $0) }
        return encoded
    }

    /// Encodes what stands before the body in the message of this number: the message is that, and the body behind
    /// it.
    ///
    /// - Throws: As ``encoded(_:sequence:)`` does.
    public func head(bodySize: Int, sequence: UInt64) throws(EncodingError) -> [UInt8] {
        var head: [UInt8] = []
        try appendHead(bodySize: bodySize, sequence: sequence, to: &head)
        return head
    }

    private func appendHead(
        bodySize: Int, sequence: UInt64, to encoded: inout [UInt8]
    ) throws(EncodingError) {
        guard let size = UInt32(exactly: bodySize) else { throw .tooLarge }
        let (section, isShort) = (kind == .string ? Section.amqpValue : Section.data, size < 256)
        let constructor =
            switch kind {
            case .string: isShort ? Constructor.string8 : Constructor.string32
            case .binary: isShort ? Constructor.binary8 : Constructor.binary32
            }
        beginning.append(sequence, to: &encoded)
        encoded.append(Constructor.described)
        encoded.append(Constructor.smallUlong)
        encoded.append(UInt8(section))
        encoded.append(constructor)
        if isShort {
            encoded.append(UInt8(size))
        } else {
            encoded.append(bigEndian: size)
        }
    }
}
