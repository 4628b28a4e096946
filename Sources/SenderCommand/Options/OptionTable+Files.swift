// The options of files that a run writes.
// SPDX-License-Identifier: Apache-2.0

extension CommandOption {
    static let journal = CommandOption(
        long: "journal", section: .files,
        summary: "record progress in FILE, to resume a run",
        details: """
            Note in FILE which messages may have been sent and which are final. The same \
            command with the same FILE then sends only what is missing, however the run before \
            ended; how many messages may arrive a second time is reported, and \
            --duplicate-id prevents it. FILE is created if it does not exist; only one run at a \
            time can use it. When it can't be written any more, no new message is taken, and \
            the status is 2. A message that was rejected or given up in an earlier run counts \
            for the status of this one.

            Counted messages and those of --content are noted by their numbers, lines of a \
            regular file on standard input by their places in it: the same file has to be \
            given again, and may have grown. Lines of a pipe are stored themselves; the next \
            run sends those that are not final, and then what its own pipe brings. If that is \
            the pipe of the run before, and that run had read the beginning of a line, the rest \
            of the line is dropped and reported. Another --content, --content-file, --content-size, \
            --body-type or --delimiter than in the first run is wrong usage.

            A note is written before a message is sent and before an outcome is printed, and \
            from then on survives sender, whatever signal kills it: only what was in doubt is \
            sent again. A message is on the disk before it is sent, its outcome about \
            \(Int(Flusher.interval / .milliseconds(1))) ms after it came: a power cut can \
            cause repeats of messages that became final in that time, but never loses a \
            message that was on the disk. Only what was read from a \
            pipe and not noted yet can be lost (see --stdin); when the run ends in good order, \
            that is at most an unfinished line, or what a limit of --messages leaves.
            """,
        completes: .files,
        effect: .value(placeholder: "FILE") { options, value throws(UsageError) in
            options.journal = try value.path()
        })

    static let rejectedFile = CommandOption(
        long: "rejected-file", section: .files,
        summary: "append rejected and given-up messages to FILE",
        details: """
            Append each message that was rejected or given up to FILE, as a line of JSON: \
            time, sequence, outcome ("rejected" or "given up"), condition and description as \
            the peer gave them, or why it was given up, duplicate_id if it has one, and the \
            message itself, so that --json can send the line. In a list or map of the body a \
            number loses its type. --on-bad-data keep adds lines that could not become a message. \
            FILE is created if it does not exist; it must be a regular \
            file. When it can't be written any more, no new message is taken, and the status is \
            2; with --journal the next run sends again what is missing in it.
            """,
        completes: .files,
        effect: .value(placeholder: "FILE") { options, value throws(UsageError) in
            options.rejectedFile = try value.path()
        })
}
