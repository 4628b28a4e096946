// How many messages of the same kind are made at no cost.
// SPDX-License-Identifier: Apache-2.0

/// An application property whose value is a prefix and the message's number in decimal digits.
public struct NumberedProperty: Sendable, Hashable {
    /// Key.
    public var key: String
    /// What stands before the number.
    public var prefix: String

    /// Makes a property.
    public init(key: String, prefix: String) {
        self.key = key
        self.prefix = prefix
    }
}

/// Messages that differ in nothing but their number, which is the id, the one value of the body,
/// and the end of a property if there is one.
///
/// A message is encoded once, with a number that takes all its eight bytes, and from then on only
/// those bytes change. Encoding anew is a quarter of what sending a message costs. With a property,
/// the lengths that AMQP writes before each part depend on how many digits the number has: there
/// is one encoded message for each count.
public struct MessageTemplate: Sendable {
    /// By the count of digits, from 1 on; only one when no digits are written.
    private var forms: [Form]

    /// The digits of the largest number.
    private static let digitCountMax = 20

    /// Encodes the messages that all others are made from.
    ///
    /// - Throws: What ``Message/encoded()`` throws.
    public init(
        isDurable: Bool, key: String = "sequence", property: NumberedProperty? = nil
    ) throws(ProtonError) {
        forms = []
        for digitCount in 1...(property == nil ? 1 : Self.digitCountMax) {
            forms.append(
                try Form(
                    isDurable: isDurable, key: key, property: property, digitCount: digitCount))
        }
    }

    /// Size of a number's message.
    ///
    /// - Units: bytes.
    public func size(sequence: UInt64) -> Int {
        forms[formIndex(sequence)].bytes.count
    }

    /// Gives the encoded message of a number, for as long as `body` runs.
    ///
    /// Nothing is allocated.
    public mutating func withEncoded<Result, Failure: Error>(
        sequence: UInt64, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let index = formIndex(sequence)
        forms[index].write(sequence)
        return try forms[index].bytes.withUnsafeBufferPointer { buffer throws(Failure) in
            try body(UnsafeRawBufferPointer(buffer))
        }
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

/// An encoded message, and where its number stands.
private struct Form {
    private(set) var bytes: [UInt8]
    /// Of the number in eight bytes.
    private let places: [Int]
    /// Of the number in digits; empty without a property.
    private let digits: Range<Int>

    /// No UTF-8 holds these bytes, so that no key is taken for them.
    private static let marker: UInt64 = 0xF1E2_D3C4_B5A6_9788
    /// The constructor of a ulong of eight bytes (§1.6.6).
    ///
    /// Proton writes a small one in fewer.
    private static let ulongConstructor: UInt8 = 0x80

    init(
        isDurable: Bool, key: String, property: NumberedProperty?, digitCount: Int
    ) throws(ProtonError) {
        func encoded(digit: String) throws(ProtonError) -> [UInt8] {
            let number = String(repeating: digit, count: digitCount)
            let properties = property.map {
                [Message.Property(key: $0.key, value: $0.prefix + number)]
            }
            return try Message(
                id: Self.marker, isDurable: isDurable, properties: properties ?? [],
                body: [Message.Entry(key: key, value: Self.marker)]
            ).encoded()
        }
        let bytes = try encoded(digit: "0")
        let other = try encoded(digit: "9")
        self.bytes = bytes
        places = Self.places(in: bytes)
        // Where two messages differ that have nothing but digits not in common.
        let different = zip(bytes, other).enumerated().filter { $1.0 != $1.1 }.map(\.offset)
        let start = different.first ?? 0
        digits = start..<(start + different.count)
        guard places.count == 2, different == Array(digits), bytes.count == other.count,
            digits.count == (property == nil ? 0 : digitCount)
        else {
            throw ProtonError(
                code: .protonError, operation: "encode a message", name: "",
                detail: "the number stands in \(places.count) places with "
                    + "\(digits.count) digits, not in 2 with \(digitCount)")
        }
    }

    /// Writes the number, which has as many digits as there is room for.
    mutating func write(_ number: UInt64) {
        bytes.withUnsafeMutableBytes { buffer in
            for place in places {
                buffer.storeBytes(of: number.bigEndian, toByteOffset: place, as: UInt64.self)
            }
            var rest = number
            for place in digits.reversed() {
                buffer[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
        }
    }

    /// Where the marker's eight bytes stand.
    private static func places(in bytes: [UInt8]) -> [Int] {
        let pattern = [ulongConstructor] + withUnsafeBytes(of: marker.bigEndian, Array.init)
        return bytes.indices.filter { bytes[$0...].starts(with: pattern) }.map { $0 + 1 }
    }
}
