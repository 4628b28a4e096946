// The options of the input.
// SPDX-License-Identifier: Apache-2.0

extension CommandOption {
    static let content = CommandOption(
        long: "content", section: .input,
        summary: "send TEXT; {{sequence}} becomes the number",
        details: """
            Send messages whose body is TEXT, one or as many as --messages says. {{sequence}} \
            in it is replaced by the number of the message; sender --help placeholders names the \
            others. --body-type says what type the body has.
            """,
        effect: .value(placeholder: "TEXT") { $0.content = $1.text })

    static let contentFile = CommandOption(
        long: "content-file", section: .input,
        summary: "send the contents of FILE as one message",
        details: """
            Send messages whose body is the contents of FILE, one or as many as --messages says. \
            --body-type says what type the body has. Unless that is binary, placeholders are \
            replaced as in --content.
            """,
        completes: .files,
        effect: .value(placeholder: "FILE") { options, value throws(UsageError) in
            options.contentFile = try value.path()
        })

    static let contentSize = CommandOption(
        long: "content-size", section: .input,
        summary: "send counted messages with bodies of SIZE",
        details: """
            Give counted messages a body of SIZE bytes, all the same: a string or, with --body-type \
            binary, bytes. Their number is the message id only.
            """,
        effect: .value(placeholder: "SIZE") { options, value throws(UsageError) in
            options.contentByteCount = Int(
                try value.wholeNumber(
                    in: 0...Int64(MessageEncoder.encodedByteCountMax), of: .size))
        })

    static let stdin = CommandOption(
        long: "stdin", section: .input,
        summary: "send each line of standard input",
        details: """
            Send a message for each line of standard input, as soon as the line is there. An \
            empty line is an empty message; what follows the last delimiter is also a message \
            if it is not empty, except in a regular file with --journal, which may grow: there it \
            is left to the next run. A carriage return before the line's end is part of the \
            message, and so is a byte-order mark at the beginning of the input, which a message \
            names at the end. With --body-type map and value, which read JSON, blank lines and \
            that mark are left out. By default there is no limit for --messages and no pause between messages.

            Input is read ahead of the broker by 1000 messages or 1 MiB at most, \
            plus 64 KiB. With --messages N, no more than these 64 KiB are read beyond the Nth \
            line of a pipe, and a regular file is left positioned behind the Nth line. At the \
            end, a message says how much of a pipe was read and not taken. --journal keeps \
            what was not taken because of a stop or bad data.

            A line that is too long (--max-line-bytes), or not valid UTF-8 where text is \
            sent, is bad data: nothing from there on is sent, what was before it is finished, \
            the line is named, and the status is 65. --on-bad-data can make the run continue after it.
            """,
        effect: .flag { $0.takesLines = true })

    static let json = CommandOption(
        long: "json", section: .input,
        summary: "send each JSON object of standard input",
        details: """
            Send a message for each line of standard input, which is a JSON object. Its keys, \
            of which none is needed: body (any JSON), body_type, body_file, id, correlation_id, \
            subject, to (see --to), reply_to, content_type, content_encoding, group_id, \
            reply_to_group_id, user_id (strings, which may be empty but for content_type and \
            content_encoding), ttl (milliseconds), priority, durable (true or false), \
            group_sequence (a number), absolute_expiry_time, creation_time (milliseconds since \
            1970, or times), application_properties and annotations (objects). They override the options of the same names; null means none, and the \
            default for durable and id. Any other key is bad data, so that a misspelt one is \
            noticed; but a line of --rejected-file can be sent as it is. Blank lines are left \
            out, and so is a byte-order mark at the beginning of the input. Everything else is as with --stdin.

            The key address sends its line to an address other than that of -a, written as the AMQP address, \
            not as a URL, without control characters: it gets a link of its own when the first line for it \
            comes. Up to 256 such links are \
            open at a time; then the one that has been idle for longest is closed for the next one. The input is \
            read in order: lines for an address without room wait, up to --window or --window-bytes for all of \
            them, and what is behind them waits as well. An address that is refused for good ends the input where \
            a line is for it. With several -a no line may name an address. If the run ends while lines of a regular \
            file wait, the file is left positioned at the first of them.

            A string becomes an AMQP string, a whole number a long, above 2^63 - 1 a ulong (one \
            that does not fit 64 bits is bad data), another number a double, true and false a \
            boolean, null null, an array a list, an object a map. An id that is a number \
            becomes a ulong.

            Another type is asked for with body_type, and in application_properties, \
            annotations, id and correlation_id with a key such as "price:int": string, int, \
            long, ulong, double, bool, symbol, uuid, timestamp (milliseconds since 1970, or a \
            time such as "2026-01-31T12:00:00Z"), binary (base64), list, map or null. A body \
            of body_type binary is a data section, and user_id:binary has bytes that are no text. \
            body_file names a file whose contents are the body, as a data section, or with \
            body_type string as a string. Its path begins at the folder of the input, if that is \
            a regular file, else at the working directory, and must not lead out of it, unless \
            --allow-any-body-file is given; the file must not change before the message is \
            final, if a --journal is to send it again. A key that contains a colon for another \
            reason also needs a type, as in "urn:x:string".
            """,
        effect: .flag { $0.takesJSON = true })

    static let delimiter = CommandOption(
        long: "delimiter", section: .input,
        defaultText: "\\n",
        summary: "split standard input at TEXT",
        details: """
            End each line of --stdin or --json at TEXT, in which \\n, \\t, \\r, \\0 (the NUL of \
            find -print0), \\\\, and \\x with two hexadecimal digits, stand for a byte. So \\r\\n \
            splits what comes from Windows.
            """,
        effect: .value(placeholder: "TEXT") { options, value throws(UsageError) in
            options.delimiter = try value.delimiter()
        })

    static let maxLineBytes = CommandOption(
        long: "max-line-bytes", section: .input,
        defaultText: "\(InputOptions.lineByteCountMaxStandard)",
        summary: "refuse longer lines",
        details: """
            The longest line of --stdin or --json that is taken. A line is kept in memory as a \
            whole, so without a limit a stream without line ends would fill the memory.
            """,
        effect: number(
            "N", of: .size, in: 1...InputOptions.lineByteCountMaxMax,
            into: \.givenLineByteCountMax))

    static let bodyType = CommandOption(
        long: "body-type", section: .input,
        defaultText: "string",
        summary: "encode the body as TYPE",
        details: """
            What the body of a message from --content, --content-file, --content-size or --stdin \
            becomes. \
            string: an AMQP string; it must be valid UTF-8. binary: bytes, in a data \
            section. map: an AMQP map, from a JSON object. value: what JSON of any type \
            becomes with --json.
            """,
        completes: .words(of: BodyType.self),
        effect: .value(placeholder: "TYPE") { options, value throws(UsageError) in
            options.bodyType = try value.word(of: BodyType.self)
        })

    static let allowAnyBodyFile = CommandOption(
        long: "allow-any-body-file", section: .input,
        summary: "let body_file name any file",
        details: """
            Let body_file in a line of --json name a file outside of the input's folder: by a path \
            that begins with a slash, by .., or by a symbolic link. Without this, whoever writes \
            the input can only have files below that folder sent.
            """,
        effect: .flag { $0.isAnyBodyFileAllowed = true })

    static let onBadData = CommandOption(
        long: "on-bad-data", section: .input,
        defaultText: "stop",
        summary: "stop, skip or keep bad lines",
        details: """
            Handle a line of --stdin or --json that can't become a message. stop: send \
            nothing from there on, finish what was before it, and end with status 65. skip: \
            count it and go on. keep: also append it to --rejected-file, before any message \
            behind it is sent: a line of JSON with time, line (its number), outcome \
            ("bad data"), description (the reason), and the bad line itself as text or, if it is \
            not UTF-8, as base64; of a line that is too long, the first --max-line-bytes. Send \
            the corrected text, not the line of the file, which --json refuses. Bad lines have no \
            sequence. They are reported once a second at most, with their number, and counted at \
            the end; the status of a run that finishes is then 1. With --journal, a bad line is \
            read again after a crash only if it was the last that was read.
            """,
        completes: .words(of: OnBadData.self),
        effect: .value(placeholder: "ACTION") { options, value throws(UsageError) in
            options.onBadData = try value.word(of: OnBadData.self)
        })
}

extension CommandOptions {
    /// The default in place of nil, for an option that takes a number.
    fileprivate var givenLineByteCountMax: Int {
        get { lineByteCountMax ?? InputOptions.lineByteCountMaxStandard }
        set { lineByteCountMax = newValue }
    }
}
