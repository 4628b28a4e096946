// Texts from bytes.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SenderCommand

@Suite struct ValidTextTests {
    /// An edge between the pieces that are looked at.
    private static let edge = 65_536

    private func isValid(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { $0.isValidUTF8 } }

    @Test("a character across an edge is one, wherever it is cut", arguments: ["é", "€", "𝄞"])
    func characters(character: String) {
        for before in (Self.edge - 4)...(Self.edge + 1) {
            let bytes =
                Array(repeating: UInt8(ascii: "x"), count: before) + Array(character.utf8) + [0x79]
            #expect(isValid(bytes))
            #expect(!isValid(Array(bytes.dropLast(2))), "its last byte is missing")
        }
    }

    @Test(
        "bytes that only continue are no text, however many there are",
        arguments: [1, 4, 65_537, 200_000])
    func continuations(count: Int) {
        #expect(!isValid(Array(repeating: 0x80, count: count)))
        #expect(
            !isValid(
                Array(repeating: 0x78, count: Self.edge - 2) + Array(repeating: 0x80, count: count))
        )
    }

    @Test("no bytes, and long texts, are text")
    func plain() {
        #expect(isValid([]))
        #expect(isValid(Array(String(repeating: "aé€𝄞", count: 50_000).utf8)))
    }
}
