// Encodes the sections of a message.
// SPDX-License-Identifier: Apache-2.0

extension Message {
    /// Encodes the message (§3.2).
    ///
    /// - Throws: ``EncodingError`` for a key that occurs twice, a symbol that is not ASCII, an id of another
    ///   type than ulong, uuid, binary or string, a list, map or array in the application properties, an
    ///   annotation whose key is not a symbol, and for more or deeper values than ``AMQPValue/countMax`` and
    ///   ``AMQPValue/depthMax``.
    public func encoded() throws(EncodingError) -> [UInt8] {
        var bytes: [UInt8] = []
        // More than most small messages need: to grow byte by byte allocates four times.
        bytes.reserveCapacity(128)
        try encode(into: &bytes)
        return bytes
    }

    /// Appends the encoded message to a buffer.
    ///
    /// The buffer may be reused: then only a box for each field that is set is allocated.
    /// - Throws: As ``encoded()`` does; the buffer is then unchanged.
    public func encode(into buffer: inout [UInt8]) throws(EncodingError) {
        let start = buffer.count
        var encoder = ValueEncoder(takingOver: &buffer)
        defer { encoder.giveBack(to: &buffer) }
        do throws(EncodingError) {
            try encode(with: &encoder)
        } catch {
            encoder.removeAll(from: start)
            throw error
        }
    }

    private func encode(with encoder: inout ValueEncoder) throws(EncodingError) {
        try encodeHeader(with: &encoder)
        if !annotations.isEmpty {
            for entry in annotations {
                guard case .symbol = entry.key else {
                    throw EncodingError(reason: "the key of an annotation is not a symbol")
                }
            }
            try encoder.begin(Section.messageAnnotations)
            try encoder.put(.map(annotations))
        }
        try encodeProperties(with: &encoder)
        if !applicationProperties.isEmpty {
            for entry in applicationProperties { try entry.checkApplicationProperty() }
            try encoder.begin(Section.applicationProperties)
            try encoder.put(.map(applicationProperties))
        }
        switch body {
        case .value(let value):
            try encoder.begin(Section.amqpValue)
            try encoder.put(value)
        case .data(let bytes):
            try encoder.begin(Section.data)
            try encoder.put(.binary(bytes))
        }
    }

    private func encodeHeader(with encoder: inout ValueEncoder) throws(EncodingError) {
        var fields = try encoder.beginFields(Section.header)
        try encoder.put(field: isDurable ? .bool(true) : nil, of: &fields)
        try encoder.put(field: priority.map { .ubyte($0) }, of: &fields)
        try encoder.put(field: timeToLive.map { .uint($0) }, of: &fields)
        try encoder.end(fields)
    }

    private func encodeProperties(with encoder: inout ValueEncoder) throws(EncodingError) {
        func text(_ text: String?) -> AMQPValue? { text.map { .string($0) } }
        func symbol(_ text: String?) -> AMQPValue? { text.map { .symbol($0) } }
        func moment(_ time: Int64?) -> AMQPValue? { time.map { .timestamp(milliseconds: $0) } }
        guard id?.canBeID ?? true, correlationID?.canBeID ?? true else {
            throw EncodingError(reason: "an id is neither a ulong, a uuid, bytes nor a string")
        }
        var fields = try encoder.beginFields(Section.properties)
        try encoder.put(field: id, of: &fields)
        try encoder.put(field: userID.map { .binary($0) }, of: &fields)
        try encoder.put(field: text(to), of: &fields)
        try encoder.put(field: text(subject), of: &fields)
        try encoder.put(field: text(replyTo), of: &fields)
        try encoder.put(field: correlationID, of: &fields)
        try encoder.put(field: symbol(contentType), of: &fields)
        try encoder.put(field: symbol(contentEncoding), of: &fields)
        try encoder.put(field: moment(absoluteExpiryTime), of: &fields)
        try encoder.put(field: moment(creationTime), of: &fields)
        try encoder.put(field: text(groupID), of: &fields)
        try encoder.put(field: groupSequence.map { .uint($0) }, of: &fields)
        try encoder.put(field: text(replyToGroupID), of: &fields)
        try encoder.end(fields)
    }
}

/// Descriptor of a section.
enum Section {
    static let header: UInt64 = 0x70
    static let messageAnnotations: UInt64 = 0x72
    static let properties: UInt64 = 0x73
    static let applicationProperties: UInt64 = 0x74
    static let data: UInt64 = 0x75
    static let amqpValue: UInt64 = 0x77
}

extension AMQPValue {
    fileprivate var canBeID: Bool {
        switch self {
        case .ulong, .uuid, .binary, .string: true
        default: false
        }
    }
}

extension MapEntry {
    /// Checks an application property against §3.2.5: its key is a string, its value is not compound.
    fileprivate func checkApplicationProperty() throws(EncodingError) {
        guard case .string(let key) = key else {
            throw EncodingError(reason: "the key of an application property is not a string")
        }
        guard !value.isCompound else {
            throw EncodingError(reason: "the property \"\(key)\" is a list, a map or an array")
        }
    }
}
