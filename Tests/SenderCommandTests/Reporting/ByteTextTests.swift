// Text that is written as bytes.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SenderCommand

@Suite struct ByteTextTests {
    @Test(
        "numbers are written in decimal",
        arguments: [0, 1, 9, 10, 11, 123, 1234, 99_999, 100_000, Int.max, -1, -120, Int.min])
    func decimals(_ number: Int) {
        var bytes = Array("x".utf8)
        bytes.append(decimal: number)
        #expect(String(decoding: bytes, as: UTF8.self) == "x\(number)")
    }
}
