// Base64 (RFC 4648 §4).
// SPDX-License-Identifier: Apache-2.0

/// Base64 with padding, as SCRAM has it: nothing else is accepted.
enum Base64 {
    private static let digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let pad = UInt8(ascii: "=")

    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            bits <<= 8 * UInt32(3 - group.count)
            for index in 0..<4 {
                let digit = digits[Int(bits >> UInt32(18 - 6 * index) & 0x3F)]
                text.append(index <= group.count ? digit : pad)
            }
        }
        return text
    }

    /// nil for anything that ``encode(_:)`` would not give.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        let text = Array(text)
        guard text.count.isMultiple(of: 4) else { return nil }
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: text.count, by: 4) {
            var bits: UInt32 = 0
            var padCount = 0
            for byte in text[start..<(start + 4)] {
                let digit = digits.firstIndex(of: byte)
                guard digit != nil && padCount == 0 || byte == pad else { return nil }
                padCount += digit == nil ? 1 : 0
                bits = bits << 6 | UInt32(digit ?? 0)
            }
            guard padCount <= 2 else { return nil }
            for index in 0..<(3 - padCount) {
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(16 - 8 * index)))
            }
        }
        return encode(bytes) == text ? bytes : nil
    }
}
