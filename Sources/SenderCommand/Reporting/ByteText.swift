// Text as bytes, without a string per line.
// SPDX-License-Identifier: Apache-2.0

extension [UInt8] {
    mutating func append(_ text: String) {
        append(contentsOf: text.utf8)
    }

    mutating func appendLine(_ text: String) {
        append(contentsOf: text.utf8)
        append(UInt8(ascii: "\n"))
    }

    /// Appends a decimal number without an allocation.
    mutating func append(decimal number: Int) {
        var rest = number.magnitude
        if number < 0 { append(UInt8(ascii: "-")) }
        var low = count
        repeat {
            append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        // Reverses the digits in place: a slice's reverse() would copy the whole array.
        var high = count - 1
        while low < high {
            swapAt(low, high)
            low += 1
            high -= 1
        }
    }
}
