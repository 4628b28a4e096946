// Every sentence for wrong usage.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import sender

@Suite struct WrongUsageTests {
    /// The sentence for a command line; nil when nothing is wrong with it.
    private func sentence(_ arguments: [String]) -> String? {
        do throws(UsageError) {
            _ = try parseArguments(arguments)
            return nil
        } catch {
            return error.sentence
        }
    }

    @Test(arguments: [
        ([], "--address is missing: say where to, as in -a amqp://host/address"),
        (["-m"], "-m needs a value: give it as -m COUNT"),
        (["--user"], "--user needs a value: give it as --user USER"),
        (["--quiet=5"], #"--quiet takes no value, but "5" was given: leave it out"#),
        (["--help=5"], #"--help takes no value, but "5" was given: leave it out"#),
        (["--quiet="], #"--quiet takes no value, but "" was given: leave it out"#),
        (["--mesages"], "unknown option --mesages: did you mean --messages?"),
        (["--nondurable"], "unknown option --nondurable: did you mean --non-durable?"),
        (["--mess=5"], "unknown option --mess: did you mean --messages?"),
        (["--xyzzy"], "unknown option --xyzzy: see sender --help"),
        (["--=5"], "unknown option --: see sender --help"),
        (["-M5"], "unknown option -M: did you mean -m?"),
        (["-x"], "unknown option -x: see sender --help"),
        (["-qx"], "unknown option -x: see sender --help"),
        (["-\u{1b}"], #"unknown option -\u{1b}: see sender --help"#),
        (
            ["foo"],
            #"unexpected argument "foo": everything is said with options, see sender --help"#
        ),
        (
            ["--", "-q"],
            #"unexpected argument "-q": everything is said with options, see sender --help"#
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
            ["-a", "amqp://h/q", "--address", "amqp://h/r"],
            "--address is given more than once: a run sends to one address"
        ),
        (
            ["-a", "amqp://h/q", "--capability=none", "--capability=topic"],
            "--capability none contradicts another --capability: give one or the other"
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
        (["-q", "--user=\u{fffd}"], "argument 2 is not valid UTF-8: give it in that encoding"),
    ])
    func wrongUsageIsOneSentence(_ arguments: [String], _ expected: String) {
        #expect(sentence(arguments) == expected)
    }

    @Test(arguments: [
        ("-m", "--messages", 0, 1_000_000_000_000),
        ("-i", "--interval", 0, 2_147_483_647),
        ("-b", "--burst", 1, 1_000_000),
        ("-s", "--sender-retry-interval", 1, 2_147_483_647),
    ])
    func aNumberMustBeOneAndInRange(_ short: String, _ long: String, _ low: Int, _ high: Int) {
        let url = ["-a", "amqp://h/q"]
        for right in [low, high] {
            #expect(sentence(url + [short, "\(right)"]) == nil)
            #expect(sentence(url + ["\(long)=\(right)"]) == nil)
        }
        let wrong = [
            "\(low - 1)", "\(high + 1)", "-5", "", " 5", "5 ", "1e3", "0x10", "1.5", "five", "٥",
            "9223372036854775807", "9223372036854775808", "-99999999999999999999",
            String(repeating: "9", count: 100),
        ]
        for text in wrong {
            for arguments in [[short, text], ["\(long)=\(text)"]] {
                let name = arguments.count == 2 ? short : long
                #expect(
                    sentence(url + arguments)
                        == "\(name) is \"\(text)\", but must be a whole number "
                        + "from \(low) to \(high)")
            }
        }
    }

    @Test func aSentenceShowsLongAndStrangeValuesFitToBePrinted() throws {
        let text = try #require(
            sentence(["-m", "\u{1b}[2J\n" + String(repeating: "x", count: 9999)]))
        #expect(text.utf8.count < 300)
        #expect(text.hasPrefix(#"-m is "\u{1b}[2J\nxxx"#))
        #expect(!text.hasControlCharacter)
    }

    @Test(arguments: [
        ["-a", "amqp://bo:secret@/q"], ["-a", "http://bo:secret@h/q"], ["-a", "bo:secret@h/q"],
        ["-a", "amqp://bo:sec/secret@h/q"], ["-a", "amqp://bo:secret%zz@h/q"],
        ["-a", "amqp://bo:secret@h:0/q"], ["-a", "amqp://bo:secret\n@h/q"],
        ["amqp://bo:secret@h/q"], ["-p", "secret\n"], ["-p", "secret", "-a", "amqp://h/q"],
        ["--pasword=secret"],
    ])
    func noSentenceHoldsThePassword(_ arguments: [String]) throws {
        let text = try #require(sentence(arguments))
        #expect(!text.contains("secret"))
    }
}
