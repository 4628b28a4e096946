// The checksum of the journal.
// SPDX-License-Identifier: Apache-2.0

/// CRC-32C (Castagnoli), as iSCSI has it (RFC 3720, appendix B.4).
///
/// It finds every burst of damage up to 32 bits long, so also every flipped bit.
struct CRC32C {
    private var register = UInt32.max

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { rest, _ in
            rest & 1 == 0 ? rest >> 1 : rest >> 1 ^ 0x82F6_3B78
        }
    }

    /// The checksum of all that was added.
    var value: UInt32 { ~register }

    mutating func add(_ bytes: some Sequence<UInt8>) {
        let table = Self.table
        var rest = register
        for byte in bytes {
            rest = rest >> 8 ^ table[Int(UInt8(truncatingIfNeeded: rest) ^ byte)]
        }
        register = rest
    }

    /// Adds a number of eight bytes, lowest first.
    mutating func add(_ number: UInt64) {
        let table = Self.table
        var (rest, number) = (register, number)
        for _ in 0..<8 {
            let index = UInt8(truncatingIfNeeded: rest) ^ UInt8(truncatingIfNeeded: number)
            rest = rest >> 8 ^ table[Int(index)]
            number >>= 8
        }
        register = rest
    }
}
