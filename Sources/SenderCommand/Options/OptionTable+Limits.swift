// The options of windows and timeouts.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

extension CommandOption {
    /// Delivery tags can't distinguish more.
    static let windowMax: Int64 = 16_777_216

    static let window = CommandOption(
        long: "window", section: .limits,
        defaultText: "1000",
        summary: "limit messages not yet final",
        details: """
            Take at most N messages that are not final: in flight, in doubt or waiting to be \
            sent again. With 1, no message is sent before the previous one is final, so they \
            arrive in order whatever is lost.
            """,
        effect: number("N", of: .count, in: 1...windowMax, into: \.recovery.window))

    static let windowBytes = CommandOption(
        long: "window-bytes", section: .limits,
        defaultText: "1048576",
        summary: "limit their bytes; 0: none",
        details: """
            Take at most N bytes of encoded messages that are not final. A larger message goes \
            alone. 0: no bound.
            """,
        effect: number("N", of: .size, in: 0...1_099_511_627_776, into: \.recovery.windowBytes))

    static let openTimeout = CommandOption(
        long: "open-timeout", section: .limits,
        defaultText: "10000",
        summary: "retry a connect or attach",
        details: """
            An attach that is not answered within MS milliseconds is tried again: after the \
            third in a row on another session, then, with --reconnect, on another connection. A \
            connect that is not answered in this time, including the look-up of the host's \
            name, has failed. A name's addresses are tried one after the other, a silent one for its \
            share of the time, but at least 250 ms. 0: no limit.
            """,
        effect: milliseconds(into: \.recovery.openTimeout))

    static let idleTimeout = CommandOption(
        long: "idle-timeout", section: .limits,
        defaultText: "30000",
        summary: "give up a silent peer",
        details: """
            A peer that is silent for MS milliseconds is lost. It is asked for heartbeats that are \
            more frequent. 0: no limit.
            """,
        effect: milliseconds(into: \.idleTimeout))

    static let outcomeTimeout = CommandOption(
        long: "outcome-timeout", section: .limits,
        defaultText: "60000",
        summary: "reopen a link without outcomes",
        details: """
            When the oldest message in flight has had no outcome for MS milliseconds the link \
            is given up and opened again, and its messages are sent again. The limit doubles \
            while nothing is accepted, up to 16 times MS: a slow broker is not a dead one. \
            0: no limit.
            """,
        effect: milliseconds(into: \.recovery.outcomeTimeout))

    static let creditNotice = CommandOption(
        long: "credit-notice", section: .limits,
        defaultText: "5000",
        summary: "report missing credit",
        details: """
            When no credit has come for MS milliseconds, a notice on standard error says so. \
            After a minute without credit and with nothing in flight the link is opened again. \
            0: no notice.
            """,
        effect: milliseconds(into: \.recovery.creditNotice))

    static let creditTimeout = CommandOption(
        long: "credit-timeout", section: .limits,
        defaultText: "0",
        summary: "end without credit; 0: never",
        details: """
            When no credit has come for MS milliseconds, with or without a link, the run ends \
            with status 2. 0: no limit.
            """,
        effect: milliseconds(into: \.recovery.creditTimeout))

    static let drainTimeout = CommandOption(
        long: "drain-timeout", section: .limits,
        defaultText: "5000",
        summary: "limit stopping and closing",
        details: """
            After a signal, wait MS milliseconds for outcomes, and go on recovering. At every end, \
            wait as long for the answer to the close, and for a slow reader of the output. \
            0: don't wait.
            """,
        effect: milliseconds(into: \.recovery.drainTimeout))
}
