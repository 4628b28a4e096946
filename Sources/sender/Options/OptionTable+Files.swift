// The options of files that are written.
// SPDX-License-Identifier: Apache-2.0

extension CommandOption {
    static let journal = CommandOption(
        long: "journal", section: .files,
        summary: "resume with FILE after our own death",
        details: """
            Note in FILE which messages may have been sent and which are final. The same \
            command with the same FILE then sends only what is missing, whatever became of the \
            run before; what may arrive a second time is told, and --duplicate-id prevents it. \
            FILE is made if it is not there; one run at a time can use it. When it can't be \
            written any more, no new message is taken, and the status is 2. A message that was \
            rejected or given up in an earlier run counts for the status of this one.

            Counted messages and those of --content are noted by their numbers, lines of a \
            regular file on standard input by their places in it: the same file has to be \
            given again, and may have grown. Lines of a pipe are noted themselves; the next \
            run sends those that are not final, and then what its own pipe brings.

            What is noted is written before a message is sent and before an outcome is \
            printed, and outlives sender from then on, killed by whatever signal: only what was \
            in doubt is sent again. It is on the disk about \
            \(Int(JournalFlusher.interval / .milliseconds(1))) ms later, a message from a pipe \
            before it is sent: what a power cut can cost is repeats of what became final in \
            that time, never a message that was on the disk. Lost is only what was read from a \
            pipe and not noted yet (see --stdin); when the run ends in order, nothing but an \
            unfinished line, or what a limit of --messages leaves.
            """,
        completes: .files,
        effect: .value(placeholder: "FILE") { options, value throws(UsageError) in
            options.journal = try value.path()
        })

    static let rejectedFile = CommandOption(
        long: "rejected-file", section: .files,
        summary: "append messages that were rejected or given up to FILE",
        details: """
            Append each message that was rejected or given up to FILE, as a line of JSON: \
            time, sequence, outcome ("rejected" or "given up"), condition and description as \
            the peer gave them, or why it was given up, duplicate_id if it has one, and the \
            message itself, so that --json can send the line. In a list or map of the body a \
            number loses its type. FILE is made if it is not there; it must be a regular file. \
            When it can't be written any more, no new message is taken, and the status is 2.
            """,
        completes: .files,
        effect: .value(placeholder: "FILE") { options, value throws(UsageError) in
            options.rejectedFile = try value.path()
        })
}
