// The options of reporting.
// SPDX-License-Identifier: Apache-2.0

extension CommandOption {
    static let progress = CommandOption(
        long: "progress", section: .reporting,
        summary: "show a progress line on the terminal",
        details: """
            Draw one line on standard error that updates itself, up to ten times a second: \
            messages accepted, of how many if that is known, rate of the last three seconds, how \
            long the rest will take at the rate of the last ten, in flight, in doubt, and what the \
            run is doing. A line too long for the window loses \
            the least important figures. Messages appear above it, and it is cleared at the end. \
            When standard output is the same terminal, its lines are left out. Without a \
            terminal on standard error, or with TERM=dumb, no line is drawn, and a message says \
            so; in the background it pauses.
            """,
        effect: .flag { $0.reporting.isProgressAsked = true })

    static let stats = CommandOption(
        long: "stats", section: .reporting,
        summary: "print figures every MS milliseconds",
        details: """
            Write a line of figures to standard error every MS milliseconds, also while \
            nothing can be sent: time since the start, messages accepted and their rate in \
            this interval, rejected, in flight, in doubt, sent again, the latencies of this \
            interval, the interruptions so far, and what the run is doing. With --log-format json \
            it is the event stats. The signal SIGUSR1 prints such a line at any time.
            """,
        effect: .value(placeholder: "MS") { options, value throws(UsageError) in
            options.reporting.statsInterval = try value.wholeNumber(
                in: 1...millisecondsMax, of: .time)
        })

    static let metricsFile = CommandOption(
        long: "metrics-file", section: .reporting,
        summary: "keep figures for Prometheus in FILE",
        details: """
            Write the figures of the run to FILE in Prometheus' text format, as the textfile \
            collector of node_exporter reads it from names that end in .prom. FILE, or what a \
            symbolic link of that name leads to, is replaced as a whole at the start, every --stats \
            interval (default 10 s) and at the end. If it can't be written later, this is reported \
            and retried, and sending goes on. \
            docs/operating.md lists the names.
            """,
        completes: .files,
        effect: .value(placeholder: "FILE") { options, value throws(UsageError) in
            options.reporting.metricsFile = try value.path()
        })

    static let metricsLabel = CommandOption(
        long: "metrics-label", section: .reporting,
        summary: "add a label to all figures; repeatable",
        details: """
            A label for all figures of --metrics-file. Each of several runs on one machine needs its \
            own, as in --metrics-label job=orders: node_exporter takes none of its files if two \
            have the same figure with the same labels.
            """,
        repetition: .isCollected,
        effect: .value(placeholder: "KEY=VALUE") { options, value throws(UsageError) in
            options.reporting.metricsLabels.append(try value.metricLabel())
        })

    static let logFormat = CommandOption(
        long: "log-format", section: .reporting,
        defaultText: "text",
        summary: "write standard error as FORMAT",
        details: """
            text: sentences for a person. json: every line on standard error is one JSON object \
            with time and event; with --quiet these are only warnings, messages and the closed \
            event. The result of --check or --dry-run on standard output is JSON as well; the lines \
            of a run there stay text. Mistakes on the command line are reported as text, before \
            anything begins. docs/events.md describes each event.
            """,
        completes: .words(of: LogFormat.self),
        effect: .value(placeholder: "FORMAT") { options, value throws(UsageError) in
            options.reporting.logFormat = try value.word(of: LogFormat.self)
        })

    static let events = CommandOption(
        long: "events", section: .reporting,
        summary: "append events to FILE as JSON lines",
        details: """
            Append each event to FILE as a JSON object on a line, whatever --log-format and \
            --quiet say. FILE is created if it does not exist; it may be a regular file, a named \
            pipe with a reader, a terminal, or /dev/fd/N if the shell has opened N, but no \
            regular file that the run reads or writes otherwise. A reader that does not keep up \
            holds up new messages; beyond 256 KiB events are dropped, and one in their place \
            says how many. When they can't be written, this is reported and retried, \
            sending goes on, and the status is not affected: events are not data. docs/events.md \
            describes each event.
            """,
        completes: .files,
        effect: .value(placeholder: "FILE") { options, value throws(UsageError) in
            options.reporting.events = try value.path()
        })

    static let traceFrames = CommandOption(
        long: "trace-frames", section: .reporting,
        summary: "print each AMQP frame on standard error",
        details: """
            Print each AMQP frame on standard error: its channel, direction (-> is outgoing), \
            performative and its fields. Secrets of the login are left out. Proton's own variables \
            PN_TRACE_FRM, PN_TRACE_RAW and PN_LOG would show them, so they print neither frames \
            nor bytes here.
            """,
        effect: .flag { $0.isTracing = true })

    static let check = CommandOption(
        long: "check", section: .reporting,
        summary: "connect, attach, describe the peer and leave",
        details: """
            Send nothing: connect, open the link, print on standard output what the peer says of \
            itself, line by line, and leave. Status 0: there is credit. 1: the link is open, and \
            there was no credit within --credit-notice. 2: no connection or no link, or standard \
            output could not be written. Each router of --failover is tried once, until one gives \
            credit; --reconnect changes nothing. --open-timeout and --credit-notice are limits \
            here even if they are 0: then 10 and 5 seconds. With --log-format json each router \
            gives one JSON object. The input is not read, and no file of --journal, \
            --rejected-file or --events is opened: the command of a run with --check added checks \
            that run.
            """,
        effect: .flag { $0.reporting.isCheck = true })

    static let dryRun = CommandOption(
        long: "dry-run", section: .reporting,
        summary: "read and encode the input, and send nothing",
        details: """
            Connect to no peer and send nothing, but read and encode all of the input, and print on \
            standard output what would be sent: addresses, number of messages, bytes, the largest \
            message. Each line that is bad data is named on standard error, whatever \
            --on-bad-data says, which decides the status: 65 with stop, else 1. Status 0: nothing is \
            bad. A file on standard input stays where it is, so that a run may follow; of a pipe, \
            what is read is gone. No file of --journal, --rejected-file or --events is opened, and \
            no password asked for.
            """,
        effect: .flag { $0.reporting.isDryRun = true })
}
