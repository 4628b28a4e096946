// Encodes and decodes single values.
// SPDX-License-Identifier: Apache-2.0

extension AMQPValue {
    /// Reads one encoded value (§1.6); nil when these bytes are anything else.
    ///
    /// Values that are nested more than ``depthMax`` deep, and more than ``countMax`` of them, give nil.
    public init?(encoded bytes: [UInt8]) {
        var decoder = ValueDecoder(bytes[...])
        guard let value = decoder.value(), decoder.isAtEnd else { return nil }
        self = value
    }

    /// Encodes the value.
    ///
    /// - Throws: ``EncodingError`` for what AMQP has no encoding for.
    public func encoded() throws(EncodingError) -> [UInt8] {
        var bytes: [UInt8] = []
        var encoder = ValueEncoder(takingOver: &bytes)
        try encoder.put(self)
        encoder.giveBack(to: &bytes)
        return bytes
    }
}
