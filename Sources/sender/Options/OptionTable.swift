// The options of the command, one value each.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery
import Sending

extension CommandOption {
    /// Every option, in the order of the help.
    static let all: [CommandOption] = [
        address, user, password,
        messages, interval, burst,
        reconnect, senderRetryInterval,
        durable, targetDurability, capability,
        quiet, help, version,
    ]

    /// The longest time that can be asked for: 24 days.
    private static let millisecondsMax: Int64 = 2_147_483_647

    static let address = CommandOption(
        short: "a", long: "address", section: .destination,
        summary: "amqp://[user[:password]@]host[:port]/address",
        details: """
            Where to send. Without a port it is 5672; an IPv6 address stands in brackets. All \
            that follows the first slash after the host is the address of the target, also \
            further slashes, ? and #. In user, password and address a character that would \
            have another meaning is written as % and two hexadecimal digits: / in a password \
            as %2F, @ as %40. This option is required.
            """,
        repetition: .isWrong("a run sends to one address"),
        effect: .value(placeholder: "URL") { options, value throws(UsageError) in
            options.target = try TargetURL(value.text)
        })

    static let user = CommandOption(
        short: "u", long: "user", section: .destination,
        summary: "authenticate as USER",
        details: """
            Authenticate as USER; wins over the user in the URL. An empty one counts as not \
            given. Without a user the sender is anonymous.
            """,
        effect: .value(placeholder: "USER") { options, value throws(UsageError) in
            options.user = try value.credential()
        })

    static let password = CommandOption(
        short: "p", long: "password", section: .destination,
        summary: "authenticate with PASSWORD",
        details: """
            Authenticate with PASSWORD; wins over the password in the URL. An empty one counts \
            as not given. Every user of the machine can read the command line of a running \
            program, so a password there is warned about. It is never printed.
            """,
        effect: .value(placeholder: "PASSWORD") { options, value throws(UsageError) in
            options.password = try value.credential()
        })

    static let messages = CommandOption(
        short: "m", long: "messages", section: .pace,
        defaultText: "100",
        summary: "send COUNT messages",
        details: """
            Send COUNT messages, whose bodies are maps with their number: {"sequence": 1} and \
            so on. 0: there is nothing to do, and no connection is made.
            """,
        effect: .value(placeholder: "COUNT") { options, value throws(UsageError) in
            options.messages = Int(try value.wholeNumber(in: 0...1_000_000_000_000))
        })

    static let interval = CommandOption(
        short: "i", long: "interval", section: .pace,
        defaultText: "1000",
        summary: "milliseconds between two bursts",
        details: """
            A burst of new messages every MS milliseconds. A burst that finds no link, no \
            credit or a full window is not made up for. 0: as fast as credit and window allow; \
            then --burst has no effect. Messages that are sent again do not wait for it.
            """,
        effect: .value(placeholder: "MS") { options, value throws(UsageError) in
            options.interval = try value.wholeNumber(in: 0...millisecondsMax)
        })

    static let burst = CommandOption(
        short: "b", long: "burst", section: .pace,
        defaultText: "1",
        summary: "new messages per interval",
        details: "Up to N new messages every interval.",
        effect: .value(placeholder: "N") { options, value throws(UsageError) in
            options.burst = Int(try value.wholeNumber(in: 1...1_000_000))
        })

    static let reconnect = CommandOption(
        short: "r", long: "reconnect", section: .recovery,
        summary: "reconnect when the connection fails",
        details: """
            Connect again when the connection fails. Without it the end of the connection is \
            the end of the run, with status 2. A link or session that ends while its \
            connection stays up is opened again with and without it.
            """,
        effect: .flag { $0.mayReconnect = true })

    static let senderRetryInterval = CommandOption(
        short: "s", long: "sender-retry-interval", section: .recovery,
        defaultText: "2000",
        summary: "milliseconds between two attempts",
        details: """
            Wait MS milliseconds between two attempts to open a link, a session or a \
            connection again.
            """,
        effect: .value(placeholder: "MS") { options, value throws(UsageError) in
            options.retryInterval = try value.wholeNumber(in: 1...millisecondsMax)
        })

    static let durable = CommandOption(
        long: "durable", section: .target,
        defaultText: "durable",
        summary: "whether messages outlive the broker",
        details: """
            Whether messages say that the broker must not forget them when it is restarted, \
            and whether a durable target is asked for. A broker that is killed forgets \
            non-durable messages which it had accepted.
            """,
        effect: .pair(negation: "non-durable") { $0.isDurable = $1 })

    static let targetDurability = CommandOption(
        long: "target-durability", section: .target,
        defaultText: "unsettled-state",
        summary: "none, configuration or unsettled-state",
        details: """
            How durable the target is asked to be. With --non-durable the default is none. A \
            broker that already has the queue with another durability may leave the link \
            without an answer: then say here what the queue has.
            """,
        effect: .value(placeholder: "LEVEL") { options, value throws(UsageError) in
            options.targetDurability = try value.word(of: TargetDurability.self)
        })

    static let capability = CommandOption(
        long: "capability", section: .target,
        defaultText: "queue",
        summary: "asked of the target; none: nothing",
        details: """
            A capability asked of the target, instead of the default: queue, topic or a \
            broker's own. May be given several times; none, alone, asks for nothing. With a \
            stock Artemis the subscribers of a topic get nothing if queue is asked for, and \
            what it accepts is dropped if nothing is.
            """,
        repetition: .isCollected,
        effect: .value(placeholder: "NAME") { options, value throws(UsageError) in
            let capability = try value.symbol()
            options.capabilities = (options.capabilities ?? []) + [capability]
        })

    static let quiet = CommandOption(
        short: "q", long: "quiet", section: .other,
        summary: "no line per event, only the summary",
        details: "Print no line per event. The closing summary and errors stay.",
        effect: .flag { $0.isQuiet = true })

    static let help = CommandOption(
        short: "h", long: "help", section: .other,
        summary: "this help; --help says more than -h",
        details: "Print help and end: -h a line for each option, --help all there is to say.",
        effect: .help)

    static let version = CommandOption(
        long: "version", section: .other,
        summary: "the versions of sender and of qpid-proton",
        details: "Print the versions of sender and of the qpid-proton below it, and end.",
        effect: .version)
}
