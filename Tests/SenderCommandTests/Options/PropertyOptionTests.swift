// The options of message properties, and their errors.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender
import Testing

@testable import SenderCommand

extension OptionCase {
    static let properties: [OptionCase] = [
        OptionCase("--ttl=1.5h") { $0.prototype.timeToLive == 5_400_000 },
        OptionCase("--ttl=1") { $0.prototype.timeToLive == 1 },
        OptionCase("--ttl=4294967295") { $0.prototype.timeToLive == .max },
        OptionCase("--priority=0") { $0.prototype.priority == 0 },
        OptionCase("--priority", "255") { $0.prototype.priority == 255 },
        OptionCase("--subject", "a b") { $0.prototype.subject == "a b" },
        OptionCase("--to=é") { $0.prototype.to == "é" },
        OptionCase("--reply-to=q") { $0.prototype.replyTo == "q" },
        OptionCase("--correlation-id=7") { $0.prototype.correlationID == .string("7") },
        OptionCase("--content-type=text/plain; charset=utf-8") {
            $0.prototype.contentType == "text/plain; charset=utf-8"
        },
        OptionCase("--group-id=g") { $0.prototype.groupID == "g" },
        OptionCase("--property", "a=b", "--property=c:int=-1", "--property=d:x:string==") {
            $0.prototype.applicationProperties == [
                MapEntry(key: "a", value: .string("b")), MapEntry(key: "c", value: .int(-1)),
                MapEntry(key: "d:x", value: .string("=")),
            ]
        },
        OptionCase("--property=when:timestamp=1970-01-01T00:00:01Z") {
            $0.prototype.applicationProperties == [
                MapEntry(key: "when", value: .timestamp(milliseconds: 1000))
            ]
        },
        OptionCase("--annotation=x-opt-a:symbol=b", "--annotation", "x-opt-c=") {
            $0.prototype.annotations == [
                MapEntry(symbol: "x-opt-a", value: .symbol("b")),
                MapEntry(symbol: "x-opt-c", value: .string("")),
            ]
        },
        OptionCase("--property=a:ulong=18446744073709551615", "--property=b:binary=AP8=") {
            $0.prototype.applicationProperties == [
                MapEntry(key: "a", value: .ulong(.max)),
                MapEntry(key: "b", value: .binary([0, 0xFF])),
            ]
        },
        OptionCase("--annotation=x-opt-a:ulong=1", "--annotation=x-opt-b:binary=AP8=") {
            $0.prototype.annotations == [
                MapEntry(symbol: "x-opt-a", value: .ulong(1)),
                MapEntry(symbol: "x-opt-b", value: .binary([0, 0xFF])),
            ]
        },
        // A property may have the key of an annotation; é in its two ways is two keys.
        OptionCase(
            "--property=a=b", "--annotation=a=b", "--property=\u{e9}=", "--property=e\u{301}="
        ) {
            $0.prototype.applicationProperties.count == 3 && $0.prototype.annotations.count == 1
        },
        OptionCase("--property=k=\u{301}x=") {
            $0.prototype.applicationProperties == [
                MapEntry(key: "k", value: .string("\u{301}x="))
            ]
        },
        OptionCase("--duplicate-id=a", "--annotation=a=b") {
            $0.prototype.annotations.count == 1
        },
    ]
}

@Suite struct PropertyOptionTests {
    private func sentence(_ arguments: [String]) -> String? {
        do throws(UsageError) {
            _ = try parseArguments(["-a", "amqp://h/q"] + arguments)
            return nil
        } catch {
            return error.sentence
        }
    }

    @Test("without options a message has no properties")
    func noOptions() throws {
        var message = Message()
        message.isDurable = true
        #expect(try run().prototype == message)
    }

    private static let wrongValues: [(String, String, [String])] = [
        (
            "--ttl", "a whole number from 1 to 4294967295, or as much with ms, s, m or h",
            ["0", "4294967296", "-1", "1.5", ""]
        ),
        ("--priority", "a whole number from 0 to 255", ["-1", "256", "high"]),
        ("--subject", "at least one character", [""]),
        ("--to", "at least one character", [""]),
        ("--reply-to", "at least one character", [""]),
        ("--correlation-id", "at least one character", [""]),
        ("--group-id", "at least one character", [""]),
        ("--content-type", "1 to 255 printable ASCII characters", ["", "é", "a\nb"]),
        ("--property", "KEY=VALUE or KEY:TYPE=VALUE", ["", "a", "=", "=b"]),
        ("--annotation", "KEY=VALUE or KEY:TYPE=VALUE", ["a:int", "=b"]),
    ]

    @Test("a value must fit its type", arguments: wrongValues)
    func wrongValue(_ option: String, _ right: String, _ wrong: [String]) {
        for text in wrong {
            #expect(
                sentence([option, text])
                    == "\(option) is \(quoted(text)), but must be \(right)")
        }
    }

    private static let wrongUsages: [([String], String)] = [
        (
            ["--property=a:integer=5"],
            #"--property is "a:integer=5", but "integer" is no type: give string, int, long, "#
                + "ulong, double, bool, symbol, uuid, timestamp or binary, also behind a key that has a colon "
                + #"itself, as in "a:integer:string""#
        ),
        (["--annotation=:int=5"], #"--annotation is ":int=5", but has no key"#),
        (
            ["--property=a:int=five"],
            #"the value of --property "a" is "five", but of the type int must be "#
                + "a whole number from -2147483648 to 2147483647"
        ),
        (
            ["--annotation=b:uuid="],
            #"the value of --annotation "b" is "", but of the type uuid must be "#
                + "hexadecimal digits in groups of 8-4-4-4-12"
        ),
        (
            ["--property=t:timestamp=now"],
            #"the value of --property "t" is "now", but of the type timestamp must be "#
                + "milliseconds since 1970 or a time such as 2026-01-31T23:59:59.5Z"
        ),
        (
            ["--property=b:binary=abc"],
            #"the value of --property "b" is "abc", but of the type binary must be "#
                + "base64 such as 3q2+7w=="
        ),
        (
            ["--annotation=é=1"],
            #"the key of --annotation is "é", but must be printable ASCII characters"#
        ),
        (
            ["--property=a=1", "--property", "a:int=1"],
            #"--property "a" is given more than once: give each key once"#
        ),
        (
            ["--annotation=a=1", "--annotation=b=1", "--annotation=a=1"],
            #"--annotation "a" is given more than once: give each key once"#
        ),
        (
            ["--duplicate-id", "--property=_AMQ_DUPL_ID=1"],
            #"--property "_AMQ_DUPL_ID" is what --duplicate-id gives each message: "#
                + "leave one of them out, or give --duplicate-id another name"
        ),
        (
            ["--property=id:int=1", "--duplicate-id=id"],
            #"--property "id" is what --duplicate-id gives each message: "#
                + "leave one of them out, or give --duplicate-id another name"
        ),
    ]

    @Test("wrong usage is one sentence", arguments: wrongUsages)
    func wrongUsage(_ arguments: [String], _ expected: String) {
        #expect(sentence(arguments) == expected)
    }

    @Test("a message that can't be encoded is one sentence")
    func unencodable() throws {
        var given = CommandOptions()
        given.addresses = [try GivenAddress("amqp://h/q")]
        // Each key and each value counts, and so does the property of --duplicate-id.
        func entries(_ count: Int) -> [MapEntry] {
            (0..<count).map { MapEntry(key: "\($0)", value: .bool(true)) }
        }
        given.prototype.applicationProperties = entries(40_000)
        #expect {
            try RunOptions(given)
        } throws: {
            let sentence = ($0 as? UsageError)?.sentence ?? ""
            return sentence.hasPrefix("the message properties can't be sent: ")
                && !sentence.hasControlCharacter
        }
        given.prototype.applicationProperties = entries(30_000)
        #expect(try RunOptions(given).prototype == given.prototype)
    }

    @Test("the help names every type")
    func types() {
        for type in ValueType.allCases {
            #expect(CommandOption.property.details.contains(type.rawValue))
        }
    }
}
