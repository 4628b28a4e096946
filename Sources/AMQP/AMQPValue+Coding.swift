// Encodes and decodes single values.
// SPDX-License-Identifier: Apache-2.0

extension AMQPValue {
    /// Decodes one value (§1.6); nil if the bytes are anything else.
    ///
    /// Values nested deeper than ``depthMax``, or more of them than ``countMax``, give nil.
    public init?(encoded bytes: [UInt8]) {
        var decoder = ValueDecoder(bytes[...])
        guard let value = decoder.value(), decoder.isAtEnd else { return nil }
        self = value
    }

    /// Encodes the value.
    ///
    /// - Throws: ``EncodingError`` for a value that has no encoding.
    public func encoded() throws(EncodingError) -> [UInt8] {
        var bytes: [UInt8] = []
        var encoder = ValueEncoder(takingOver: &bytes)
        try encoder.put(self)
        encoder.giveBack(to: &bytes)
        return bytes
    }
}
