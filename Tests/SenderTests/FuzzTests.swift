// Bad input by the ten thousand: arguments, URLs, and what a hostile peer may say.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import LinkRecovery
import Sending
import Testing

@testable import sender

/// FUZZ_SEED replays a run, FUZZ_INPUTS sets how many inputs each test makes.
@Suite(.timeLimit(.minutes(5))) struct FuzzTests {
    private let seed: UInt64
    private let inputCount: Int

    init() {
        let environment = ProcessInfo.processInfo.environment
        seed = environment["FUZZ_SEED"].flatMap(UInt64.init) ?? 1
        inputCount = environment["FUZZ_INPUTS"].flatMap(Int.init) ?? 40_000
    }

    @Test func `any arguments give options or one sentence`() {
        var words = HostileWords(seed: seed)
        var runCount = 0
        for number in 0..<inputCount {
            let arguments = words.arguments()
            do throws(UsageError) {
                if case .run(let options) = try parseArguments(arguments) {
                    runCount += 1
                    #expect(options.messages >= 0 && options.sending.pace.burst >= 1)
                }
            } catch {
                expectOneLine(error.sentence, "input \(number) of seed \(seed): \(arguments)")
            }
        }
        #expect(runCount > inputCount / 100, "the inputs are too hostile to get anywhere")
    }

    @Test func `any URL gives a target or one sentence, and no password is in either`() {
        var words = HostileWords(seed: seed)
        for number in 0..<inputCount {
            let secret = "s3cr3t\(number)"
            let url = words.url(password: secret)
            do throws(UsageError) {
                let invocation = try parseArguments(["-a", url])
                guard case .run(let options) = invocation else { continue }
                #expect(!options.target.display.contains(secret), "\(url)")
            } catch {
                expectOneLine(error.sentence, "seed \(seed): \(url)")
                #expect(!error.sentence.contains(secret), "\(url)")
            }
        }
    }

    @Test func `whatever a peer says is one line of bounded length`() {
        var words = HostileWords(seed: seed)
        for number in 0..<inputCount {
            let size = number % 20_000 == 0 ? 1 << 20 : 200
            let condition = Condition(name: words.text(size), description: words.text(size))
            var text = EventText(isQuiet: false)
            text.event(.linkError(condition))
            text.event(.connectionLost(condition, retryIn: 5))
            let lines = text.output + text.diagnostics
            #expect(lines.count { $0 == UInt8(ascii: "\n") } == 2, "seed \(seed), \(condition)")
            #expect(lines.count < 3 * 1024, "seed \(seed)")
            let controls = lines.contains { $0 < 0x20 && $0 != UInt8(ascii: "\n") || $0 == 0x7F }
            #expect(!controls, "seed \(seed), \(condition)")
        }
    }

    private func expectOneLine(_ sentence: String, _ input: @autoclosure () -> String) {
        #expect(!sentence.isEmpty && !sentence.contains("\n"), "\(input())")
        #expect(sentence.utf8.count < 2048, "\(input())")
    }
}

/// Makes input out of pieces that mean something, broken in places.
private struct HostileWords {
    private var random: RandomSource

    init(seed: UInt64) {
        random = RandomSource(seed: seed)
    }

    private static let pieces = [
        "-", "--", "=", "-m", "-rq", "--messages", "--messages=", "-a", "-i", "0", "5", "-5", "1e9",
        "99999999999999999999", "0x10", " ", "", "amqp://h/x", "amqp://", "amqps://h/x", "[::1]",
        "[", "]", ":", "@", "/", "%", "%2", "%zz", "%00", "%0a", "\u{0}", "\u{1B}[2J", "\n", "\r",
        "\u{202E}", "\u{FFFD}", "é", "e\u{301}\u{301}", "🧨", "queue", "none", "--capability",
        "--target-durability", "--durable", "--non-durable", "-s", "-b", "-u", "user", "-p", "pass",
        "--help", "--version", "-q", "65536", "127.0.0.1", "a.b-c_d",
    ]

    private static let goodArguments = [
        ["-m", "5"], ["-i0"], ["--burst=3"], ["-r"], ["-q"], ["-s", "100"], ["--capability=none"],
        ["--non-durable"], ["-u", "bob"],
    ]

    mutating func arguments() -> [String] {
        var arguments = ["-a", "amqp://h/x"]
        for _ in 0..<random.next(upTo: 4) {
            arguments += pick(Self.goodArguments)
        }
        for _ in 0..<random.next(upTo: 2) {
            let place = Int(random.next(upTo: UInt64(arguments.count)))
            arguments.insert(text(12), at: place)
        }
        return arguments
    }

    mutating func url(password: String) -> String {
        var url = "amqp://user:\(password)@host:5672/queue"
        for _ in 0..<random.next(upTo: 3) {
            let offset = Int(random.next(upTo: UInt64(url.count)))
            // The secret itself stays whole: only so can it be looked for.
            let place = url.index(url.startIndex, offsetBy: offset)
            if let range = url.range(of: password), range.contains(place), place > range.lowerBound
            {
                continue
            }
            url.insert(contentsOf: pick(Self.pieces), at: place)
        }
        return url
    }

    /// Pieces, odd scalars and repetitions of up to this many bytes.
    mutating func text(_ byteCountMax: Int) -> String {
        let wanted = Int(random.next(upTo: UInt64(byteCountMax)))
        var text = ""
        while text.utf8.count < wanted {
            switch random.next(upTo: 3) {
            case 0: text.unicodeScalars.append(scalar())
            case 1 where wanted > 1000: text += String(repeating: pick(Self.pieces), count: 997)
            default: text += pick(Self.pieces)
            }
        }
        return text
    }

    private mutating func scalar() -> Unicode.Scalar {
        Unicode.Scalar(UInt32(random.next(upTo: 0x10_FFFF))) ?? "\u{85}"
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int(random.next(upTo: UInt64(elements.count - 1)))]
    }
}
