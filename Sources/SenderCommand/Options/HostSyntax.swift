// The syntax of hosts in URLs.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender

/// Whether it is an IPv6 address, with or without a zone (RFC 6874).
func isIPv6(_ text: String) -> Bool {
    let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2, parts[1].isEmpty || !parts[1].utf8.allSatisfy(isHostByte) { return false }
    var address = in6_addr()
    return inet_pton(AF_INET6, String(parts[0]), &address) == 1
}

/// Whether it is a valid host name.
func isHostName(_ text: Substring) -> Bool {
    (1...255).contains(text.utf8.count) && text.utf8.allSatisfy(isHostByte)
}

/// Whether it is a valid host name, or an IP address without brackets.
func isHost(_ text: String) -> Bool {
    isHostName(text[...]) || text.utf8.count <= 255 && isIPv6(text)
}

/// A host in the form of a URL: an IPv6 address in brackets.
func hostInURL(_ host: String) -> String {
    host.contains(":") ? "[\(host)]" : host
}

extension Endpoint {
    /// Host and port in the form of a URL.
    var inURL: String { "\(hostInURL(host)):\(port)" }
}

/// Whether a host name may contain this byte.
func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
        true
    default:
        isDigit(byte)
    }
}

/// Whether this byte is a decimal digit.
func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

/// The value of a hexadecimal digit; nil for other bytes.
func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
