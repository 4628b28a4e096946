// Keys with types, and the parsing of their values.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender
import Testing

@testable import SenderCommand

@Suite struct TypedKeyTests {
    @Test(
        "the type is behind the last colon",
        arguments: [
            ("a", "a", ValueType.string), ("a:int", "a", .int), ("a:b:uuid", "a:b", .uuid),
            ("a b.c/é", "a b.c/é", .string), ("urn:x:string", "urn:x", .string),
            ("::long", ":", .long), ("a::bool", "a:", .bool), (" :symbol", " ", .symbol),
        ])
    func colon(_ text: String, _ name: String, _ type: ValueType) throws {
        let key = try TypedKey(text)
        #expect(key.name == name)
        #expect(key.type == type)
    }

    @Test(
        "a key without a name, or with an unknown type, is an error",
        arguments: [
            ("", TypedKey.Mistake.isEmpty), (":int", .isEmpty), ("a:", .typeIsUnknown("")),
            ("a:integer", .typeIsUnknown("integer")), ("a:Int", .typeIsUnknown("Int")),
            ("a:int ", .typeIsUnknown("int ")), ("a:int:b", .typeIsUnknown("b")),
        ])
    func wrongKey(_ text: String, _ mistake: TypedKey.Mistake) {
        #expect(throws: mistake) { try TypedKey(text) }
    }

    @Test(
        "a text stands for a value",
        arguments: [
            (ValueType.string, "", AMQPValue.string("")), (.string, "1", .string("1")),
            (.int, "-2147483648", .int(.min)), (.int, "2147483647", .int(.max)),
            (.long, "-9223372036854775808", .long(.min)),
            (.long, "2147483648", .long(2_147_483_648)),
            (.ulong, "0", .ulong(0)), (.ulong, "18446744073709551615", .ulong(.max)),
            (.binary, "", .binary([])), (.binary, "3q2+7w==", .binary([0xDE, 0xAD, 0xBE, 0xEF])),
            (.double, "1", .double(1)), (.double, "-1.5", .double(-1.5)),
            (.double, "2e9", .double(2e9)), (.double, "-Infinity", .double(-.infinity)),
            (.double, "1E-3", .double(0.001)), (.bool, "true", .bool(true)),
            (.bool, "false", .bool(false)), (.symbol, "a b", .symbol("a b")),
            (
                .uuid, "00112233-4455-6677-8899-AAbbCCddEEff",
                .uuid(AMQPUUID(high: 0x0011_2233_4455_6677, low: 0x8899_aabb_ccdd_eeff))
            ),
            (.timestamp, "0", .timestamp(milliseconds: 0)),
            (.timestamp, "-1", .timestamp(milliseconds: -1)),
            (.timestamp, "2026-01-31T23:59:59.5Z", .timestamp(milliseconds: 1_769_903_999_500)),
        ])
    func values(_ type: ValueType, _ text: String, _ value: AMQPValue) {
        #expect(type.value(of: text) == value)
    }

    @Test(
        "another text stands for none",
        arguments: [
            (ValueType.int, ["", "2147483648", "-2147483649", "1.0", "0x1", " 1", "one", "١"]),
            (.long, ["", "9223372036854775808", "1e3", "1 "]),
            (.ulong, ["", "-1", "18446744073709551616", "1.0", "0x1"]),
            (.binary, ["3q2+7w", "3q2-7w==", "=", "3q2+ 7w==", "é"]),
            (
                .double,
                ["", "nan", "inf", "infinity", "0x1p3", "1e999", "-1e999", "1,5", ".", " 1"]
            ),
            (.bool, ["", "True", "1", "yes", "true "]),
            (.symbol, ["é", "a\tb", "\u{7f}"]),
            (
                .uuid,
                [
                    "", "00112233445566778899aabbccddeeff", "00112233-4455-6677-8899-aabbccddeef",
                    "{00112233-4455-6677-8899-aabbccddeeff}",
                    "g0112233-4455-6677-8899-aabbccddeeff",
                ]
            ),
            (.timestamp, ["", "now", "2026-01-31", "1.5", "9223372036854775808"]),
        ])
    func noValue(_ type: ValueType, _ texts: [String]) {
        for text in texts { #expect(type.value(of: text) == nil, "\(text)") }
    }

    @Test("the form that an error shows is one that is read")
    func forms() {
        // The examples in the sentences are right themselves.
        #expect(ValueType.double.value(of: "-1.5") != nil && ValueType.double.form.contains("-1.5"))
        #expect(ValueType.binary.value(of: "3q2+7w==") != nil)
        #expect(ValueType.binary.form.contains("3q2+7w=="))
        let moment = "2026-01-31T23:59:59.5Z"
        #expect(ValueType.timestamp.value(of: moment) != nil)
        #expect(ValueType.timestamp.form.contains(moment))
    }
}

@Suite struct RFC3339Tests {
    @Test(
        "a moment is read",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.001Z", 1),
            ("1969-12-31T23:59:59.999Z", -1), ("1970-01-01T01:00:00+01:00", 0),
            ("1969-12-31T18:30:00-05:30", 0), ("1970-01-01t00:00:00z", 0),
            ("1970-01-01 00:00:00Z", 0), ("1970-01-01T00:00:00.0019Z", 1),
            ("1970-01-01T00:00:00.123456789Z", 123), ("1970-01-01T00:00:00.1Z", 100),
            ("2000-02-29T12:00:00Z", 951_825_600_000), ("2000-03-01T00:00:00Z", 951_868_800_000),
            ("2024-12-31T23:59:60Z", 1_735_689_600_000),
            ("2038-01-19T03:14:08Z", 2_147_483_648_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000),
            ("1900-03-01T00:00:00Z", -2_203_891_200_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ])
    func moment(_ text: String, _ milliseconds: Int64) {
        #expect(millisecondsSince1970(rfc3339: text) == milliseconds)
    }

    static let noMoments = [
        "", "2026-01-31", "2026-01-31T10:00Z", "2026-01-31T10:00:00", "2026-02-29T10:00:00Z",
        "1900-02-29T10:00:00Z", "2026-04-31T10:00:00Z", "2026-00-01T10:00:00Z",
        "2026-13-01T10:00:00Z", "2026-01-00T10:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T10:60:00Z", "2026-01-01T10:00:61Z", "2026-01-01T10:00:00.Z",
        "2026-01-01T10:00:00+0100", "2026-01-01T10:00:00+24:00", "2026-01-01T10:00:00Zx",
        "2026-1-01T10:00:00Z", "+026-01-01T10:00:00Z", "20260101T100000Z", "２026-01-01T10:00:00Z",
        "2026-01-01T10:00:00.5", "2026/01/01T10:00:00Z",
    ]

    @Test("a text that is no moment is not read", arguments: noMoments)
    func noMoment(_ text: String) {
        #expect(millisecondsSince1970(rfc3339: text) == nil)
    }
}
