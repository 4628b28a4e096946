// Help, made from the option table alone.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import LinkRecovery
import ReliableSender
import Testing

@testable import SenderCommand

@Suite struct HelpTextTests {
    @Test("-h has a line for each option")
    func shortForm() {
        let lines = shortHelp().split(separator: "\n").map(String.init)
        for option in CommandOption.all {
            let matching = lines.filter {
                $0.contains("--\(option.long)") && $0.contains(option.synopsis)
                    && $0.contains(option.summary)
                    && (option.defaultText.map($0.contains) ?? true)
            }
            #expect(matching.count == 1, "\(option.long)")
        }
        #expect(lines.filter { $0.hasPrefix("  ") }.count == CommandOption.all.count)
    }

    @Test("--help has all that the table says")
    func longForm() {
        let help = longHelp()
        let words = help.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for option in CommandOption.all {
            #expect(help.contains("\n  \(option.synopsis)\n"))
            let details = option.details.split(whereSeparator: \.isWhitespace)
            let hasDetails = words.contains(details.joined(separator: " "))
            #expect(hasDetails, "\(option.long)")
            if let text = option.defaultText { #expect(words.contains("Default: \(text).")) }
        }
    }

    @Test("an option of the table is in both helps and in the parser")
    func everywhere() throws {
        let added = CommandOption(
            short: "z", long: "zeal", section: .other, defaultText: "9", summary: "more of it",
            details: "How much more.",
            effect: .value(placeholder: "LOT") { options, value throws(UsageError) in
                options.burst = Int(try value.wholeNumber(in: 1...9))
            })
        let table = CommandOption.all + [added]
        #expect(shortHelp(table).contains("  -z, --zeal LOT"))
        #expect(shortHelp(table).contains("more of it (default 9)\n"))
        #expect(longHelp(table).contains("  -z, --zeal LOT\n      How much more.\n"))
        guard
            case .run(let options) = try parseArguments(["-a", "amqp://h/q", "-z4"], table: table)
        else {
            Issue.record("not a run")
            return
        }
        #expect(options.destinations.pace.burst == 4)
    }

    @Test("no two options share a name")
    func uniqueNames() {
        let long = CommandOption.all.flatMap(\.longNames)
        let short = CommandOption.all.compactMap(\.short)
        #expect(Set(long).count == long.count)
        #expect(Set(short).count == short.count)
    }

    @Test("the help fits a terminal")
    func width() {
        let short = shortHelp().split(separator: "\n")
        let long = longHelp().split(separator: "\n")
        for line in short + long { #expect(line.count <= 80, "\(line)") }
    }

    @Test(
        "--help says what is promised",
        arguments: [
            "at least once", "Exit status", "64: wrong usage", "128+n", "on_sender_open",
            "all messages accounted for", "SIGINT, SIGTERM and SIGHUP", "256 KiB",
            "whatever signal kills it: only what was in doubt is sent again",
            "its outcome about 200 ms after it came", "a power cut can cause repeats",
            "taken = accepted + rejected + given up + unconfirmed + in doubt + unsent",
        ])
    func promises(_ phrase: String) {
        let words = longHelp().split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains(phrase))
    }

    @Test("--help NAME says what the whole help says about an option or topic")
    func explanations() throws {
        let whole = longHelp()
        for (words, start) in [
            (["--help", "ttl"], "  --ttl MS\n"), (["--help=--ttl"], "  --ttl MS\n"),
            (["-h", "m"], "  -m, --messages COUNT\n"),
            (["-q", "--help", "non-durable"], "  --durable,"),
            (["--help", "words"], "Words:\n"), (["--help", "Exit status"], "Exit status:\n"),
            (["--help", "exit-status", "--no-such"], "Exit status:\n"),
        ] {
            guard case .explanation(let text) = try parseArguments(words) else {
                Issue.record("\(words)")
                continue
            }
            #expect(text.hasPrefix(start) && whole.contains(text), "\(words): \(text)")
        }
        #expect(try parseArguments(["--help", "-q"]) == .longHelp)
        #expect(try parseArguments(["-h"]) == .shortHelp)
        #expect(try parseArguments(["-hq", "words"]) == .shortHelp)
        #expect(helpTopics == helpChapters.map { topicName($0.title) })
        // Each topic has a name of its own, which no option has.
        let names = helpTopics + CommandOption.all.flatMap(\.longNames)
        #expect(Set(names).count == names.count)
    }

    @Test("each word of the summary is defined once")
    func words() throws {
        let words = try #require(helpChapters.first { $0.title == "Words" }).text
        for word in ["Taken", "Final", "In doubt", "Window", "Link loss", "In flight", "Unsent"] {
            #expect(words.components(separatedBy: "\(word): ").count == 2, "\(word)")
        }
    }

    @Test("text is wrapped between words, and paragraphs stay")
    func wrapping() {
        #expect(wrapped("aa bb cc\n\ndd", width: 7, indent: 2) == "  aa bb\n  cc\n\n  dd\n")
        #expect(wrapped("aa\n\n    b  cc dd", width: 7, indent: 2) == "  aa\n\n      b  cc dd\n")
        #expect(wrapped("a-very-long-word b", width: 5, indent: 1) == " a-very-long-word\n b\n")
    }
}
