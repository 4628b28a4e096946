// The syntax of hosts in URLs.
// SPDX-License-Identifier: Apache-2.0

/// Whether it is an IPv6 address (RFC 4291 §2.2), with or without a zone (RFC 6874).
func isIPv6(_ text: String) -> Bool {
    let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2, parts[1].isEmpty || !parts[1].utf8.allSatisfy(isHostByte) { return false }
    let address = Array(parts[0].utf8)
    let colon = UInt8(ascii: ":")
    let gap = address.indices.dropLast().first { address[$0] == colon && address[$0 + 1] == colon }
    guard let gap else { return groupCount(address[...], endsAddress: true) == 8 }
    // The gap stands for one group at least.
    guard let head = groupCount(address[..<gap], endsAddress: false),
        let tail = groupCount(address[(gap + 2)...], endsAddress: true)
    else { return false }
    return head + tail < 8
}

/// Returns the number of 16-bit groups in a part of an IPv6 address; nil when it is none.
private func groupCount(_ part: ArraySlice<UInt8>, endsAddress: Bool) -> Int? {
    guard !part.isEmpty else { return 0 }
    let groups = part.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    let endsInIPv4 = endsAddress && groups.last.map(isIPv4) == true
    for group in endsInIPv4 ? groups.dropLast() : groups[...] {
        guard (1...4).contains(group.count), group.allSatisfy({ hexValue($0) != nil }) else {
            return nil
        }
    }
    return groups.count + (endsInIPv4 ? 1 : 0)
}

private func isIPv4(_ text: ArraySlice<UInt8>) -> Bool {
    let numbers = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return numbers.count == 4
        && numbers.allSatisfy { number in
            // A leading zero would be octal for some.
            (1...3).contains(number.count) && number.allSatisfy(isDigit)
                && (number.count == 1 || number.first != UInt8(ascii: "0"))
                && number.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } <= 255
        }
}

/// Whether it is a valid host name.
func isHostName(_ text: Substring) -> Bool {
    (1...255).contains(text.utf8.count) && text.utf8.allSatisfy(isHostByte)
}

/// Whether it is a valid host name, or an IP address without brackets.
package func isHost(_ text: String) -> Bool {
    isHostName(text[...]) || text.utf8.count <= 255 && isIPv6(text)
}

/// A host in the form of a URL: an IPv6 address in brackets.
func hostInURL(_ host: String) -> String {
    host.contains(":") ? "[\(host)]" : host
}

/// Whether a host name may contain this byte.
private func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
        true
    default:
        isDigit(byte)
    }
}

/// Whether this byte is a decimal digit.
package func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

/// The value of a hexadecimal digit; nil for other bytes.
package func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}

extension String {
    /// Whether it contains control characters: they could drive a terminal, or end a line or a C
    /// string.
    package var hasControlCharacter: Bool {
        // U+0000 to U+001F, and U+007F to U+009F, of which all but the first are two bytes from C2 on.
        var last: UInt8 = 0
        for byte in utf8 {
            if byte < 0x20 || byte == 0x7F || last == 0xC2 && byte < 0xA0 { return true }
            last = byte
        }
        return false
    }
}
