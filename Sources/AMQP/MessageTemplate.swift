// Encodes one message and patches its number, so that further messages cost no encoding.
// SPDX-License-Identifier: Apache-2.0

/// An application property whose value is a prefix and the message's number in decimal digits.
public struct NumberedProperty: Sendable, Hashable {
    /// Key.
    public var key: String
    /// Text before the number.
    public var prefix: String

    /// Makes a property.
    public init(key: String, prefix: String) {
        self.key = key
        self.prefix = prefix
    }
}

/// Messages that differ only in their number, which is the id, the one value of the body and, if there is
/// one, the end of a property.
///
/// A message is encoded once, with a number that takes eight bytes, and from then on only those bytes are
/// changed: encoding each message would take a quarter of the time to send it. With a property, encoded sizes
/// depend on the number's count of digits, so that there is one encoded message for each count.
public struct MessageTemplate: Sendable {
    /// By the count of digits, from 1; a single one without a property.
    private var forms: [Form]

    /// The digits of the largest number.
    private static let digitCountMax = 20

    /// Encodes `prototype` with an id and a body, and with `property` behind its application properties.
    ///
    /// - Throws: As ``Message/encoded()`` does.
    public init(
        prototype: Message, key: String = "sequence", property: NumberedProperty? = nil
    ) throws(EncodingError) {
        forms = []
        for digitCount in 1...(property == nil ? 1 : Self.digitCountMax) {
            forms.append(
                try Form(
                    prototype: prototype, key: key, property: property, digitCount: digitCount))
        }
    }

    /// Size of the message of a number.
    ///
    /// - Units: bytes.
    public func size(sequence: UInt64) -> Int {
        forms[formIndex(sequence)].bytes.count
    }

    /// Lends the encoded message of a number to `body`.
    ///
    /// Nothing is allocated.
    public mutating func withEncoded(
        sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        let index = formIndex(sequence)
        forms[index].write(sequence)
        // Not generic in what `body` returns: the type of it would be looked up for each message.
        forms[index].bytes.withUnsafeBytes(body)
    }

    /// Lends the messages of these numbers to `send`, one after the other, while there is room for one of this
    /// size; returns how many it lent.
    public mutating func offer(
        _ first: UInt64, through last: UInt64, while hasRoom: (_ size: Int) -> Bool,
        to send: (_ sequence: UInt64, _ encoded: UnsafeRawBufferPointer) -> Void
    ) -> Int {
        var sequence = first
        while sequence <= last {
            let index = formIndex(sequence)
            let end = min(last, largestNumber(of: index))
            let next = forms[index].offer(sequence, through: end, while: hasRoom, to: send)
            guard next > end else { return Int(next - first) }
            sequence = next
        }
        return Int(sequence - first)
    }

    /// The largest number that a form has the digits for.
    private func largestNumber(of index: Int) -> UInt64 {
        guard forms.count > 1, index + 1 < Self.digitCountMax else { return .max }
        return (0...index).reduce(1) { power, _ in power * 10 } - 1
    }

    private func formIndex(_ sequence: UInt64) -> Int {
        guard forms.count > 1 else { return 0 }
        var index = 0
        var rest = sequence / 10
        while rest > 0 {
            index += 1
            rest /= 10
        }
        return index
    }
}

/// An encoded message, and the places of its number.
private struct Form {
    private(set) var bytes: [UInt8]
    /// Offsets of the number in eight bytes.
    private let places: (Int, Int)
    /// Offsets of the number in digits; empty without a property.
    private let digits: Range<Int>

    /// Two numbers that differ in each byte, and are encoded in all eight.
    private static let markers: (UInt64, UInt64) = (0xF1E2_D3C4_B5A6_9788, 0x0E1D_2C3B_4A59_6877)

    init(
        prototype: Message, key: String, property: NumberedProperty?, digitCount: Int
    ) throws(EncodingError) {
        func encoded(_ number: UInt64, digit: String) throws(EncodingError) -> [UInt8] {
            var message = prototype
            message.id = .ulong(number)
            message.body = .value(.map([MapEntry(key: key, value: .ulong(number))]))
            if let property {
                let digits = String(repeating: digit, count: digitCount)
                message.applicationProperties.append(
                    MapEntry(key: property.key, value: .string(property.prefix + digits)))
            }
            return try message.encoded()
        }
        // The places are where two messages differ that have other numbers, or other digits.
        bytes = try encoded(Self.markers.0, digit: "0")
        let numbers = Self.differences(bytes, try encoded(Self.markers.1, digit: "0"))
        let digitPlaces = Self.differences(bytes, try encoded(Self.markers.0, digit: "9"))
        let size = MemoryLayout<UInt64>.size
        let places = stride(from: 0, to: numbers.count, by: size).map { numbers[$0] }
        let start = digitPlaces.first ?? 0
        digits = start..<(start + digitPlaces.count)
        guard numbers == places.flatMap({ $0..<$0 + size }), places.count == 2,
            digitPlaces == Array(digits), digits.count == (property == nil ? 0 : digitCount)
        else {
            throw EncodingError(
                reason: "the number stands in \(numbers.count) bytes with "
                    + "\(digitPlaces.count) digits, not in \(2 * size) with \(digitCount)")
        }
        self.places = (places[0], places[1])
    }

    /// Writes the number, whose count of digits is that of this form.
    mutating func write(_ number: UInt64) {
        let (places, digits) = (places, digits)
        bytes.withUnsafeMutableBytes { Self.write(number, at: places, digits, to: $0) }
    }

    private static func write(
        _ number: UInt64, at places: (Int, Int), _ digits: Range<Int>,
        to buffer: UnsafeMutableRawBufferPointer
    ) {
        buffer.storeBytes(of: number.bigEndian, toByteOffset: places.0, as: UInt64.self)
        buffer.storeBytes(of: number.bigEndian, toByteOffset: places.1, as: UInt64.self)
        var rest = number
        for place in digits.reversed() {
            buffer[place] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }

    /// Lends messages while there is room; returns the number of the first that it did not lend.
    mutating func offer(
        _ first: UInt64, through last: UInt64, while hasRoom: (_ size: Int) -> Bool,
        to send: (_ sequence: UInt64, _ encoded: UnsafeRawBufferPointer) -> Void
    ) -> UInt64 {
        let (size, places, digits) = (bytes.count, places, digits)
        return bytes.withUnsafeMutableBytes { buffer in
            var sequence = first
            while sequence <= last, hasRoom(size) {
                Self.write(sequence, at: places, digits, to: buffer)
                send(sequence, UnsafeRawBufferPointer(buffer))
                sequence += 1
            }
            return sequence
        }
    }

    /// The offsets at which two messages differ; an offset that never fits if their sizes do.
    private static func differences(_ one: [UInt8], _ other: [UInt8]) -> [Int] {
        one.count == other.count ? one.indices.filter { one[$0] != other[$0] } : [-1]
    }
}
