// Encodes AMQP values, each in its smallest form.
// SPDX-License-Identifier: Apache-2.0

/// Appends encoded values (§1.6) to a buffer.
///
/// Only the growth of the buffer allocates, and a map of more than 16 entries, whose keys are compared in a
/// set.
struct ValueEncoder {
    private(set) var bytes: [UInt8] = []
    private var valueCount = 0

    /// Takes a buffer over, to append to it, and leaves an empty one in its place.
    init(takingOver buffer: inout [UInt8]) {
        swap(&bytes, &buffer)
    }

    /// Puts the buffer back.
    mutating func giveBack(to buffer: inout [UInt8]) {
        swap(&bytes, &buffer)
    }

    /// Removes all bytes from this offset on.
    mutating func removeAll(from start: Int) {
        bytes.removeSubrange(start...)
    }

    /// Puts a value that is inside of `depth - 1` others.
    mutating func put(_ value: AMQPValue, depth: Int = 1) throws(EncodingError) {
        switch value {
        case .list(let values):
            guard !values.isEmpty else { return try begin(Constructor.list0, depth: depth) }
            try putCompound(Constructor.list8, value, depth: depth)
        case .map:
            try putCompound(Constructor.map8, value, depth: depth)
        case .array:
            try putCompound(Constructor.array8, value, depth: depth)
        case .described(let descriptor, let value):
            try begin(Constructor.described, depth: depth)
            try put(descriptor, depth: depth + 1)
            try put(value, depth: depth + 1)
        default:
            let constructor = value.constructor
            try begin(constructor, depth: depth)
            try append(content: value, constructor, depth: depth)
        }
    }

    /// Begins a described value: one value has to follow.
    ///
    /// - Precondition: The descriptor is from 1 to 255.
    mutating func begin(_ descriptor: UInt64) throws(EncodingError) {
        try begin(Constructor.described, depth: 1)
        try begin(Constructor.smallUlong, depth: 2)
        bytes.append(UInt8(descriptor))
    }

    private mutating func begin(_ constructor: UInt8, depth: Int) throws(EncodingError) {
        guard depth <= AMQPValue.depthMax else { throw .tooDeep }
        try count()
        bytes.append(constructor)
    }

    private mutating func count() throws(EncodingError) {
        guard valueCount < AMQPValue.countMax else { throw .tooMany }
        valueCount += 1
    }

    // MARK: Content

    /// Appends the content of a value behind its constructor, or a larger one of the same type.
    private mutating func append(
        content value: AMQPValue, _ constructor: UInt8, depth: Int
    ) throws(EncodingError) {
        switch value {
        case .null: break
        case .bool(let value): append(value ? 1 : 0, constructor)
        case .ubyte(let value): append(UInt64(value), constructor)
        case .ushort(let value): append(UInt64(value), constructor)
        case .uint(let value): append(UInt64(value), constructor)
        case .ulong(let value): append(value, constructor)
        case .byte(let value): append(UInt64(bitPattern: Int64(value)), constructor)
        case .short(let value): append(UInt64(bitPattern: Int64(value)), constructor)
        case .int(let value): append(UInt64(bitPattern: Int64(value)), constructor)
        case .long(let value): append(UInt64(bitPattern: value), constructor)
        case .float(let value): append(UInt64(value.bitPattern), constructor)
        case .double(let value): append(value.bitPattern, constructor)
        case .decimal32(let bits): append(UInt64(bits), constructor)
        case .decimal64(let bits): append(bits, constructor)
        case .decimal128(let high, let low): append(high, low)
        case .char(let scalar): append(UInt64(scalar.value), constructor)
        case .timestamp(let milliseconds):
            append(UInt64(bitPattern: milliseconds), constructor)
        case .uuid(let id): append(id.high, id.low)
        case .binary(let content):
            try append(size: content.count, constructor)
            bytes.append(contentsOf: content)
        case .string(let text):
            try append(size: text.utf8.count, constructor)
            append(text)
        case .symbol(let text):
            try text.checkIsSymbol()
            try append(size: text.utf8.count, constructor)
            append(text)
        case .list, .map, .array:
            let size = beginSize(ofWidth: 4)
            try endSize(size, count: append(elements: value, depth: depth))
        case .described(_, let value):
            try append(content: value, constructor, depth: depth + 1)
        }
    }

    /// Appends the low bytes of a number, by the width of the constructor.
    private mutating func append(_ number: UInt64, _ constructor: UInt8) {
        append(number, width: Constructor.width(of: constructor))
    }

    private mutating func append(_ number: UInt64, width: Int) {
        var shift = 8 * width
        while shift > 0 {
            shift -= 8
            bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
    }

    private mutating func append(_ text: String) {
        let isAppended: Void? = text.utf8.withContiguousStorageIfAvailable {
            bytes.append(contentsOf: $0)
        }
        if isAppended == nil { bytes.append(contentsOf: text.utf8) }
    }

    private mutating func append(_ high: UInt64, _ low: UInt64) {
        append(high, width: 8)
        append(low, width: 8)
    }

    private mutating func append(size: Int, _ constructor: UInt8) throws(EncodingError) {
        guard let size = UInt32(exactly: size) else { throw .tooLarge }
        append(UInt64(size), width: constructor < Constructor.binary32 ? 1 : 4)
    }
}

// MARK: - Compound values

extension ValueEncoder {
    private mutating func putCompound(
        _ constructor: UInt8, _ value: AMQPValue, depth: Int
    ) throws(EncodingError) {
        try begin(constructor, depth: depth)
        let size = beginSize(ofWidth: 1)
        try endSize(size, count: append(elements: value, depth: depth))
    }

    /// Appends the elements of a compound value; returns the count to encode.
    private mutating func append(
        elements value: AMQPValue, depth: Int
    ) throws(EncodingError) -> Int {
        switch value {
        case .list(let values):
            for value in values { try put(value, depth: depth + 1) }
            return values.count
        case .map(let entries):
            try entries.checkKeys()
            for entry in entries {
                try put(entry.key, depth: depth + 1)
                try put(entry.value, depth: depth + 1)
            }
            return 2 * entries.count
        case .array(let elements):
            let constructor = try putConstructor(of: elements, depth: depth + 1)
            for element in elements {
                try count()
                try append(content: element, constructor, depth: depth + 1)
            }
            return elements.count
        default:
            return 0
        }
    }

    /// Puts the common constructor of an array's elements, which is the largest of theirs.
    private mutating func putConstructor(
        of elements: [AMQPValue], depth: Int
    ) throws(EncodingError) -> UInt8 {
        guard depth <= AMQPValue.depthMax else { throw .tooDeep }
        var constructor = Constructor.null
        if case .described(let descriptor, _)? = elements.first {
            bytes.append(Constructor.described)
            try put(descriptor, depth: depth + 1)
            let values = try elements.map { element throws(EncodingError) in
                guard case .described(descriptor, let value) = element else { throw .mixedArray }
                return value
            }
            return try putConstructor(of: values, depth: depth + 1)
        }
        if let first = elements.first {
            guard elements.allSatisfy({ $0.hasSameType(as: first) }) else { throw .mixedArray }
            constructor = elements.reduce(0) { max($0, $1.constructor) }
            if case .bool = first { constructor = Constructor.boolean }
        }
        bytes.append(constructor)
        return constructor
    }

    // MARK: Size and count

    /// The place of a compound value's size, which its count follows.
    fileprivate struct SizePlace {
        let index: Int
        let width: Int
    }

    private mutating func beginSize(ofWidth width: Int) -> SizePlace {
        defer { append(0, width: width); append(0, width: width) }
        return SizePlace(index: bytes.count, width: width)
    }

    /// Fills in a size and a count.
    ///
    /// If one does not fit in a byte, the value gets the larger constructor and its content is moved.
    private mutating func endSize(_ place: SizePlace, count: Int) throws(EncodingError) {
        var width = place.width
        let contentSize = bytes.count - place.index - 2 * width
        // The size counts the count.
        if width == 1, contentSize + 1 > 255 || count > 255 {
            width = 4
            bytes[place.index - 1] = Constructor.large(bytes[place.index - 1])
            bytes.insert(contentsOf: repeatElement(0, count: 6), at: place.index)
        }
        guard let size = UInt32(exactly: contentSize + width), let count = UInt32(exactly: count)
        else { throw .tooLarge }
        write(size, width: width, at: place.index)
        write(count, width: width, at: place.index + width)
    }

    private mutating func write(_ number: UInt32, width: Int, at index: Int) {
        for place in 0..<width {
            bytes[index + place] = UInt8(truncatingIfNeeded: number >> (8 * (width - 1 - place)))
        }
    }

    // MARK: The fields of a described list

    /// A described list (§1.4) that is being encoded.
    struct Fields {
        fileprivate let start: Int
        fileprivate let outerCount: Int
        fileprivate var size: SizePlace
        /// Those that are encoded.
        fileprivate var count = 0
        /// Null fields behind them: encoded only before one that is not.
        fileprivate var nullCount = 0
    }

    /// Begins a described list: `put(field:of:)` follows for each field, then `end`.
    mutating func beginFields(_ descriptor: UInt64) throws(EncodingError) -> Fields {
        let (start, outerCount) = (bytes.count, valueCount)
        try begin(descriptor)
        try begin(Constructor.list8, depth: 1)
        return Fields(start: start, outerCount: outerCount, size: beginSize(ofWidth: 1))
    }

    /// Puts the next field; nil is null.
    mutating func put(field value: AMQPValue?, of fields: inout Fields) throws(EncodingError) {
        guard let value else {
            fields.nullCount += 1
            return
        }
        for _ in 0..<fields.nullCount { try begin(Constructor.null, depth: 1) }
        try put(value)
        fields.count += fields.nullCount + 1
        fields.nullCount = 0
    }

    /// Ends a described list.
    ///
    /// Fields behind the last that is not null are left out, and the whole list when all are null.
    mutating func end(_ fields: Fields) throws(EncodingError) {
        guard fields.count > 0 else {
            bytes.removeSubrange(fields.start...)
            valueCount = fields.outerCount
            return
        }
        try endSize(fields.size, count: fields.count)
    }
}

extension AMQPValue {
    /// Whether both are of the same AMQP type.
    fileprivate func hasSameType(as other: AMQPValue) -> Bool {
        switch (self, other) {
        case (.null, .null), (.bool, .bool), (.ubyte, .ubyte), (.ushort, .ushort), (.uint, .uint),
            (.ulong, .ulong), (.byte, .byte), (.short, .short), (.int, .int), (.long, .long),
            (.float, .float), (.double, .double), (.decimal32, .decimal32),
            (.decimal64, .decimal64), (.decimal128, .decimal128), (.char, .char),
            (.timestamp, .timestamp), (.uuid, .uuid), (.binary, .binary), (.string, .string),
            (.symbol, .symbol), (.list, .list), (.map, .map), (.array, .array):
            true
        default: false
        }
    }
}

extension String {
    fileprivate func checkIsSymbol() throws(EncodingError) {
        guard utf8.allSatisfy({ $0 < 0x80 }) else {
            throw EncodingError(reason: "\"\(self)\" can't be an AMQP symbol: it is not ASCII")
        }
    }
}

extension [MapEntry] {
    /// Throws if a key occurs twice.
    fileprivate func checkKeys() throws(EncodingError) {
        guard let key = repeatedKey else { return }
        let name = key.text.map { "\"\($0)\"" } ?? "\(key)"
        throw EncodingError(reason: "the key \(name) occurs twice")
    }

    private var repeatedKey: AMQPValue? {
        // Most maps are small.
        guard count > 16 else {
            return indices.first { index in
                self[..<index].contains { $0.key.isSameKey(as: self[index].key) }
            }.map { self[$0].key }
        }
        var keys: Set<[UInt8]> = []
        return first { entry in
            var bytes: [UInt8] = []
            var encoder = ValueEncoder(takingOver: &bytes)
            // A key that can't be encoded is refused when it is encoded.
            guard (try? encoder.put(entry.key)) != nil else { return false }
            return !keys.insert(encoder.bytes).inserted
        }?.key
    }
}

extension AMQPValue {
    /// Compares by bytes, as peers do: Swift's strings are equal if they are canonically equivalent.
    fileprivate func isSameKey(as other: AMQPValue) -> Bool {
        switch (self, other) {
        case (.string(let one), .string(let two)), (.symbol(let one), .symbol(let two)):
            one.utf8.elementsEqual(two.utf8)
        default: self == other
        }
    }
}
