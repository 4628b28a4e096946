// The effect of each option.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import ReliableSender
import Testing

@testable import LinkRecovery
@testable import SenderCommand

/// Reads options of a run; the address is added.
func run(_ arguments: String...) throws -> RunOptions {
    try run(arguments)
}

func run(_ arguments: [String]) throws -> RunOptions {
    guard case .run(let options) = try parseArguments(["-a", "amqp://h/q"] + arguments) else {
        throw UsageError("not a run")
    }
    return options
}

extension RunOptions {
    /// Whether a password on the command line is warned about.
    var isPasswordOnCommandLine: Bool {
        warnings.contains { $0.contains("every user of this machine can read the password") }
    }
}

/// The effect of an option: the condition holds with these arguments, and not without.
struct OptionCase: Sendable, CustomTestStringConvertible {
    var url: String
    var arguments: [String]
    var isMet: @Sendable (RunOptions) -> Bool

    init(
        url: String = "amqp://localhost/q", _ arguments: String...,
        isMet: @escaping @Sendable (RunOptions) -> Bool
    ) {
        self.url = url
        self.arguments = arguments
        self.isMet = isMet
    }

    var testDescription: String { arguments.joined(separator: " ") }

    static let all = security + properties + others

    private static let others: [OptionCase] = [
        OptionCase("-u", "bo", "-p", "pw") { $0.sending.endpoints[0].user == "bo" },
        OptionCase("--user=bo", "-p", "pw") { $0.sending.endpoints[0].user == "bo" },
        OptionCase("-u", "bo", "-p", "pw") { $0.sending.endpoints[0].password == "pw" },
        OptionCase("-u", "bo", "--password", "pw") { $0.isPasswordOnCommandLine },
        OptionCase("--links=3") { $0.destinations.linkCount == 3 },
        OptionCase("-a", "amqp://localhost/r") {
            $0.destinations.all.map(\.address) == ["q", "r"] && $0.sending.endpoints.count == 1
        },
        OptionCase("--content", "x") { $0.input.input == .content("x") },
        OptionCase("--content=-") {
            $0.messages == 1 && $0.destinations.pace.interval == 0
        },
        OptionCase("--content-file=x", "-i1s") {
            $0.destinations.pace.interval == 1000 && $0.messages == 1
        },
        OptionCase("--content-size", "2KiB") { $0.input.contentByteCount == 2048 },
        OptionCase("--content-size=0", "--body-type=binary") {
            $0.input.contentByteCount == 0 && $0.input.bodyType == .binary && $0.messages == 100
                && $0.destinations.pace.interval == 1000
        },
        OptionCase("--content-file", "x") { $0.input.input == .contentFile("x") },
        OptionCase("--content-file=x") { $0.messages == 1 },
        OptionCase("--stdin") { $0.input.input == .lines },
        OptionCase("--stdin") { $0.messages == nil && $0.destinations.pace.interval == 0 },
        OptionCase("--json") { $0.input.input == .json },
        OptionCase("--json") { $0.messages == nil && $0.destinations.pace.interval == 0 },
        OptionCase("--json", "-m3", "-i5") {
            $0.messages == 3 && $0.destinations.pace.interval == 5
        },
        OptionCase("--stdin", "--delimiter", ",") { $0.input.delimiter.bytes == [0x2C] },
        OptionCase("--stdin", "--delimiter=\\0") { $0.input.delimiter.bytes == [0] },
        OptionCase("--stdin", "--delimiter=\\t") { $0.input.delimiter.bytes == [9] },
        OptionCase("--stdin", "--delimiter=\\r") { $0.input.delimiter.bytes == [13] },
        OptionCase("--stdin", "--delimiter=\\\\") { $0.input.delimiter.bytes == [0x5C] },
        OptionCase("--stdin", "--delimiter=\\") { $0.input.delimiter.bytes == [0x5C] },
        OptionCase("--json", "--delimiter=\\x1e") { $0.input.delimiter.bytes == [0x1E] },
        OptionCase("--json", "--delimiter=\\r\\né--") {
            $0.input.delimiter.bytes == [13, 10, 0xC3, 0xA9, 0x2D, 0x2D]
        },
        OptionCase("--json", "--allow-any-body-file") { $0.input.isAnyBodyFileAllowed },
        OptionCase("--stdin", "--on-bad-data=skip") { $0.input.onBadData == .skip },
        OptionCase("--json", "--on-bad-data", "keep", "--rejected-file=f") {
            $0.input.onBadData == .keep
        },
        OptionCase("--stdin", "--max-line-bytes=9") { $0.input.lineByteCountMax == 9 },
        OptionCase("--stdin", "--body-type=binary") { $0.input.bodyType == .binary },
        OptionCase("--content={}", "--body-type", "map") { $0.input.bodyType == .map },
        OptionCase("--content-file=x", "--body-type", "value") { $0.input.bodyType == .value },
        OptionCase("-m", "2.5k") { $0.messages == 2500 },
        OptionCase("-i", "2s") { $0.destinations.pace.interval == 2000 },
        OptionCase("--window-bytes=4MiB") { $0.sending.recovery.windowBytes == 4 << 20 },
        OptionCase("--stdin", "--max-line-bytes=16MiB") { $0.input.lineByteCountMax == 16 << 20 },
        OptionCase("--stats=1m") { $0.reporting.statsInterval == 60_000 },
        OptionCase("-m", "7") { $0.messages == 7 },
        OptionCase("--messages=0") { $0.messages == 0 },
        OptionCase("-i", "7") { $0.destinations.pace.interval == 7 },
        OptionCase("--interval=0") { $0.destinations.pace.interval == 0 },
        OptionCase("--rate", "0.5") {
            $0.destinations.pace.rate == 0.5 && $0.destinations.pace.interval == 0
        },
        OptionCase("--rate", "8", "--links=2") { options in
            guard let source = try? CountedMessages(count: 1, prototype: Message()) else {
                return false
            }
            let paces = options.destinations.routes(from: [source]).map(\.pace)
            return paces.map(\.rate) == [4, 4] && paces.map(\.rateDelay) == [0, 125]
        },
        OptionCase("--metrics-file=f.prom", "--metrics-label=a=b=c", "--metrics-label", "_x=") {
            $0.reporting.metricsFile == "f.prom" && $0.warnings.isEmpty
                && $0.reporting.metricsLabels
                    == [MetricLabel(key: "a", value: "b=c"), MetricLabel(key: "_x", value: "")]
        },
        OptionCase("--metrics-file", "f") {
            $0.warnings == [
                "hint: node_exporter's textfile collector reads only files whose names end in .prom, "
                    + #"which "f" does not"#
            ]
        },
        OptionCase("--duration", "2m") { $0.duration == 120_000 && $0.messages == nil },
        OptionCase("--content=x", "--duration=1s", "-m7") {
            $0.duration == 1000 && $0.messages == 7
        },
        OptionCase("-b", "7") { $0.destinations.pace.burst == 7 },
        OptionCase("--burst=2") { $0.destinations.pace.burst == 2 },
        OptionCase("-r") { $0.sending.recovery.mayReconnect },
        OptionCase("--reconnect") { $0.sending.recovery.mayReconnect },
        OptionCase("-s", "1") { $0.sending.recovery.retry.interval == 1 },
        OptionCase("--sender-retry-interval=7") { $0.sending.recovery.retry.interval == 7 },
        OptionCase("-s", "9000") { $0.sending.recovery.retry.maximum == 9000 },
        OptionCase("--non-durable") { !$0.prototype.isDurable },
        OptionCase("--non-durable") { $0.destinations.all[0].durability == .none },
        OptionCase("--target-durability=configuration") {
            $0.destinations.all[0].durability == .configuration
        },
        OptionCase("--target-durability=none") {
            $0.destinations.all[0].durability == .none && $0.prototype.isDurable
        },
        OptionCase("--non-durable", "--target-durability=unsettled-state") {
            $0.destinations.all[0].durability == .unsettledState && !$0.prototype.isDurable
        },
        OptionCase("--capability", "topic", "--capability=x:y") {
            $0.destinations.all[0].capabilities == ["topic", "x:y"]
        },
        OptionCase("--capability=none") { $0.destinations.all[0].capabilities.isEmpty },
        OptionCase("--pre-settled") { $0.destinations.all[0].isPreSettled },
        OptionCase("--retry-multiplier=1.5") { $0.sending.recovery.retry.multiplier == 1.5 },
        OptionCase("--retry-multiplier", "2") { $0.sending.recovery.retry.multiplier == 2 },
        OptionCase("--max-retry-interval=5000") { $0.sending.recovery.retry.maximum == 5000 },
        OptionCase("--max-retry-interval=9", "-s9") { $0.sending.recovery.retry.maximum == 9 },
        OptionCase("--retry-attempts=0") { $0.sending.recovery.retry.attempts == 0 },
        OptionCase("--retry-jitter=0.25") { $0.sending.recovery.retry.jitter == 0.25 },
        OptionCase("--failover=amqp://x") {
            $0.sending.endpoints[1...] == [Endpoint(host: "x")]
        },
        OptionCase("--failover", "amqp://x/q", "--failover", "amqp://y:7/") {
            $0.sending.endpoints.map(\.host) == ["localhost", "x", "y"]
                && $0.sending.endpoints[2].port == 7
        },
        OptionCase("--failover=amqp://x") { $0.sending.recovery.mayReconnect },
        OptionCase("--window=1") { $0.sending.recovery.window == 1 },
        OptionCase("--window-bytes=0") { $0.sending.recovery.windowBytes == 0 },
        OptionCase("--redeliveries=0") { $0.sending.recovery.redeliveries == 0 },
        OptionCase("--fatal=qd:a", "--fatal=qd:b") {
            $0.sending.recovery.fatalConditions == ["qd:a", "qd:b"]
        },
        OptionCase("--retryable=qd:a", "--retryable=qd:b") {
            $0.sending.recovery.retryableConditions == ["qd:a", "qd:b"]
        },
        OptionCase("--open-timeout=7") { $0.sending.recovery.openTimeout == 7 },
        OptionCase("--idle-timeout=7") { $0.sending.idleTimeout == 7 },
        OptionCase("--outcome-timeout=7") { $0.sending.recovery.outcomeTimeout == 7 },
        OptionCase("--credit-notice=7") { $0.sending.recovery.creditNotice == 7 },
        OptionCase("--credit-timeout=7") { $0.sending.recovery.creditTimeout == 7 },
        OptionCase("--drain-timeout=7") { $0.sending.recovery.drainTimeout == 7 },
        OptionCase("--duplicate-id") { $0.duplicateIDProperty == "_AMQ_DUPL_ID" },
        OptionCase("--duplicate-id=x y") { $0.duplicateIDProperty == "x y" },
        OptionCase("--content={{run-id}}", "--run-id=r 1") { $0.runID == "r 1" },
        OptionCase("--subject={{run-id}}", "--run-id=r 1") { $0.filled?.contains(.runID) == true },
        OptionCase("--duplicate-id", "--run-id=r 1") { $0.runID == "r 1" },
        OptionCase("--journal=f") { $0.journal == "f" },
        OptionCase("--rejected-file=f") { $0.rejectedFile == "f" },
        OptionCase("--progress") { $0.reporting.isProgressAsked },
        OptionCase("--stats=1") { $0.reporting.statsInterval == 1 },
        OptionCase("--log-format=json") { $0.reporting.logFormat == .json },
        OptionCase("--events=f") { $0.reporting.events == "f" },
        OptionCase("--dry-run") { $0.reporting.isDryRun },
        OptionCase("--check") { $0.reporting.isCheck },
        OptionCase("-q") { $0.isQuiet },
        OptionCase("--quiet") { $0.isQuiet },
    ]
}

@Suite struct OptionTests {
    @Test("an option does what it says", arguments: OptionCase.all)
    func effect(_ option: OptionCase) throws {
        let base = ["-a", option.url]
        guard
            case .run(let with) = try parseArguments(
                base + option.arguments, environment: .testing),
            case .run(let without) = try parseArguments(base)
        else {
            Issue.record("not a run")
            return
        }
        #expect(option.isMet(with))
        #expect(!option.isMet(without))
    }

    @Test("each sender has the address of its place, and a label if there are others")
    func destinations() throws {
        let both = try run(["-a", "amqp://h/r", "--links", "2"]).destinations
        #expect((0..<4).map { both.address(of: SenderID($0)) } == ["q", "q", "r", "r"])
        #expect(both.labels == ["q link 1", "q link 2", "r link 1", "r link 2"])
        #expect(try run(["--links", "2"]).destinations.labels == ["link 1", "link 2"])
        #expect(try run(["-a", "amqp://h/r"]).destinations.labels == ["q", "r"])
        #expect(try run().destinations.labels == [])
    }

    @Test("every option has a case here")
    func cases() {
        let tested = OptionCase.all.flatMap(\.arguments)
        // These five have tests of their own.
        for option in CommandOption.all
        where !["address", "durable", "help", "version", "generate"].contains(option.long) {
            #expect(tested.contains { $0.split(separator: "=")[0] == "--\(option.long)" })
            if let short = option.short { #expect(tested.contains("-\(short)")) }
        }
    }

    @Test("without options the documented defaults hold")
    func defaults() throws {
        let options = try run()
        #expect(options.messages == 100)
        #expect(options.prototype.isDurable)
        #expect(!options.isQuiet)
        #expect(!options.isPasswordOnCommandLine)
        #expect(options.sending.endpoints == [Endpoint(host: "h", port: 5672)])
        #expect(options.targets[0].address == "q")
        #expect(options.destinations.all[0].durability == .unsettledState)
        #expect(options.destinations.all[0].capabilities == ["queue"])
        #expect(options.destinations.pace == SendPace())
        #expect(
            options.destinations.pace.interval == 1000
                && options.destinations.pace.burst == 1)
        #expect(options.sending.recovery == RecoveryOptions())
        #expect(options.sending.idleTimeout == 30_000)
        #expect(options.duplicateIDProperty == nil && options.runID == nil)
        #expect(options.journal == nil && options.rejectedFile == nil)
        #expect(options.sending.recovery.retry.interval == 2000)
    }

    @Test("the defaults in the help are the ones that hold")
    func helpDefaults() throws {
        for option in CommandOption.all {
            guard let text = option.defaultText else { continue }
            let spelled =
                option.takesValue ? "--\(option.long)=\(text)" : "--\(text)"
            // An option about an input is wrong without one.
            let input = option.section == .input ? ["--stdin"] : []
            #expect(try run([spelled] + input) == run(input), "\(spelled)")
        }
    }

    @Test("the address names endpoint and target", arguments: ["-a", "--address"])
    func address(_ name: String) throws {
        guard case .run(let options) = try parseArguments([name, "amqp://u:p@[::1]:7/x/y"]) else {
            Issue.record("not a run")
            return
        }
        #expect(
            options.sending.endpoints
                == [Endpoint(host: "::1", port: 7, user: "u", password: "p")])
        #expect(options.targets[0].address == "x/y")
        #expect(options.isPasswordOnCommandLine)
    }

    @Test("--user and --password win over those in the URL")
    func overURL() throws {
        for (information, arguments, user, password) in [
            ("u:p", [], "u", "p"), ("u:p", ["-u", "u"], "u", "p"), (":p", ["-u", "x"], "x", "p"),
            ("u:p", ["-p", "y"], "u", "y"), ("u:p", ["-u", "x", "-p", "y"], "x", "y"),
            ("u:p", ["-u", "", "-p", ""], "u", "p"),
        ] {
            let url = ["-a", "amqp://\(information)@localhost/q"]
            guard case .run(let options) = try parseArguments(url + arguments) else { continue }
            #expect(options.user == user)
            #expect(options.password == password)
            #expect(options.sending.endpoints[0].user == user)
            #expect(options.sending.endpoints[0].password == password)
        }
    }

    @Test("each router has the user of its URL, or else that of the options")
    func users() throws {
        func users(_ arguments: String...) throws -> [String?] {
            let all = [
                "-a", "amqp://u:p@localhost/q", "--failover=amqp://127.0.0.2",
                "--failover=amqp://v:w@[::1]",
            ]
            guard case .run(let options) = try parseArguments(all + arguments) else { return [] }
            return options.sending.endpoints.flatMap { [$0.user, $0.password] }
        }
        #expect(try users() == ["u", "p", nil, nil, "v", "w"])
        #expect(try users("-u", "u") == ["u", "p", "u", "p", "v", "w"])
        #expect(try users("-u", "z", "-p", "s") == ["z", "s", "z", "s", "v", "w"])
    }

    @Test(
        "a password does not cross the network in the clear",
        arguments: [
            ["-a", "amqp://u:p@h/q"], ["-a", "amqp://h/q", "-u", "u", "-p", "p"],
            ["-a", "amqp://localhost/q", "--failover=amqp://u:p@127.0.0.1.example.org"],
        ])
    func clearPassword(_ arguments: [String]) {
        #expect(throws: UsageError.self) { try parseArguments(arguments) }
    }

    @Test("the warning of a password on the command line counts other routers' as well")
    func visiblePassword() throws {
        #expect(try run("--failover=amqp://v:w@127.0.0.2").isPasswordOnCommandLine)
        #expect(try !run("--failover=amqp://y").isPasswordOnCommandLine)
    }

    @Test("the longest wait is no shorter than the first")
    func longestWait() throws {
        #expect(try run("-s", "1").sending.recovery.retry.maximum == 2000)
        #expect(try run("-s", "2001").sending.recovery.retry.maximum == 2001)
        // Whichever comes first.
        #expect(
            try run("--max-retry-interval=3000", "-s3000")
                == run("-s3000", "--max-retry-interval=3000"))
    }

    @Test("a multiplier that makes no wait longer gets a warning")
    func uselessMultiplier() throws {
        #expect(
            try run("--retry-multiplier=2").multiplierWarning
                == "warning: --retry-multiplier changes nothing, as no wait may be longer than "
                + "2000 ms: give a longer --max-retry-interval")
        #expect(try run("--retry-multiplier=2", "-s1999").multiplierWarning == nil)
        #expect(
            try run("--retry-multiplier=2", "--max-retry-interval=2001").multiplierWarning == nil)
        #expect(try run("--retry-multiplier=1").multiplierWarning == nil)
    }

    @Test("the window is at most what delivery tags allow")
    func window() {
        #expect(CommandOption.windowMax == DeliveryTag.slotCountMax)
    }

    @Test("the last one of a repeated option holds")
    func repeated() throws {
        #expect(try run("-m", "3", "--messages=4", "-m5").messages == 5)
        #expect(try run("--durable", "--durable") == run())
    }

    @Test(
        "--help and --version need nothing else",
        arguments: [
            (["-h"], Invocation.shortHelp), (["--help"], .longHelp), (["--version"], .version),
            (["-qh"], .shortHelp), (["-r", "--help", "--nonsense"], .longHelp),
        ])
    func helpAndVersion(_ arguments: [String], _ invocation: Invocation) throws {
        #expect(try parseArguments(arguments) == invocation)
    }

    @Test("the version names proton's as well")
    func version() {
        let library = ProtonLibrary(file: "/lib/proton.so.10.13.0", headerVersion: "0.37.0")
        #expect(
            versionText(library)
                == "sender 0.1.0 (compiled for qpid-proton 0.37.0, runs on /lib/proton.so.10.13.0)\n"
        )
    }
}
