// Numbers with units.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// The kind of a number on the command line, and so the units that it may have.
enum Quantity: CaseIterable {
    /// In milliseconds.
    case time
    /// In bytes.
    case size
    case count
    /// Without units.
    case plain

    /// The error in a text.
    enum Mistake: Error, Hashable {
        /// It is no number, or too large, or with its unit not whole.
        case isNoNumber
        case unitIsUnknown(String)
    }

    /// Each unit, and how many of the bare number it is.
    var units: [(name: String, factor: Int64)] {
        switch self {
        case .time: [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
        case .size:
            [
                ("k", 1000), ("M", 1_000_000), ("G", 1_000_000_000),
                ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30),
            ]
        case .count: [("k", 1000), ("M", 1_000_000)]
        case .plain: []
        }
    }

    /// The units for an error or the help: `ms, s, m or h`.
    var unitNames: String {
        units.map(\.name).joined(separator: ", ").withLastCommaAsOr
    }

    /// Parses a whole number, or one with a unit; that one may have decimal places.
    func value(of text: String) throws(Mistake) -> Int64 {
        if let number = Int64(text) { return number }
        var rest = text.utf8[...]
        guard let whole = Int64(Self.digits(&rest)) else { throw .isNoNumber }
        var fraction = ""
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fraction = Self.digits(&rest)
            guard (1...9).contains(fraction.count) else { throw .isNoNumber }
        }
        let name = String(Substring(rest))
        guard let unit = units.first(where: { $0.name == name }) else {
            let isWord = !name.isEmpty && name.utf8.allSatisfy(isLetter)
            throw isWord && self != .plain ? .unitIsUnknown(name) : .isNoNumber
        }
        let (product, isOverflow) = whole.multipliedReportingOverflow(by: unit.factor)
        let (sum, isSumOverflow) = product.addingReportingOverflow(
            try Self.part(fraction, of: unit.factor))
        guard !isOverflow, !isSumOverflow else { throw .isNoNumber }
        return sum
    }

    /// As much of a unit as these decimal places say, if that is a whole number.
    private static func part(_ fraction: String, of factor: Int64) throws(Mistake) -> Int64 {
        guard var part = Int64("0" + fraction) else { throw .isNoNumber }
        // Fits: a factor of 2^30 times nine digits.
        part *= factor
        for _ in fraction.utf8 {
            guard part % 10 == 0 else { throw .isNoNumber }
            part /= 10
        }
        return part
    }

    private static func digits(_ rest: inout Substring.UTF8View) -> String {
        let digits = rest.prefix(while: isDigit)
        rest = rest[digits.endIndex...]
        return String(Substring(digits))
    }
}

private func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte & ~0x20)
}
