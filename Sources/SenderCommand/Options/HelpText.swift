// The texts of -h, --help and --version.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// The version of this command.
let senderVersion = "0.1.0"
/// The date of this version.
let senderVersionDate = "2026-11-21"

/// The text of `--version`.
func versionText(_ proton: ProtonLibrary) -> String {
    "sender \(senderVersion) (compiled for qpid-proton \(proton.headerVersion)"
        + (proton.file.isEmpty ? "" : ", runs on \(printable(proton.file))") + ")\n"
}

/// The text of `-h`: one line per option.
func shortHelp(_ table: [CommandOption] = CommandOption.all) -> String {
    // Aligns the long names of options without a short one.
    let names = table.map { ($0.short == nil ? "    " : "") + $0.synopsis }
    var text = helpHead
    for section in CommandOption.Section.allCases {
        text += "\n\(section.rawValue):\n"
        for (option, name) in zip(table, names) where option.section == section {
            // A longer name leaves its summary less room.
            let gap = String(repeating: " ", count: max(0, nameWidth - name.count) + 2)
            let defaultText = option.defaultText.map { " (default \($0))" } ?? ""
            text += "  \(name)\(gap)\(option.summary)\(defaultText)\n"
        }
    }
    return text + "\n" + wrapped(helpUnits, width: helpWidth, indent: 0) + "\n"
        + wrapped(
            "sender --help NAME explains an option, or a topic: \(helpTopics.joined(separator: ", ")).",
            width: helpWidth, indent: 0)
}

/// Columns of the help, which fits any terminal.
private let helpWidth = 80
/// Columns that most names of options fit in.
private let nameWidth = 30

/// The end of -h.
private let helpUnits =
    "A time may have the unit \(Quantity.time.unitNames), a size \(Quantity.size.unitNames), a count "
    + "\(Quantity.count.unitNames)."

/// The text of `--help`.
func longHelp(_ table: [CommandOption] = CommandOption.all) -> String {
    var text = helpHead
    for section in CommandOption.Section.allCases {
        text += "\n\(section.rawValue):\n"
        for option in table where option.section == section {
            text += "\n" + option.explanation
        }
    }
    for chapter in helpChapters { text += "\n" + chapterText(chapter) }
    return text
}

extension CommandOption {
    /// The text of --help about it.
    var explanation: String {
        let end = defaultText.map { "      Default: \($0).\n" } ?? ""
        return "  \(synopsis)\n" + wrapped(details, width: helpWidth, indent: 6) + end
    }
}

/// The text of a chapter in --help.
func chapterText(_ chapter: (title: String, text: String)) -> String {
    "\(chapter.title):\n\n" + wrapped(chapter.text, width: helpWidth, indent: 2)
}

let helpSynopsis = "sender -a URL [options]"
let helpPurpose =
    "Sends AMQP 1.0 messages through a router network to a broker, and does not lose them."

private let helpHead =
    "Usage: \(helpSynopsis)\n\n" + wrapped(helpPurpose, width: helpWidth, indent: 0)

/// The chapters of --help and the man page besides the options.
///
/// Paragraphs are separated by blank lines; an indented line is a command.
let helpChapters: [(title: String, text: String)] = [
    (
        "Options",
        """
        Options are written as -m 5, -m5, --messages 5 or --messages=5; -r -q as -rq. A value \
        may begin with a minus. Long names can't be abbreviated. If an option is given more \
        than once, the last one counts, but these add up: \
        \(CommandOption.all.filter(\.isRepeatable).map { "--\($0.long)" }.joined(separator: ", ")).
        """
    ),
    (
        "Units",
        """
        A time is a number of milliseconds, or has one of the units \(Quantity.time.unitNames). A \
        size is a number of bytes, or has one of \(Quantity.size.unitNames): k, M and G are powers of \
        1000, the others of 1024. A count is a number, or has one of \(Quantity.count.unitNames). \
        The unit follows the number without a space, and a number with a unit may have decimal \
        places: 1500, 1.5s and 1500ms are the same time.
        """
    ),
    (
        "Placeholders",
        """
        In --content, --subject, --correlation-id, --group-id, the value of a --property that is a \
        string, and a --content-file that is not sent as bytes, these are replaced in each message:

        {{sequence}}: its number.

        {{time}}: the time when it was made, in UTC, as 2026-01-31T12:00:00.000Z.

        {{uuid}}: a random UUID.

        {{run-id}}: that of --run-id or the --journal, else a random one.

        {{address}}: the address that it is sent to.

        {{{{ stands for {{. Another name in double braces is wrong usage, but in a file it stands for \
        itself. A resent message keeps its values, unless another run with the same --journal \
        resends it: then they are new.
        """
    ),
    (
        "Words",
        """
        Taken: a message that the run took from its input to send. The closing summary counts each once. \
        Not taken: one that was asked for or read, but left.

        Credit: how many messages the peer lets us send.

        Outcome: what the peer makes of a message: accepted, rejected, released or modified.

        In flight: sent, and without an outcome.

        Final: accepted, rejected, given up or, with --pre-settled, sent (unconfirmed). It is not \
        sent again.

        Given up: final without an acceptance or rejection, for the reason that is reported: the peer \
        says that it can't be delivered, it is too large, or --redeliveries are used up.

        In doubt: in flight on a link that was lost, or returned as modified. It may have arrived, so it \
        is resent. Unsent: taken, and known not to have arrived.

        Late outcome: one for a message that was final already.

        Window: the messages that are taken and not final; --window and --window-bytes bound it.

        Link loss: a link that had credit is gone, alone or with its session or connection. \
        Interruption: the time from a loss until there is credit again.

        Bad line: a line of standard input that can't become a message.
        """
    ),
    (
        "Delivery guarantee",
        """
        Every message is sent until the broker has accepted or rejected it: at least once. When \
        a link is lost, the messages on it without an outcome are in doubt, as is a message that \
        is returned as modified. They are sent again, oldest first, before any new one. So a \
        message may arrive twice, or after a later one, but only if it was in doubt.

        A released or modified message is sent again, as often as --redeliveries allows. A \
        rejected one is not. One that the broker says can't be delivered is given up. \
        --rejected-file keeps both.

        With --duplicate-id and a broker that knows its property, a message that is sent \
        twice arrives once. With --window 1 messages arrive in order.
        """
    ),
    (
        "Output",
        """
        Standard output has the lines address, user, password, reconnect and message_count, \
        then a line per event: on_sender_open, on_sendable, sent, accepted, rejected, released, \
        on_sender_error, on_sender_close, reopen_sender, and at the end "all messages \
        accepted" or, if some were rejected or given up or bad lines passed over, "all messages \
        accounted for"; with --pre-settled, "all messages sent, unconfirmed". In these lines sent counts the \
        messages that are final or in flight.

        Warnings, reports of the recovery and the closing summary go to standard error. The \
        summary adds up: taken = accepted + rejected + given up + unconfirmed + in doubt + \
        unsent. "Not taken" are the messages beyond these that were asked for, or that were \
        read from standard input. After bad data a sentence behind it names the line.

        A reader that does not keep up holds up new messages but not the connection; beyond \
        256 KiB lines are dropped and counted. If the reader goes away, sending goes on. Lines that \
        can't be written, as to a full disk, are kept up to that size and retried, and hold up \
        nothing; lines missing at the end are reported on the other stream.
        """
    ),
    (
        "Passwords",
        """
        A password is taken from the first of: --password or --password-file; the URL; the connect \
        file; the environment variable SENDER_PASSWORD; a prompt on the terminal. A --failover URL \
        with its own user must also have the password. Instead of a password, --token-file gives \
        a token. No password or token is ever printed or written to a file.
        """
    ),
    (
        "Connect file",
        """
        When the environment variable MESSAGING_CONNECT_FILE names a file in the format of \
        proton's connect.json, --address may be the address alone: scheme, host, port, user, \
        password, virtual_host, sasl and tls come from the file, unless an option overrides \
        them. With a URL in --address the file is ignored.
        """
    ),
    (
        "Environment",
        """
        SENDER_ADDRESS: the URL of --address, if that is not given.

        SENDER_PASSWORD: the password, if none is given otherwise.

        MESSAGING_CONNECT_FILE: the connect file, read if --address has no host.
        """
    ),
    (
        "Signals",
        """
        SIGINT, SIGTERM and SIGHUP end the run gracefully: it takes no new messages, waits for \
        outcomes up to --drain-timeout, and prints the summary. A second signal ends \
        the process at once, unless it is the same one within a tenth of a second, as the \
        command timeout sends it.

        SIGUSR1 prints a line of figures on standard error, as --stats does, also with --quiet.
        """
    ),
    (
        "Exit status",
        """
        0: every message was accepted (with --pre-settled: sent).

        1: finished, but some messages were rejected or given up, or --on-bad-data passed over bad \
        lines.

        2: could not finish: the connection failed without --reconnect, authentication was \
        refused, an error came that a retry does not cure, --retry-attempts were used up, \
        --credit-timeout passed, a file could not be written, or standard input could not be read.

        64: wrong usage, or a file that can't be used; nothing was sent.

        65: bad data in the input: the messages before it are finished, and the line is named.

        With --check, 0: there is credit; 1: the link is open, but there is no credit; 2: there \
        is no link, or standard output could not be written.

        128+n: ended by signal n. A signal that comes when the last message is final changes \
        nothing.
        """
    ),
    (
        "Examples",
        """
        Ten messages, one a second, even if the router dies meanwhile:

            sender -a amqp://127.0.0.1/link1.test -m 10 -r

        A million messages, as fast as they are accepted, each arriving once; the same command \
        goes on after a crash:

            sender -a amqp://127.0.0.1/link1.test -m 1000000 -i 0 -r -q \\
                --duplicate-id --journal sent.journal

        Each line of a growing log as soon as it is written:

            tail -F app.log | sender -a amqp://127.0.0.1/link1.test --stdin -r
        """
    ),
]
