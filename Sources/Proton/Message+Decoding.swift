// Reads back what was encoded here.
// SPDX-License-Identifier: Apache-2.0

extension Message {
    /// Reads a message that ``encoded()`` has made; nil when these bytes are none.
    ///
    /// It knows what this type can hold, and no more: a message of another program may be valid and
    /// give nil.
    public init?(encoded bytes: [UInt8]) {
        self.init()
        var decoder = ValueDecoder(bytes[...])
        var hasBody = false
        while !decoder.isAtEnd {
            guard let section = decoder.section() else { return nil }
            switch section {
            case .header:
                guard let fields = decoder.fields(), take(header: fields) else { return nil }
            case .properties:
                guard let fields = decoder.fields(), take(properties: fields) else { return nil }
            case .messageAnnotations:
                guard case .map(let entries)? = decoder.value() else { return nil }
                annotations = entries
            case .applicationProperties:
                guard case .map(let entries)? = decoder.value() else { return nil }
                applicationProperties = entries
            case .data:
                guard case .binary(let bytes)? = decoder.value() else { return nil }
                body = .data(bytes)
                hasBody = true
            case .amqpValue:
                guard let value = decoder.value() else { return nil }
                body = .value(value)
                hasBody = true
            }
        }
        guard hasBody else { return nil }
    }

    private mutating func take(header fields: [Field?]) -> Bool {
        for (index, field) in fields.enumerated() {
            switch (index, field) {
            case (_, nil): break
            case (0, .value(.bool(let value))?): isDurable = value
            case (1, .ubyte(let value)?): priority = value
            case (2, .uint(let value)?): timeToLive = value
            default: return false
            }
        }
        return true
    }

    private mutating func take(properties fields: [Field?]) -> Bool {
        for (index, field) in fields.enumerated() {
            switch (index, field) {
            case (_, nil): break
            case (0, .value(let value)?): id = value
            case (1, .value(.binary(let bytes))?): userID = bytes
            case (2, .value(.string(let text))?): to = text
            case (3, .value(.string(let text))?): subject = text
            case (4, .value(.string(let text))?): replyTo = text
            case (5, .value(let value)?): correlationID = value
            case (6, .value(.symbol(let text))?): contentType = text
            case (7, .value(.symbol(let text))?): contentEncoding = text
            case (8, .value(.timestamp(let time))?): absoluteExpiryTime = time
            case (9, .value(.timestamp(let time))?): creationTime = time
            case (10, .value(.string(let text))?): groupID = text
            case (11, .uint(let number)?): groupSequence = number
            case (12, .value(.string(let text))?): replyToGroupID = text
            default: return false
            }
        }
        return true
    }
}

/// Reads encoded values (§1.6), and gives nil for what is cut off or not among ``AMQPValue``.
private struct ValueDecoder {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// The descriptor of a section, whose value follows.
    mutating func section() -> Section? {
        guard rest.popFirst() == 0, case .ulong(let code)? = value() else { return nil }
        return Section(rawValue: code)
    }

    /// The fields of a section that is a list.
    mutating func fields() -> [Field?]? {
        guard let constructor = rest.popFirst(), let list = list(constructor) else { return nil }
        var inside = list.inside
        var fields: [Field?] = []
        for _ in 0..<list.count {
            guard let field = inside.field() else { return nil }
            if case .value(.null) = field { fields.append(nil) } else { fields.append(field) }
        }
        return inside.isAtEnd ? fields : nil
    }

    private mutating func field() -> Field? {
        switch rest.first {
        case 0x50: fixed(after: 1).map { Field.ubyte($0) }
        case 0x43: rest.popFirst().map { _ in Field.uint(0) }
        case 0x52: fixed(after: 1).map { (byte: UInt8) in Field.uint(UInt32(byte)) }
        case 0x70: fixed(after: 1).map { Field.uint($0) }
        default: value().map { Field.value($0) }
        }
    }

    mutating func value(depth: Int = 1) -> AMQPValue? {
        guard depth <= AMQPValue.depthMax, let constructor = rest.popFirst() else { return nil }
        switch constructor {
        case 0x40: return .null
        case 0x41: return .bool(true)
        case 0x42: return .bool(false)
        case 0x56: return fixed().map { (byte: UInt8) in .bool(byte != 0) }
        case 0x71: return fixed().map { .int($0) }
        case 0x54: return fixed().map { (byte: Int8) in .int(Int32(byte)) }
        case 0x81: return fixed().map { .long($0) }
        case 0x55: return fixed().map { (byte: Int8) in .long(Int64(byte)) }
        case 0x80: return fixed().map { .ulong($0) }
        case 0x53: return fixed().map { (byte: UInt8) in .ulong(UInt64(byte)) }
        case 0x44: return .ulong(0)
        case 0x82: return fixed().map { .double(Double(bitPattern: $0)) }
        case 0x83: return fixed().map { .timestamp(milliseconds: $0) }
        case 0x98: return uuid()
        case 0xA0, 0xB0: return bytes(constructor).map { .binary(Array($0)) }
        case 0xA1, 0xB1: return text(constructor).map { .string($0) }
        case 0xA3, 0xB3: return text(constructor).map { .symbol($0) }
        case 0x45, 0xC0, 0xD0: return listValue(constructor, depth: depth)
        case 0xC1, 0xD1: return mapValue(constructor, depth: depth)
        default: return nil
        }
    }

    // MARK: Inside

    private mutating func fixed<Number: FixedWidthInteger>(after count: Int = 0) -> Number? {
        rest = rest.dropFirst(count)
        let size = Number.bitWidth / 8
        guard rest.count >= size else { return nil }
        defer { rest = rest.dropFirst(size) }
        return rest.prefix(size).reduce(0) { ($0 << 8) | Number(truncatingIfNeeded: $1) }
    }

    private mutating func uuid() -> AMQPValue? {
        guard let high: UInt64 = fixed(), let low: UInt64 = fixed() else { return nil }
        return .uuid(AMQPUUID(high: high, low: low))
    }

    /// Constructors 0xA_ and 0xC_ have a size of one byte, 0xB_ and 0xD_ one of four.
    private mutating func size(_ constructor: UInt8) -> Int? {
        if constructor & 0x10 == 0 { return fixed().map { (size: UInt8) in Int(size) } }
        return fixed().map { (size: UInt32) in Int(size) }
    }

    private mutating func bytes(_ constructor: UInt8) -> ArraySlice<UInt8>? {
        guard let count = size(constructor), count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    private mutating func text(_ constructor: UInt8) -> String? {
        bytes(constructor).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// The count of values, and a decoder for them.
    private mutating func list(_ constructor: UInt8) -> (count: Int, inside: ValueDecoder)? {
        if constructor == 0x45 { return (0, ValueDecoder([])) }
        guard let bytes = bytes(constructor) else { return nil }
        var inside = ValueDecoder(bytes)
        // Each value takes a byte at least.
        guard let count = inside.size(constructor), count <= inside.rest.count else { return nil }
        return (count, inside)
    }

    private mutating func listValue(_ constructor: UInt8, depth: Int) -> AMQPValue? {
        guard let list = list(constructor) else { return nil }
        var inside = list.inside
        var values: [AMQPValue] = []
        for _ in 0..<list.count {
            guard let value = inside.value(depth: depth + 1) else { return nil }
            values.append(value)
        }
        return inside.isAtEnd ? .list(values) : nil
    }

    private mutating func mapValue(_ constructor: UInt8, depth: Int) -> AMQPValue? {
        guard let list = list(constructor), list.count.isMultiple(of: 2) else { return nil }
        var inside = list.inside
        var entries: [MapEntry] = []
        for _ in 0..<(list.count / 2) {
            let key: String
            switch inside.value(depth: depth + 1) {
            case .string(let text)?, .symbol(let text)?: key = text
            default: return nil
            }
            guard let value = inside.value(depth: depth + 1) else { return nil }
            entries.append(MapEntry(key: key, value: value))
        }
        return inside.isAtEnd ? .map(entries) : nil
    }
}
