// Decodes messages that were encoded here.
// SPDX-License-Identifier: Apache-2.0

extension Message {
    /// Decodes a message that ``encoded()`` has made; nil for other bytes.
    ///
    /// Sections and fields that this type does not have give nil, though the message may be valid.
    public init?(encoded bytes: [UInt8]) {
        self.init()
        var decoder = ValueDecoder(bytes[...])
        var hasBody = false
        while !decoder.isAtEnd {
            guard let section = decoder.sectionDescriptor(), let value = decoder.value() else {
                return nil
            }
            switch (section, value) {
            case (Section.header, .list(let fields)):
                guard take(header: fields) else { return nil }
            case (Section.properties, .list(let fields)):
                guard take(properties: fields) else { return nil }
            case (Section.messageAnnotations, .map(let entries)): annotations = entries
            case (Section.applicationProperties, .map(let entries)):
                applicationProperties = entries
            case (Section.data, .binary(let bytes)):
                body = .data(bytes)
                hasBody = true
            case (Section.amqpValue, let value):
                body = .value(value)
                hasBody = true
            default: return nil
            }
        }
        guard hasBody else { return nil }
    }

    private mutating func take(header fields: [AMQPValue]) -> Bool {
        for (index, field) in fields.enumerated() {
            switch (index, field) {
            case (_, .null): break
            case (0, .bool(let value)): isDurable = value
            case (1, .ubyte(let value)): priority = value
            case (2, .uint(let value)): timeToLive = value
            default: return false
            }
        }
        return true
    }

    private mutating func take(properties fields: [AMQPValue]) -> Bool {
        for (index, field) in fields.enumerated() {
            switch (index, field) {
            case (_, .null): break
            case (0, let value): id = value
            case (1, .binary(let bytes)): userID = bytes
            case (2, .string(let text)): to = text
            case (3, .string(let text)): subject = text
            case (4, .string(let text)): replyTo = text
            case (5, let value): correlationID = value
            case (6, .symbol(let text)): contentType = text
            case (7, .symbol(let text)): contentEncoding = text
            case (8, .timestamp(let time)): absoluteExpiryTime = time
            case (9, .timestamp(let time)): creationTime = time
            case (10, .string(let text)): groupID = text
            case (11, .uint(let number)): groupSequence = number
            case (12, .string(let text)): replyToGroupID = text
            default: return false
            }
        }
        return true
    }
}
