// Random hostile text for fuzz tests.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import LinkRecovery

/// FUZZ_SEED replays a run.
let fuzzSeed = environmentNumber("FUZZ_SEED") ?? 1

/// FUZZ_INPUTS sets how many inputs each test makes.
func fuzzInputCount(_ standard: Int) -> Int {
    environmentNumber("FUZZ_INPUTS").map(Int.init) ?? standard
}

private func environmentNumber(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap(UInt64.init)
}

/// Makes input out of pieces that mean something, broken in places.
struct HostileWords {
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

    /// NUL, bytes that never are in UTF-8, parts of characters, too long a form, a surrogate.
    private static let brokenPieces: [[UInt8]] = [
        [0], [0xFF, 0xFE], [0x80], [0xC3], [0xF0, 0x9F, 0xA7], [0xC0, 0x80], [0xED, 0xA0, 0x80],
        [0xF4, 0x90, 0x80, 0x80], [0x1B, 0x9B],
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

    private static let goodLines = [
        #"{"body":1}"#, #"{"body":"é\u0000","id":"x"}"#, #"{"body":[1,2.5e3,null,{"a":true}]}"#,
        #"{"body":"AP8=","body_type":"binary","application_properties":{"a:int":5}}"#,
        #"{"id:uuid":"00112233-4455-6677-8899-aabbccddeeff","annotations":{"b:c:string":"y"}}"#,
        #"[18446744073709551615,-9223372036854775808,0.1]"#, "{}", "null",
    ]

    private static let jsonPieces = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "1", "-", "e9", ".", "0",
        "null", "true", "\"a\":", "\"body\":", ":int", ":x", " ", "\n", "\u{0}", "\u{202E}", "é",
        "99999999999999999999", "\"body_type\":\"double\",",
    ]

    /// A line that makes sense, broken in a few places.
    mutating func json() -> String {
        var scalars = Array(pick(Self.goodLines).unicodeScalars)
        for _ in 0..<random.next(upTo: 3) {
            let place = Int(random.next(upTo: UInt64(scalars.count)))
            if random.next(upTo: 1) == 0, place < scalars.count {
                scalars.remove(at: place)
            } else {
                scalars.insert(contentsOf: pick(Self.jsonPieces).unicodeScalars, at: place)
            }
        }
        return String(String.UnicodeScalarView(scalars))
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

    /// The same, and often not UTF-8.
    mutating func bytes(_ byteCountMax: Int) -> [UInt8] {
        var bytes = Array(text(byteCountMax).utf8)
        for _ in 0..<random.next(upTo: 3) {
            let place = Int(random.next(upTo: UInt64(bytes.count)))
            bytes.insert(contentsOf: pick(Self.brokenPieces), at: place)
        }
        return bytes
    }

    private mutating func scalar() -> Unicode.Scalar {
        Unicode.Scalar(UInt32(random.next(upTo: 0x10_FFFF))) ?? "\u{85}"
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int(random.next(upTo: UInt64(elements.count - 1)))]
    }
}
