// The options of what is kept and of how long is waited.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery

extension CommandOption {
    /// More can't be told apart by their delivery tags.
    static let windowMax: Int64 = 16_777_216

    static let window = CommandOption(
        long: "window", section: .limits,
        defaultText: "1000",
        summary: "messages taken and not final; 1: strict order",
        details: """
            How many messages may be taken and not final: in flight, in doubt or waiting to be \
            sent again. With 1 none is sent before the one before it is final, so that they \
            arrive in order whatever is lost.
            """,
        effect: number("N", in: 1...windowMax, into: \.recovery.window))

    static let windowBytes = CommandOption(
        long: "window-bytes", section: .limits,
        defaultText: "1048576",
        summary: "the same in bytes; 0: no bound",
        details: """
            The same in bytes of encoded messages. A larger message goes alone. 0: no bound.
            """,
        effect: number("N", in: 0...1_099_511_627_776, into: \.recovery.windowBytes))

    static let openTimeout = CommandOption(
        long: "open-timeout", section: .limits,
        defaultText: "10000",
        summary: "connect or attach unanswered: tried again",
        details: """
            After MS milliseconds without an answer to a connect or an attach it is tried \
            again, at the third time in a row with another session, then, with --reconnect, \
            with another connection. 0: no limit.
            """,
        effect: milliseconds(into: \.recovery.openTimeout))

    static let idleTimeout = CommandOption(
        long: "idle-timeout", section: .limits,
        defaultText: "30000",
        summary: "a peer silent for so long is lost",
        details: """
            A peer that is silent for MS milliseconds is lost. It is asked to say something \
            more often than that. 0: no limit.
            """,
        effect: milliseconds(into: \.idleTimeout))

    static let outcomeTimeout = CommandOption(
        long: "outcome-timeout", section: .limits,
        defaultText: "60000",
        summary: "no outcome for so long: the link is reopened",
        details: """
            When the oldest message in flight has had no outcome for MS milliseconds the link \
            is given up and opened again, and its messages are sent again. The limit doubles, \
            up to 16 times, as long as nothing is accepted: a slow broker is not a dead one. \
            0: no limit.
            """,
        effect: milliseconds(into: \.recovery.outcomeTimeout))

    static let creditNotice = CommandOption(
        long: "credit-notice", section: .limits,
        defaultText: "5000",
        summary: "no credit for so long: it is said",
        details: """
            When no credit has come for MS milliseconds it is said on standard error. After a \
            minute without credit and with nothing in flight the link is opened again. 0: it \
            is not said.
            """,
        effect: milliseconds(into: \.recovery.creditNotice))

    static let creditTimeout = CommandOption(
        long: "credit-timeout", section: .limits,
        defaultText: "0",
        summary: "no credit for so long: the run ends; 0: no limit",
        details: """
            When no credit has come for MS milliseconds, with or without a link, the run ends \
            with status 2. 0: no limit.
            """,
        effect: milliseconds(into: \.recovery.creditTimeout))

    static let drainTimeout = CommandOption(
        long: "drain-timeout", section: .limits,
        defaultText: "5000",
        summary: "how long a stop and the end wait for others",
        details: """
            After a signal: how long outcomes are waited for, and recovered for. And always: \
            how long the answer to our close, and a slow reader of our output, are waited for. \
            0: not at all.
            """,
        effect: milliseconds(into: \.recovery.drainTimeout))
}
