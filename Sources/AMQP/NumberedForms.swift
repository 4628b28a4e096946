// Encoded bytes with the places of a number in them.
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

/// Something that was encoded with a number that takes eight bytes, of which only those bytes are changed.
///
/// With a property the encoded size depends on the number's count of digits, so that there is one form for each
/// count.
struct NumberedForms: Sendable {
    /// By the count of digits, from 1; a single one without a property.
    private var forms: [NumberedForm]

    /// The digits of the largest number.
    private static let digitCountMax = 20

    /// Encodes each form by `encode`, which is given a number that stands in `placeCount` places, 1 or 2, and the
    /// property.
    init(
        property: NumberedProperty?, placeCount: Int,
        encode: (UInt64, MapEntry?) throws(EncodingError) -> [UInt8]
    ) throws(EncodingError) {
        forms = []
        for digitCount in 1...(property == nil ? 1 : Self.digitCountMax) {
            forms.append(
                try NumberedForm(
                    property: property, digitCount: digitCount, placeCount: placeCount,
                    encode: encode))
        }
    }

    /// Size with this number.
    ///
    /// - Units: bytes.
    func size(_ number: UInt64) -> Int { forms[index(number)].bytes.count }

    /// Appends the bytes with this number.
    func append(_ number: UInt64, to buffer: inout [UInt8]) {
        forms[index(number)].append(number, to: &buffer)
    }

    /// Lends the bytes with this number to `body`.
    mutating func lend(_ number: UInt64, to body: (UnsafeRawBufferPointer) -> Void) {
        forms[index(number)].lend(number, to: body)
    }

    /// Lends the bytes with these numbers to `send`, one after the other, while there is room for one of this
    /// size; returns how many it lent.
    mutating func offer(
        _ first: UInt64, through last: UInt64, while hasRoom: (_ size: Int) -> Bool,
        to send: (_ number: UInt64, _ encoded: UnsafeRawBufferPointer) -> Void
    ) -> Int {
        var number = first
        while number <= last {
            let index = index(number)
            let end = min(last, largestNumber(of: index))
            number = forms[index].offer(number, through: end, while: hasRoom, to: send)
            if number <= end { break }
        }
        return Int(number - first)
    }

    /// The largest number that a form has the digits for.
    private func largestNumber(of index: Int) -> UInt64 {
        guard forms.count > 1, index + 1 < Self.digitCountMax else { return .max }
        return (0...index).reduce(1) { power, _ in power * 10 } - 1
    }

    private func index(_ number: UInt64) -> Int {
        guard forms.count > 1 else { return 0 }
        var index = 0
        var rest = number / 10
        while rest > 0 {
            index += 1
            rest /= 10
        }
        return index
    }
}

/// Encoded bytes, and the places of a number with a given count of digits.
private struct NumberedForm: Sendable {
    private(set) var bytes: [UInt8]
    /// Offsets of the number in eight bytes.
    private let places: (Int, Int)
    /// Offsets of the number in digits; empty without a property.
    private let digits: Range<Int>

    /// Two numbers that differ in each byte, and are encoded in all eight.
    private static let markers: (UInt64, UInt64) = (0xF1E2_D3C4_B5A6_9788, 0x0E1D_2C3B_4A59_6877)

    init(
        property: NumberedProperty?, digitCount: Int, placeCount: Int,
        encode: (UInt64, MapEntry?) throws(EncodingError) -> [UInt8]
    ) throws(EncodingError) {
        func encoded(_ number: UInt64, digit: String) throws(EncodingError) -> [UInt8] {
            let digits = String(repeating: digit, count: digitCount)
            return try encode(
                number,
                property.map { MapEntry(key: $0.key, value: .string($0.prefix + digits)) })
        }
        // The places are where two encodings differ that have other numbers, or other digits.
        bytes = try encoded(Self.markers.0, digit: "0")
        let numbers = Self.differences(bytes, try encoded(Self.markers.1, digit: "0"))
        let digitPlaces = Self.differences(bytes, try encoded(Self.markers.0, digit: "9"))
        let size = MemoryLayout<UInt64>.size
        let places = stride(from: 0, to: numbers.count, by: size).map { numbers[$0] }
        let start = digitPlaces.first ?? 0
        digits = start..<(start + digitPlaces.count)
        guard numbers == places.flatMap({ $0..<$0 + size }), places.count == placeCount,
            digitPlaces == Array(digits), digits.count == (property == nil ? 0 : digitCount)
        else {
            throw EncodingError(
                reason: "the number stands in \(numbers.count) bytes with "
                    + "\(digitPlaces.count) digits, not in \(placeCount * size) with \(digitCount)")
        }
        self.places = (places[0], places[placeCount - 1])
    }

    func append(_ number: UInt64, to buffer: inout [UInt8]) {
        let start = buffer.count
        buffer.append(contentsOf: bytes)
        buffer.withUnsafeMutableBytes {
            Self.write(
                number, at: places, digits,
                to: UnsafeMutableRawBufferPointer(rebasing: $0[start...]))
        }
    }

    mutating func lend(_ number: UInt64, to body: (UnsafeRawBufferPointer) -> Void) {
        let (places, digits) = (places, digits)
        bytes.withUnsafeMutableBytes { buffer in
            Self.write(number, at: places, digits, to: buffer)
            body(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Writes the number, which has as many digits as the form has places for.
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

    /// Lends the bytes while there is room; returns the first number that it did not lend them with.
    mutating func offer(
        _ first: UInt64, through last: UInt64, while hasRoom: (_ size: Int) -> Bool,
        to send: (_ number: UInt64, _ encoded: UnsafeRawBufferPointer) -> Void
    ) -> UInt64 {
        let (size, places, digits) = (bytes.count, places, digits)
        return bytes.withUnsafeMutableBytes { buffer in
            var number = first
            while number <= last, hasRoom(size) {
                Self.write(number, at: places, digits, to: buffer)
                send(number, UnsafeRawBufferPointer(buffer))
                number += 1
            }
            return number
        }
    }

    /// The offsets at which two encodings differ; an offset that never fits if their sizes do.
    private static func differences(_ one: [UInt8], _ other: [UInt8]) -> [Int] {
        one.count == other.count ? one.indices.filter { one[$0] != other[$0] } : [-1]
    }
}
