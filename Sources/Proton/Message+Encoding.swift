// The sections of a message (§3.2), each made of the values that proton's codec encodes.
// SPDX-License-Identifier: Apache-2.0

extension Message {
    /// Encodes the message with proton's codec.
    ///
    /// - Throws: ``ProtonError/Code/invalidArgument`` for what AMQP has no encoding for: a key that
    ///   stands twice, a symbol that is not ASCII, an id of a type that ids don't have, a list or
    ///   map in the application properties; for values nested more than ``AMQPValue/depthMax`` deep,
    ///   and for more than 65535 of them. ``ProtonError/Code/outOfMemory``.
    public func encoded() throws(ProtonError) -> [UInt8] {
        let encoder = try ValueEncoder()
        try encoder.section(.header, fields: headerFields)
        if !annotations.isEmpty {
            try encoder.begin(.messageAnnotations)
            try encoder.put(map: annotations, keysAreSymbols: true)
            try encoder.finish()
        }
        try encoder.section(.properties, fields: propertyFields())
        if !applicationProperties.isEmpty {
            for entry in applicationProperties where entry.value.isCompound {
                throw .unencodable("the property \"\(entry.key)\" is a list or a map")
            }
            try encoder.begin(.applicationProperties)
            try encoder.put(map: applicationProperties)
            try encoder.finish()
        }
        switch body {
        case .value(let value):
            try encoder.begin(.amqpValue)
            try encoder.put(value)
        case .data(let bytes):
            try encoder.begin(.data)
            try encoder.put(.binary(bytes))
        }
        try encoder.finish()
        return try encoder.encoded()
    }

    private var headerFields: [Field?] {
        [
            isDurable ? .value(.bool(true)) : nil,
            priority.map(Field.ubyte),
            timeToLive.map(Field.uint),
        ]
    }

    private func propertyFields() throws(ProtonError) -> [Field?] {
        func text(_ text: String?) -> Field? { text.map { .value(.string($0)) } }
        func symbol(_ text: String?) -> Field? { text.map { .value(.symbol($0)) } }
        func moment(_ time: Int64?) -> Field? { time.map { .value(.timestamp(milliseconds: $0)) } }
        for id in [id, correlationID] {
            guard id?.canBeID ?? true else {
                throw .unencodable("an id is neither a ulong, a uuid, bytes nor a string")
            }
        }
        return [
            id.map(Field.value),
            userID.map { .value(.binary($0)) },
            text(to),
            text(subject),
            text(replyTo),
            correlationID.map(Field.value),
            symbol(contentType),
            symbol(contentEncoding),
            moment(absoluteExpiryTime),
            moment(creationTime),
            text(groupID),
            groupSequence.map(Field.uint),
            text(replyToGroupID),
        ]
    }
}

/// Descriptor of a section.
enum Section: UInt64 {
    case header = 0x70
    case messageAnnotations = 0x72
    case properties = 0x73
    case applicationProperties = 0x74
    case data = 0x75
    case amqpValue = 0x77
}

/// A field of the sections that are lists.
enum Field {
    case value(AMQPValue)
    case ubyte(UInt8)
    case uint(UInt32)
}

extension AMQPValue {
    fileprivate var isCompound: Bool {
        switch self {
        case .list, .map: true
        case .null, .bool, .int, .long, .ulong, .double, .string, .symbol, .binary, .uuid,
            .timestamp:
            false
        }
    }

    fileprivate var canBeID: Bool {
        switch self {
        case .ulong, .uuid, .binary, .string: true
        case .null, .bool, .int, .long, .double, .symbol, .timestamp, .list, .map: false
        }
    }
}
