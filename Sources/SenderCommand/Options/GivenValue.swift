// Parses the value of an option.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// The value given to an option; errors name what would be right.
struct GivenValue {
    /// The option as spelled: `-m` or `--messages`.
    var option: String
    var text: String

    /// A whole number in this range, which may have a unit.
    func wholeNumber(
        in range: ClosedRange<Int64>, of quantity: Quantity = .plain
    ) throws(UsageError) -> Int64 {
        do throws(Quantity.Mistake) {
            let number = try quantity.value(of: text)
            if range.contains(number) { return number }
        } catch {
            if case .unitIsUnknown(let unit) = error {
                throw UsageError(
                    "\(option) is \(quoted(text)), but \(quoted(unit)) is not a unit here: "
                        + "give \(quantity.unitNames), or none")
            }
        }
        // Also for a number beyond Int64.
        let units = quantity == .plain ? "" : ", or as much with \(quantity.unitNames)"
        throw wrong("a whole number from \(range.lowerBound) to \(range.upperBound)\(units)")
    }

    /// A number with or without decimal places, in this range.
    func decimalNumber(in range: ClosedRange<Double>) throws(UsageError) -> Double {
        // Double would also parse exponents, hexadecimal digits and infinity.
        let isPlain = text.utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: ".") }
        guard isPlain, let number = Double(text), range.contains(number) else {
            let (low, high) = (shown(range.lowerBound), shown(range.upperBound))
            throw wrong("a number from \(low) to \(high)")
        }
        return number
    }

    /// One of an enumeration's words.
    func word<Word: RawRepresentable & CaseIterable>(
        of type: Word.Type
    ) throws(UsageError) -> Word where Word.RawValue == String {
        if let word = Word(rawValue: text) { return word }
        throw wrong(Word.allCases.map(\.rawValue).joined(separator: ", ").withLastCommaAsOr)
    }

    /// An AMQP symbol (§1.6.22): visible ASCII, at least one character.
    func symbol() throws(UsageError) -> String {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw wrong("a name of visible ASCII characters")
        }
        return text
    }

    /// Printable ASCII, 1 to `countMax` characters.
    func printableASCII(countMax: Int) throws(UsageError) -> String {
        guard text.isPrintableASCII(countMax: countMax) else {
            throw wrong("1 to \(countMax) printable ASCII characters")
        }
        return text
    }

    /// Bytes: text and escapes.
    func delimiter() throws(UsageError) -> Delimiter {
        guard let delimiter = Delimiter(escaped: text) else {
            throw wrong(
                "1 to \(Delimiter.byteCountMax) bytes of text, in which \\n, \\t, \\r, \\0, \\\\, "
                    + "and \\x with two hexadecimal digits, stand for a byte")
        }
        return delimiter
    }

    /// The path of a file.
    func path() throws(UsageError) -> String {
        guard !text.isEmpty else { throw wrong("the path of a file") }
        return text
    }

    /// A user or password: without control characters; an empty one counts as absent.
    ///
    /// Errors don't quote it: it may be secret.
    func credential() throws(UsageError) -> String? {
        guard !text.hasControlCharacter else {
            throw UsageError("\(option) must not hold control characters such as a line's end")
        }
        return text.isEmpty ? nil : text
    }

    /// A number, without decimal places if it is whole.
    private func shown(_ number: Double) -> String {
        Int(exactly: number).map(String.init) ?? "\(number)"
    }

    /// The error for a wrong value, naming what would be right.
    func wrong(_ right: String) -> UsageError {
        UsageError("\(option) is \(quoted(text)), but must be \(right)")
    }
}

extension String {
    /// Whether it is printable ASCII, as in AMQP symbols (§1.6.22).
    var isPrintableASCII: Bool { utf8.allSatisfy { (0x20...0x7e).contains($0) } }

    /// Whether it is printable ASCII of 1 to `countMax` characters.
    func isPrintableASCII(countMax: Int) -> Bool {
        (1...countMax).contains(utf8.count) && isPrintableASCII
    }

    var withLastCommaAsOr: String { withLastComma(as: "or") }
    var withLastCommaAsAnd: String { withLastComma(as: "and") }

    private func withLastComma(as word: String) -> String {
        // Strings, not substrings, which take the slow way when the program starts.
        guard let comma = utf8.lastIndex(of: UInt8(ascii: ",")) else { return self }
        return String(self[..<comma]) + " \(word)" + String(self[utf8.index(after: comma)...])
    }
}
