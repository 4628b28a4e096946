// Numbers with units.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SenderCommand

@Suite struct QuantityTests {
    private func value(_ text: String, _ quantity: Quantity) -> Int64? {
        try? quantity.value(of: text)
    }

    private static let right: [(String, Quantity, Int64)] = [
        ("0", .time, 0), ("-1", .count, -1), ("007", .plain, 7), ("5ms", .time, 5),
        ("5s", .time, 5000), ("2m", .time, 120_000), ("24h", .time, 86_400_000),
        ("1.5s", .time, 1500), ("0.001s", .time, 1), ("0.1m", .time, 6000),
        ("1.000000000s", .time, 1000), ("3k", .count, 3000), ("1.2M", .count, 1_200_000),
        ("1k", .size, 1000), ("1KiB", .size, 1024), ("1.5KiB", .size, 1536),
        ("16MiB", .size, 16 << 20), ("2M", .size, 2_000_000), ("4G", .size, 4_000_000_000),
        ("1GiB", .size, 1 << 30), ("0.5GiB", .size, 1 << 29),
        ("9223372036854775807", .size, .max), ("9223372036854775807ms", .time, .max),
    ]

    @Test("a number may have a unit", arguments: right)
    func units(_ text: String, _ quantity: Quantity, _ expected: Int64) {
        #expect(value(text, quantity) == expected)
    }

    @Test(
        "what is no whole number of milliseconds, bytes or messages is none",
        arguments: [
            "", "s", ".5s", "1.s", "1.5", "0.0001s", "1.0000000000s", "1 s", "1s ", "1_000", "-5s",
            "+5s", "1e3", "0x10", "٥s", "5µs", "5s5", "1.5.5s", "9223372036854775807s",
            "9223372036854775.808s", "99999999999999999999s", "--5s",
        ])
    func noNumber(text: String) {
        #expect(throws: Quantity.Mistake.isNoNumber) { try Quantity.time.value(of: text) }
    }

    @Test("a unit of something else, or with other capitals, is unknown")
    func unknownUnits() {
        for (text, quantity, unit) in [
            ("5M", Quantity.time, "M"), ("5k", .time, "k"), ("5s", .size, "s"), ("5K", .size, "K"),
            ("5kib", .size, "kib"), ("5MB", .size, "MB"), ("5G", .count, "G"), ("1.5d", .time, "d"),
        ] {
            #expect(throws: Quantity.Mistake.unitIsUnknown(unit)) { try quantity.value(of: text) }
        }
        #expect(throws: Quantity.Mistake.isNoNumber) { try Quantity.plain.value(of: "5k") }
    }
}
