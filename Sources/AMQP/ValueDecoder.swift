// Decodes AMQP values.
// SPDX-License-Identifier: Apache-2.0

/// Decodes values (§1.6).
///
/// The result is nil for bytes that end too early or are no value, and for values nested deeper
/// than ``AMQPValue/depthMax`` or more than ``AMQPValue/countMax``.
struct ValueDecoder {
    private var rest: ArraySlice<UInt8>
    private var valueCount = 0

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// Bytes that were not decoded yet.
    var remaining: ArraySlice<UInt8> { rest }

    /// Decodes the descriptor of a section; its value follows.
    mutating func sectionDescriptor() -> UInt64? {
        guard rest.popFirst() == Constructor.described, case .ulong(let code)? = value() else {
            return nil
        }
        return code
    }

    /// Decodes a value that is inside of `depth - 1` others.
    mutating func value(depth: Int = 1) -> AMQPValue? {
        guard depth <= AMQPValue.depthMax, let constructor = rest.popFirst() else { return nil }
        guard constructor == Constructor.described else {
            return content(constructor, depth: depth)
        }
        guard let descriptor = value(depth: depth + 1), let value = value(depth: depth + 1) else {
            return nil
        }
        return .described(descriptor: descriptor, value: value)
    }

    /// Decodes the content behind a constructor.
    private mutating func content(_ constructor: UInt8, depth: Int) -> AMQPValue? {
        guard depth <= AMQPValue.depthMax, valueCount < AMQPValue.countMax else { return nil }
        valueCount += 1
        switch constructor {
        case Constructor.null: return .null
        case 0x41...0x9F: return scalar(constructor)
        case Constructor.binary8, Constructor.binary32:
            return bytes(constructor).map { .binary(Array($0)) }
        case Constructor.string8, Constructor.string32:
            return text(constructor).map { .string($0) }
        case Constructor.symbol8, Constructor.symbol32:
            return text(constructor).map { .symbol($0) }
        case Constructor.list8, Constructor.list32:
            return compound(constructor) { decoder, count in decoder.list(count, depth: depth) }
        case Constructor.map8, Constructor.map32:
            return compound(constructor) { decoder, count in decoder.map(count, depth: depth) }
        case Constructor.array8, Constructor.array32:
            return compound(constructor) { decoder, count in decoder.array(count, depth: depth) }
        default: return nil
        }
    }

    // MARK: Scalars

    private mutating func scalar(_ constructor: UInt8) -> AMQPValue? {
        switch constructor {
        case Constructor.list0: return .list([])
        case Constructor.uuid:
            return pair().map { .uuid(AMQPUUID(high: $0.high, low: $0.low)) }
        case Constructor.decimal128:
            return pair().map { .decimal128(high: $0.high, low: $0.low) }
        case 0x90...0x9F: return nil
        default:
            let width = Constructor.width(of: constructor)
            return number(width: width).flatMap { Self.scalar(constructor, bits: $0) }
        }
    }

    private static func scalar(_ constructor: UInt8, bits: UInt64) -> AMQPValue? {
        switch constructor {
        case Constructor.trueValue: .bool(true)
        case Constructor.falseValue: .bool(false)
        case Constructor.boolean: bits > 1 ? nil : .bool(bits == 1)
        case Constructor.ubyte: .ubyte(UInt8(truncatingIfNeeded: bits))
        case Constructor.ushort: .ushort(UInt16(truncatingIfNeeded: bits))
        case Constructor.uint0, Constructor.smallUint, Constructor.uint:
            .uint(UInt32(truncatingIfNeeded: bits))
        case Constructor.ulong0, Constructor.smallUlong, Constructor.ulong: .ulong(bits)
        case Constructor.byte: .byte(Int8(truncatingIfNeeded: bits))
        case Constructor.short: .short(Int16(truncatingIfNeeded: bits))
        case Constructor.smallInt: .int(Int32(Int8(truncatingIfNeeded: bits)))
        case Constructor.int: .int(Int32(truncatingIfNeeded: bits))
        case Constructor.smallLong: .long(Int64(Int8(truncatingIfNeeded: bits)))
        case Constructor.long: .long(Int64(bitPattern: bits))
        case Constructor.float: .float(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        case Constructor.double: .double(Double(bitPattern: bits))
        case Constructor.decimal32: .decimal32(UInt32(truncatingIfNeeded: bits))
        case Constructor.decimal64: .decimal64(bits)
        case Constructor.char:
            Unicode.Scalar(UInt32(truncatingIfNeeded: bits)).map { .char($0) }
        case Constructor.timestamp: .timestamp(milliseconds: Int64(bitPattern: bits))
        default: nil
        }
    }

    private mutating func number(width: Int) -> UInt64? {
        guard rest.count >= width else { return nil }
        defer { rest = rest.dropFirst(width) }
        return rest.prefix(width).reduce(0) { $0 << 8 | UInt64($1) }
    }

    private mutating func pair() -> (high: UInt64, low: UInt64)? {
        guard let high = number(width: 8), let low = number(width: 8) else { return nil }
        return (high, low)
    }

    // MARK: Bytes and text

    /// Constructors 0xA_, 0xC_ and 0xE_ have sizes of one byte, the others of four.
    private static func sizeWidth(_ constructor: UInt8) -> Int {
        constructor & 0x10 == 0 ? 1 : 4
    }

    private mutating func bytes(_ constructor: UInt8) -> ArraySlice<UInt8>? {
        guard let size = number(width: Self.sizeWidth(constructor)), size <= rest.count else {
            return nil
        }
        defer { rest = rest.dropFirst(Int(size)) }
        return rest.prefix(Int(size))
    }

    private mutating func text(_ constructor: UInt8) -> String? {
        bytes(constructor).flatMap { String(validating: $0, as: UTF8.self) }
    }

    // MARK: Values that hold others

    /// Reads what a compound value holds with a decoder of its own, which must come to its end.
    private mutating func compound(
        _ constructor: UInt8, _ read: (inout ValueDecoder, Int) -> AMQPValue?
    ) -> AMQPValue? {
        guard let bytes = bytes(constructor) else { return nil }
        var inside = ValueDecoder(bytes)
        inside.valueCount = valueCount
        guard let count = inside.number(width: Self.sizeWidth(constructor)),
            count <= AMQPValue.countMax, let value = read(&inside, Int(count)), inside.isAtEnd
        else { return nil }
        valueCount = inside.valueCount
        return value
    }

    private mutating func list(_ count: Int, depth: Int) -> AMQPValue? {
        var values: [AMQPValue] = []
        for _ in 0..<count {
            guard let value = value(depth: depth + 1) else { return nil }
            values.append(value)
        }
        return .list(values)
    }

    private mutating func map(_ count: Int, depth: Int) -> AMQPValue? {
        guard count.isMultiple(of: 2) else { return nil }
        var entries: [MapEntry] = []
        for _ in 0..<count / 2 {
            guard let key = value(depth: depth + 1), let value = value(depth: depth + 1) else {
                return nil
            }
            entries.append(MapEntry(key: key, value: value))
        }
        return .map(entries)
    }

    private mutating func array(_ count: Int, depth: Int) -> AMQPValue? {
        var descriptors: [AMQPValue] = []
        while rest.first == Constructor.described {
            rest.removeFirst()
            guard depth + descriptors.count < AMQPValue.depthMax,
                let descriptor = value(depth: depth + descriptors.count + 1)
            else { return nil }
            descriptors.append(descriptor)
        }
        guard let constructor = rest.popFirst() else { return nil }
        var elements: [AMQPValue] = []
        for _ in 0..<count {
            guard let content = content(constructor, depth: depth + descriptors.count + 1) else {
                return nil
            }
            elements.append(
                descriptors.reversed().reduce(content) { .described(descriptor: $1, value: $0) })
        }
        return .array(elements)
    }
}
