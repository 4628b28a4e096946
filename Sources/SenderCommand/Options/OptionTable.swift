// The table of options.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

extension CommandOption {
    /// Every option, in the order of the help.
    static let all: [CommandOption] = [
        [address, links, user, password, failover],
        security,
        [
            content, contentFile, contentSize, stdin, json, delimiter, maxLineBytes, onBadData,
            bodyType,
            allowAnyBodyFile,
        ],
        [messages, interval, burst, rate, duration],
        [durable, targetDurability, capability, duplicateID, runID, preSettled],
        [
            ttl, priority, subject, to, replyTo, correlationID, contentType, groupID, property,
            annotation,
        ],
        [
            reconnect, senderRetryInterval, retryMultiplier, maxRetryInterval, retryAttempts,
            retryJitter, redeliveries, fatal, retryable,
        ],
        [
            window, windowBytes, openTimeout, idleTimeout, outcomeTimeout, creditNotice,
            creditTimeout, drainTimeout,
        ],
        [journal, rejectedFile],
        [
            progress, stats, metricsFile, metricsLabel, logFormat, events, traceFrames, check,
            dryRun,
        ],
        [quiet, help, version, generate],
    ].flatMap { $0 }

    /// The longest time that an option takes: 24 days.
    static let millisecondsMax: Int64 = 2_147_483_647

    static let address = CommandOption(
        short: "a", long: "address", section: .destination,
        summary: "amqp[s]://[user[:pass]@]host[:port]/address",
        details: """
            Where to send; amqps is AMQP over TLS. The default port is 5672, or 5671 with amqps; \
            an IPv6 address is written in brackets. Everything after the slash that follows the \
            host is the address of the target, including further slashes, ? and #. In user, \
            password and address, a character that would have another meaning is written as % \
            and two hexadecimal digits: / in a password as %2F, @ as %40. Without this option, the environment variable SENDER_ADDRESS has the URL. \
            Given several times, with the same host, the run sends to several addresses over one \
            connection, each with its own messages numbered from 1 on; with --stdin and --json each \
            message goes to every address, so that one which takes none holds up the others once \
            they are a window ahead of it.
            """,
        repetition: .isCollected,
        effect: .value(placeholder: "URL") { options, value throws(UsageError) in
            options.addresses.append(try GivenAddress(value.text))
        })

    static let links = CommandOption(
        long: "links", section: .destination,
        defaultText: "1",
        summary: "open N links to each address",
        details: """
            Open N links to each address, which share its messages: each is sent on one of them. \
            Window, pace and order are those of a link, --window-bytes bounds all links together, \
            and --rate is that of an address.
            """,
        effect: number("N", of: .count, in: 1...1000, into: \.links))

    static let user = CommandOption(
        short: "u", long: "user", section: .destination,
        summary: "authenticate as USER",
        details: """
            Authenticate as USER; overrides the user in the URL. An empty one counts as not \
            given. Without a user the sender is anonymous.
            """,
        effect: .value(placeholder: "USER") { options, value throws(UsageError) in
            options.user = try value.credential()
        })

    static let password = CommandOption(
        short: "p", long: "password", section: .destination,
        summary: "authenticate with PASSWORD",
        details: """
            Authenticate with PASSWORD; overrides the password in the URL. An empty one counts \
            as not given. Every user of the machine can read the command line of a running \
            program, so a password there, or in a URL, brings a warning. It is never printed.
            """,
        effect: .value(placeholder: "PASSWORD") { options, value throws(UsageError) in
            options.password = try value.credential()
        })

    static let failover = CommandOption(
        long: "failover", section: .destination,
        summary: "add a router; repeatable; implies --reconnect",
        details: """
            Another router to the same broker, as amqp[s]://[user[:password]@]host[:port]; an \
            address in it must be the one of --address. May be given several times. When a \
            connection fails, the routers are tried in this order, without a pause within a \
            round and with one of --sender-retry-interval between two rounds; when one refuses \
            the link for as long as --open-timeout, the next is tried. A URL without a user of \
            its own gets --user and --password. Implies --reconnect.
            """,
        repetition: .isCollected,
        effect: .value(placeholder: "URL") { options, value throws(UsageError) in
            options.failover.append(try TargetURL(router: value.text, of: value.option))
        })

    static let messages = CommandOption(
        short: "m", long: "messages", section: .pace,
        defaultText: "100",
        summary: "send COUNT messages",
        details: """
            Send COUNT messages. Without --content, --content-file, --stdin or --json they are \
            counted messages, whose bodies are maps with their number: {"sequence": 1} and so on, \
            or as large as --content-size says. With --content and \
            --content-file the default is 1; with --stdin and --json no more than COUNT are taken, \
            and by default there is no limit. With --journal, the messages of earlier runs count \
            as well. 0: there is nothing to do, and no connection is made.
            """,
        effect: .value(placeholder: "COUNT") { options, value throws(UsageError) in
            options.messages = Int(
                try value.wholeNumber(in: 0...1_000_000_000_000, of: .count))
        })

    static let interval = CommandOption(
        short: "i", long: "interval", section: .pace,
        defaultText: "1000",
        summary: "send a burst every MS",
        details: """
            A burst of new messages every MS milliseconds. A burst that finds no link, no \
            credit or a full window is not made up for. 0: as fast as credit and window allow; \
            then --burst has no effect. With --content, --content-file, --stdin and --json the \
            default is 0. Resent messages do not wait for it.
            """,
        effect: .value(placeholder: "MS") { options, value throws(UsageError) in
            options.interval = try value.wholeNumber(in: 0...millisecondsMax, of: .time)
        })

    static let burst = CommandOption(
        short: "b", long: "burst", section: .pace,
        defaultText: "1",
        summary: "send up to N per interval",
        details: "Send up to N new messages every interval.",
        effect: .value(placeholder: "N") { options, value throws(UsageError) in
            options.burst = Int(try value.wholeNumber(in: 1...1_000_000, of: .count))
        })

    static let rate = CommandOption(
        long: "rate", section: .pace,
        summary: "send N messages per second",
        details: """
            Send N messages per second, which may have decimal places, to each address, whose \
            links share them. What becomes due while there is no link, no credit or a full window \
            is sent as soon as these allow; what becomes due while the input has no message is not \
            made up for. It takes the place of --interval and --burst.
            """,
        effect: .value(placeholder: "N") { options, value throws(UsageError) in
            options.rate = try value.decimalNumber(in: 0.001...1_000_000)
        })

    static let duration = CommandOption(
        long: "duration", section: .pace,
        summary: "take new messages for TIME",
        details: """
            Take new messages for TIME from the first one on, also while nothing can be sent, then \
            finish as at the end of the input. Without --messages there is no other limit. At the \
            end, a message says how much of a pipe was read and not taken.
            """,
        effect: .value(placeholder: "TIME") { options, value throws(UsageError) in
            options.duration = try value.wholeNumber(in: 1...millisecondsMax, of: .time)
        })

    static let quiet = CommandOption(
        short: "q", long: "quiet", section: .other,
        summary: "print no line per event, only the summary",
        details: """
            Print no line per event, not even for losses and retries. Warnings, the reason why \
            the run ended early, and the closing summary are still printed.
            """,
        effect: .flag { $0.isQuiet = true })

    static let help = CommandOption(
        short: "h", long: "help", section: .other,
        summary: "print help; --help says more than -h",
        details: """
            Print help and end: -h a line for each option, --help all there is to say, and \
            --help NAME what there is to say about an option, as in --help ttl, or about a topic: \
            \(helpTopics.joined(separator: ", ").withLastCommaAsOr).
            """,
        effect: .help)

    static let version = CommandOption(
        long: "version", section: .other,
        summary: "print the versions of sender and qpid-proton",
        details: """
            Print the version of sender, that of the qpid-proton it was compiled for, and the file of \
            the qpid-proton library that is loaded, and end. The file's name ends in the library's \
            own version.
            """,
        effect: .version)

    static let generate = CommandOption(
        long: "generate", section: .other,
        summary: "print the man page or a shell's completions",
        details: """
            Print a text made from the same descriptions as this help, and end. KIND is \
            man, for the man page, or complete-bash, complete-zsh or complete-fish, for what that \
            shell reads to complete options and their values. make install and the package put \
            them where man and the shells look for them.
            """,
        completes: .words(of: GeneratedText.self),
        effect: .generate(placeholder: "KIND"))
}

extension CommandOption {
    /// Stores a whole number of this range in a field.
    static func number<Number: FixedWidthInteger & Sendable>(
        _ placeholder: String, of quantity: Quantity, in range: ClosedRange<Int64>,
        into field: any WritableKeyPath<CommandOptions, Number> & Sendable
    ) -> Effect {
        .value(placeholder: placeholder) { options, value throws(UsageError) in
            options[keyPath: field] = Number(try value.wholeNumber(in: range, of: quantity))
        }
    }

    /// Stores a time in a field.
    static func milliseconds(
        into field: any WritableKeyPath<CommandOptions, Milliseconds> & Sendable
    ) -> Effect {
        number("MS", of: .time, in: 0...millisecondsMax, into: field)
    }
}
