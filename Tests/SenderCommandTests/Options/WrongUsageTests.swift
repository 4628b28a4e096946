// Every error for wrong usage.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender
import Testing

@testable import SenderCommand

@Suite struct WrongUsageTests {
    /// The sentence for a command line; nil when nothing is wrong with it.
    func sentence(_ arguments: [String]) -> String? {
        do throws(UsageError) {
            _ = try parseArguments(arguments)
            return nil
        } catch {
            return error.sentence
        }
    }

    private static let wrongUsages: [([String], String)] = [
        (
            [],
            "--address is missing: say where to, as in -a amqp://host/address, or in the environment "
                + "variable SENDER_ADDRESS"
        ),
        (["-m"], "-m needs a value: give it as -m COUNT"),
        (["--user"], "--user needs a value: give it as --user USER"),
        (["--quiet=5"], #"--quiet takes no value, but "5" was given: leave it out"#),
        (
            ["--help", "zzzz"],
            #"there is no option or topic "zzzz": the topics are options, units, placeholders, words, "#
                + "delivery-guarantee, output, passwords, connect-file, environment, signals, "
                + "exit-status and examples"
        ),
        (
            ["-a", "amqp://h/q", "--check", "--dry-run"],
            "--check and --dry-run contradict each other: give one of them"
        ),
        (
            ["-a", "amqp://h/q", "--content-size=1", "--stdin"],
            "--content-size and --stdin contradict each other: give one of them"
        ),
        (
            ["-a", "amqp://h/q", "--content-size=1", "--body-type=map"],
            "--content-size 1 makes a text: give --body-type string or binary"
        ),
        (
            ["--content-size=129MiB"],
            #"--content-size is "129MiB", but must be a whole number from 0 to 134217728, or as much "#
                + "with k, M, G, KiB, MiB or GiB"
        ),
        (
            ["-a", "amqp://h/q", "--content", "{{sequenc}}"],
            "--content has {{sequenc}}, which is no placeholder: did you mean {{sequence}}? A literal {{ "
                + "is written as {{{{"
        ),
        (
            ["-a", "amqp://h/q", "--subject", "{{x}}"],
            "--subject has {{x}}, but the placeholders are {{sequence}}, {{time}}, {{uuid}}, "
                + "{{run-id}} and {{address}}; a literal {{ is written as {{{{"
        ),
        (
            ["-a", "amqp://h/q", "-a", "amqp://h/r", "--stdin", "--subject={{address}}"],
            "{{address}} has no value where each message goes to several addresses: leave it out"
        ),
        (["--help=tll"], #"there is no option or topic "tll": did you mean ttl?"#),
        (["-h", "Word"], #"there is no option or topic "Word": did you mean words?"#),
        (["--quiet="], #"--quiet takes no value, but "" was given: leave it out"#),
        (["--mesages"], "unknown option --mesages: did you mean --messages?"),
        (["--nondurable"], "unknown option --nondurable: did you mean --non-durable?"),
        (["--mess=5"], "unknown option --mess: did you mean --messages?"),
        (
            ["-a", "amqp://h/q", "--stdin", "--json"],
            "--stdin and --json contradict each other: give one of them"
        ),
        (
            ["-a", "amqp://h/q", "--content=x", "--stdin", "--json"],
            "--content and --stdin contradict each other: give one of them"
        ),
        (
            ["-a", "amqp://h/q", "--content=x", "--content-file=y"],
            "--content and --content-file contradict each other: give one of them"
        ),
        (
            ["-a", "amqp://h/q", "--content=x", "--delimiter=,"],
            "--delimiter has no effect without --stdin or --json: add one"
        ),
        (
            ["-a", "amqp://h/q", "--max-line-bytes=5"],
            "--max-line-bytes has no effect without --stdin or --json: add one"
        ),
        (
            ["-a", "amqp://h/q", "--body-type=map"],
            "--body-type has no effect without --content, --content-file, --content-size or --stdin: add "
                + "one of them"
        ),
        (
            ["-a", "amqp://h/q", "--json", "--body-type=map"],
            #"--body-type has no effect with --json: give "body_type" in the line"#
        ),
        (
            ["--stdin", "--body-type=json"],
            #"--body-type is "json", but must be string, binary, map or value"#
        ),
        (
            ["--stdin", "--delimiter="],
            #"--delimiter is "", but must be 1 to 64 bytes of text, in which \n, \t, \r, \0, \\, and \x "#
                + "with two hexadecimal digits, stand for a byte"
        ),
        (
            ["-a", "amqp://h/q", "--stdin", "--allow-any-body-file"],
            "--allow-any-body-file has no effect without --json: add that"
        ),
        (
            ["--stdin", "--max-line-bytes=0"],
            #"--max-line-bytes is "0", but must be a whole number from 1 to 16777216, or as much with "#
                + "k, M, G, KiB, MiB or GiB"
        ),
        (["--content-file="], #"--content-file is "", but must be the path of a file"#),
        (
            ["-a", "amqp://h/q", "--on-bad-data=skip"],
            "--on-bad-data has no effect without --stdin or --json: add one"
        ),
        (
            ["-a", "amqp://h/q", "--stdin", "--on-bad-data=keep"],
            "--on-bad-data keep needs a file to keep bad lines in: add --rejected-file FILE"
        ),
        (
            ["--stdin", "--on-bad-data=drop"],
            #"--on-bad-data is "drop", but must be stop, skip or keep"#
        ),
        (["--xyzzy"], "unknown option --xyzzy: see sender --help"),
        (["--=5"], "unknown option --: see sender --help"),
        (["-M5"], "unknown option -M: did you mean -m?"),
        (["-x"], "unknown option -x: see sender --help"),
        (["-qx"], "unknown option -x: see sender --help"),
        (["-\u{1b}"], #"unknown option -\u{1b}: see sender --help"#),
        (
            ["foo"],
            #"unexpected argument "foo": sender takes only options, see sender --help"#
        ),
        (
            ["--", "-q"],
            #"unexpected argument "-q": sender takes only options, see sender --help"#
        ),
        (
            ["-p", "my", "s3cret"],
            "unexpected argument, not shown as it may belong to the password: put a password with "
                + "spaces in quotes; sender takes only options, see sender --help"
        ),
        (
            ["--durable", "--non-durable"],
            "--durable and --non-durable contradict each other: give one of them"
        ),
        (
            ["--non-durable", "--durable"],
            "--non-durable and --durable contradict each other: give one of them"
        ),
        (
            ["-a", "amqp://h/q", "--address", "amqp://h/q"],
            #"--address "amqp://h/q" is given twice: --links opens several links to an address"#
        ),
        (
            ["-a", "amqp://u:secret@h/q", "-a", "amqps://u:secret@h/r"],
            #"--address "amqps://h/r" has another scheme, host or port than "amqp://h/q": "#
                + "a run has one connection, so run sender for each"
        ),
        (
            ["-a", "amqp://localhost/q", "-a", "amqp://u:secret@localhost/r"],
            #"--address "amqp://localhost/r" has another user or password than the first one: "#
                + "leave them out, all addresses share a connection"
        ),
        (
            ["-a", "amqp://h/q", "--links=0"],
            #"--links is "0", but must be a whole number from 1 to 1000, or as much with k or M"#
        ),
        (
            ["-a", "amqp://h/q", "--capability=none", "--capability=topic"],
            "--capability none contradicts another --capability: give one or the other"
        ),
        (
            ["-a", "amqp://h/q", "--pre-settled", "--redeliveries=3"],
            "--redeliveries has no effect with --pre-settled, where no message comes back: "
                + "leave one of them out"
        ),
        (
            ["--stats=0"],
            #"--stats is "0", but must be a whole number from 1 to 2147483647, or as much with "#
                + "ms, s, m or h"
        ),
        (["--log-format=xml"], #"--log-format is "xml", but must be text or json"#),
        (["--events="], #"--events is "", but must be the path of a file"#),
        (
            ["-a", "amqp://h/q", "--progress", "--log-format=json"],
            "--progress draws a line for a person, --log-format json is for a program: give one of "
                + "them, or --stats"
        ),
        (
            ["--capability="],
            #"--capability is "", but must be a name of visible ASCII characters"#
        ),
        (
            ["--capability=a b"],
            #"--capability is "a b", but must be a name of visible ASCII characters"#
        ),
        (
            ["--target-durability=all"],
            #"--target-durability is "all", but must be none, configuration or unsettled-state"#
        ),
        (
            ["-a", "amqp://h/q", "-p", "secret"],
            "a password is given without a user: add --user USER"
        ),
        (
            ["-p", "sec\nret"],
            "-p must not hold control characters such as a line's end"
        ),
        (
            ["--user=a\u{0}b"],
            "--user must not hold control characters such as a line's end"
        ),
        (
            ["-a", "amqp://h/q", "--max-retry-interval=1999"],
            "--max-retry-interval is 1999, but must be at least the 2000 "
                + "of --sender-retry-interval"
        ),
        (
            ["-a", "amqp://h/q", "-s", "70", "--max-retry-interval=69"],
            "--max-retry-interval is 69, but must be at least the 70 of --sender-retry-interval"
        ),
        (
            ["--retry-multiplier=0.9"],
            #"--retry-multiplier is "0.9", but must be a number from 1 to 1000"#
        ),
        (
            ["--retry-jitter=1.01"], #"--retry-jitter is "1.01", but must be a number from 0 to 1"#
        ),
        (
            ["-a", "amqp://h/q", "--failover=amqp://u:secret@x/r"],
            #"--failover "amqp://x/r" has another address than --address: "#
                + "leave it out, all routers lead to the same addresses"
        ),
        (
            ["-a", "amqp://h/q", "--failover=x"],
            #"the URL of --failover "x" is wrong: it must have the form amqp://host[:port]"#
        ),
        (
            ["-a", "amqp://h/q", "--failover=amqp://:secret@x"],
            "a password is given without a user: add --user USER"
        ),
        (
            ["-a", "amqp://h/q", "--fatal=qd:a", "--retryable=qd:b", "--retryable=qd:a"],
            #""qd:a" is given to --fatal and to --retryable: give it to one of them"#
        ),
        (["--fatal="], #"--fatal is "", but must be a name of visible ASCII characters"#),
        (
            ["--retryable=a b"],
            #"--retryable is "a b", but must be a name of visible ASCII characters"#
        ),
        (
            ["--duplicate-id="],
            #"--duplicate-id is "", but must be 1 to 255 printable ASCII characters"#
        ),
        (
            ["--duplicate-id", "name"],
            #"unexpected argument "name": sender takes only options, see sender --help"#
        ),
        (
            ["-a", "amqp://h/q", "--run-id=r"],
            "--run-id has no effect without --duplicate-id or {{run-id}}: add one of them"
        ),
        (
            ["--run-id=\u{e9}"],
            "--run-id is \"\u{e9}\", but must be 1 to 128 printable ASCII characters"
        ),
        (["--journal="], #"--journal is "", but must be the path of a file"#),
        (["--rejected-file="], #"--rejected-file is "", but must be the path of a file"#),
        (["-q", "--user=\u{fffd}"], "argument 2 is not valid UTF-8: give it in that encoding"),
    ]

    @Test("wrong usage is one sentence", arguments: wrongUsages)
    func wrongUsage(_ arguments: [String], _ expected: String) {
        #expect(sentence(arguments) == expected)
    }

    private static let ranges: [(String?, String, Int, Int, Quantity)] = [
        ("-m", "--messages", 0, 1_000_000_000_000, .count),
        ("-i", "--interval", 0, 2_147_483_647, .time),
        ("-b", "--burst", 1, 1_000_000, .count),
        ("-s", "--sender-retry-interval", 1, 2_147_483_647, .time),
        (nil, "--max-retry-interval", 1, 2_147_483_647, .time),
        (nil, "--retry-attempts", -1, 1_000_000_000, .count),
        (nil, "--redeliveries", -1, 1_000_000_000, .count),
        (nil, "--window", 1, 16_777_216, .count),
        (nil, "--window-bytes", 0, 1_099_511_627_776, .size),
        (nil, "--open-timeout", 0, 2_147_483_647, .time),
        (nil, "--idle-timeout", 0, 2_147_483_647, .time),
        (nil, "--outcome-timeout", 0, 2_147_483_647, .time),
        (nil, "--credit-notice", 0, 2_147_483_647, .time),
        (nil, "--credit-timeout", 0, 2_147_483_647, .time),
        (nil, "--drain-timeout", 0, 2_147_483_647, .time),
    ]

    @Test("a number must be one, and in range", arguments: ranges)
    func numbers(
        _ short: String?, _ long: String, _ low: Int, _ high: Int, _ quantity: Quantity
    ) {
        // Small enough for every longest wait.
        let url = ["-a", "amqp://h/q", "-s1"]
        for right in [low, high] {
            if let short { #expect(sentence(url + [short, "\(right)"]) == nil) }
            #expect(sentence(url + ["\(long)=\(right)"]) == nil)
        }
        let wrong = [
            "\(low - 1)", "\(high + 1)", "-5", "", " 5", "5 ", "1e3", "0x10", "1.5", "five", "٥",
            "9223372036854775807", "9223372036854775808", "-99999999999999999999",
            String(repeating: "9", count: 100),
        ]
        for unit in ["x", "sec", "S", "d", "B", "kB", "MB"] {
            #expect(
                sentence(url + ["\(long)=5\(unit)"])
                    == "\(long) is \"5\(unit)\", but \"\(unit)\" is not a unit here: give "
                    + "\(quantity.unitNames), or none")
        }
        for text in wrong {
            for (name, arguments) in [
                (short ?? long, [short ?? long, text]), (long, ["\(long)=\(text)"]),
            ] {
                #expect(
                    sentence(url + arguments)
                        == "\(name) is \"\(text)\", but must be a whole number "
                        + "from \(low) to \(high), or as much with \(quantity.unitNames)")
            }
        }
    }

    @Test(
        "a decimal number must be one, and in range",
        arguments: [
            ("--retry-multiplier", ["1", "1.0", "01.50", "1000"], "a number from 1 to 1000"),
            ("--retry-jitter", ["0", "0.5", ".5", "1", "1.000"], "a number from 0 to 1"),
        ])
    func decimalNumbers(_ long: String, _ right: [String], _ words: String) {
        for text in right { #expect(sentence(["-a", "amqp://h/q", "\(long)=\(text)"]) == nil) }
        let wrong = [
            "", ".", "1..0", "-1", "-0", "+1", "1e0", "0x1", "1,0", " 1", "1 ", "nan", "inf",
            "infinity", "١", "1000.001", String(repeating: "9", count: 400),
        ]
        for text in wrong {
            #expect(
                sentence(["\(long)=\(text)"])
                    == "\(long) is \(quoted(text)), but must be \(words)")
        }
    }

    @Test(
        "an ID is printable ASCII of bounded length",
        arguments: [("--run-id", 128), ("--duplicate-id", 255)])
    func ids(_ long: String, _ countMax: Int) {
        let others = ["-a", "amqp://h/q", "--duplicate-id"]
        for text in [" ", "~", String(repeating: "x", count: countMax)] {
            #expect(sentence(others + ["\(long)=\(text)"]) == nil)
        }
        for text in ["", "\u{7f}", "\t", "é", String(repeating: "x", count: countMax + 1)] {
            #expect(sentence(others + ["\(long)=\(text)"])?.hasPrefix("\(long) is ") == true)
        }
    }

    @Test("a sentence shows long and strange values in a printable form")
    func printableValues() throws {
        let text = try #require(
            sentence(["-m", "\u{1b}[2J\n" + String(repeating: "x", count: 9999)]))
        #expect(text.utf8.count < 300)
        #expect(text.hasPrefix(#"-m is "\u{1b}[2J\nxxx"#))
        #expect(!text.hasControlCharacter)
    }

    @Test(
        "no sentence has the password",
        arguments: [
            ["-a", "amqp://bo:secret@/q"], ["-a", "http://bo:secret@h/q"], ["-a", "bo:secret@h/q"],
            ["-a", "amqp://bo:sec/secret@h/q"], ["-a", "amqp://bo:secret%zz@h/q"],
            ["-a", "amqp://bo:secret@h:0/q"], ["-a", "amqp://bo:secret\n@h/q"],
            ["amqp://bo:secret@h/q"], ["-p", "secret\n"], ["-p", "secret", "-a", "amqp://h/q"],
            ["--pasword=secret"], ["--failover=amqp://bo:secret@h:0"],
            ["-a", "amqp://h/q", "--failover=amqp://bo:secret@h/r"],
        ])
    func secrets(_ arguments: [String]) throws {
        let text = try #require(sentence(arguments))
        #expect(!text.contains("secret"))
    }
}
