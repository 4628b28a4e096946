// Parsing of RFC 3339 timestamps.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// Milliseconds since 1970 of a timestamp such as `2026-01-31T23:59:59.5Z`; nil for other texts.
///
/// Fractions below a millisecond are dropped. A leap second counts as the next second.
func millisecondsSince1970(rfc3339 text: String) -> Int64? {
    var reader = MomentReader(rest: text.utf8[...])
    guard let moment = reader.moment(), reader.rest.isEmpty else { return nil }
    return moment
}

private struct MomentReader {
    var rest: Substring.UTF8View

    mutating func moment() -> Int64? {
        guard let year = number(digits: 4, in: 0...9999), take("-"),
            let month = number(digits: 2, in: 1...12), take("-"),
            let day = number(digits: 2, in: 1...dayCount(month: month, year: year)),
            take("Tt "),
            let hour = number(digits: 2, in: 0...23), take(":"),
            let minute = number(digits: 2, in: 0...59), take(":"),
            let second = number(digits: 2, in: 0...60),
            let milliseconds = fraction(), let offset = offsetMinutes()
        else { return nil }
        let days = daysSince1970(day: day, month: month, year: year)
        let minutes = (days * 24 + hour) * 60 + minute - offset
        return Int64((minutes * 60 + second) * 1000 + milliseconds)
    }

    /// The fraction in milliseconds; 0 without one.
    private mutating func fraction() -> Int? {
        guard take(".") else { return 0 }
        let digits = rest.prefix(while: isDigit)
        rest = rest[digits.endIndex...]
        guard !digits.isEmpty else { return nil }
        return digits.prefix(3).reduce((sum: 0, weight: 100)) { result, digit in
            (result.sum + Int(digit - UInt8(ascii: "0")) * result.weight, result.weight / 10)
        }.sum
    }

    /// Offset of local time from UTC.
    private mutating func offsetMinutes() -> Int? {
        if take("Zz") { return 0 }
        let isBehind = rest.first == UInt8(ascii: "-")
        guard take("+-"), let hours = number(digits: 2, in: 0...23), take(":"),
            let minutes = number(digits: 2, in: 0...59)
        else { return nil }
        return (isBehind ? -1 : 1) * (hours * 60 + minutes)
    }

    private mutating func number(digits count: Int, in range: ClosedRange<Int>) -> Int? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy(isDigit) else { return nil }
        let number = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        guard range.contains(number) else { return nil }
        rest = rest.dropFirst(count)
        return number
    }

    /// Consumes the next character if it is one of these.
    private mutating func take(_ characters: String) -> Bool {
        guard let next = rest.first, characters.utf8.contains(next) else { return false }
        rest = rest.dropFirst()
        return true
    }
}

private func isLeap(_ year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

private func dayCount(month: Int, year: Int) -> Int {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
}

/// In the proleptic Gregorian calendar.
private func daysSince1970(day: Int, month: Int, year: Int) -> Int {
    // Leap years before this one, since year 0.
    let leapYears = (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400
    let months = (1..<month).reduce(0) { $0 + dayCount(month: $1, year: year) }
    return year * 365 + leapYears + months + day - 1 - 719_528
}
