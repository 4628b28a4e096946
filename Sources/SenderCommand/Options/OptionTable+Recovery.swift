// The options of recovery.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import ReliableSender

extension CommandOption {
    static let reconnect = CommandOption(
        short: "r", long: "reconnect", section: .recovery,
        summary: "reconnect when the connection fails",
        details: """
            Connect again when the connection fails. Without it the end of the connection is \
            the end of the run, with status 2. A link or session that ends while its \
            connection stays up is opened again in any case.
            """,
        effect: .flag { $0.recovery.mayReconnect = true })

    static let senderRetryInterval = CommandOption(
        short: "s", long: "sender-retry-interval", section: .recovery,
        defaultText: "2000",
        summary: "wait MS between attempts",
        details: """
            Wait MS milliseconds between two attempts to open a link, a session or a \
            connection again.
            """,
        effect: .value(placeholder: "MS") { options, value throws(UsageError) in
            options.recovery.retry.interval = try value.wholeNumber(
                in: 1...millisecondsMax, of: .time)
        })

    static let retryMultiplier = CommandOption(
        long: "retry-multiplier", section: .recovery,
        defaultText: "1.0",
        summary: "multiply each next wait by X",
        details: """
            Each wait is X times as long as the one before, up to --max-retry-interval. Give \
            both: without that one, no wait grows beyond 2000 ms. The waits begin again with \
            the first when a message is accepted or rejected, or when there has been credit \
            for one --max-retry-interval.
            """,
        effect: .value(placeholder: "X") { options, value throws(UsageError) in
            options.recovery.retry.multiplier = try value.decimalNumber(in: 1...1000)
        })

    static let maxRetryInterval = CommandOption(
        long: "max-retry-interval", section: .recovery,
        defaultText: "2000",
        summary: "wait at most MS milliseconds",
        details: """
            The longest wait between two attempts. It must not be shorter than \
            --sender-retry-interval, which is the default if it is longer than 2000 ms.
            """,
        effect: .value(placeholder: "MS") { options, value throws(UsageError) in
            options.maxRetryInterval = try value.wholeNumber(in: 1...millisecondsMax, of: .time)
        })

    static let retryAttempts = CommandOption(
        long: "retry-attempts", section: .recovery,
        defaultText: "-1",
        summary: "end after N failures; -1: never",
        details: """
            End the run with status 2 after N failed attempts in a row. -1: no limit.
            """,
        effect: number("N", of: .count, in: -1...1_000_000_000, into: \.recovery.retry.attempts))

    static let retryJitter = CommandOption(
        long: "retry-jitter", section: .recovery,
        defaultText: "0",
        summary: "shorten waits at random by up to F",
        details: """
            From 0 to 1. Each wait is drawn at random from wait x (1 - F) to wait, so that \
            many senders do not come back at the same moment.
            """,
        effect: .value(placeholder: "F") { options, value throws(UsageError) in
            options.recovery.retry.jitter = try value.decimalNumber(in: 0...1)
        })

    static let redeliveries = CommandOption(
        long: "redeliveries", section: .recovery,
        defaultText: "-1",
        summary: "resend a returned message N times",
        details: """
            Resend a message that comes back released or modified at most N times, then give it up. \
            Losses of a link, session or connection do not count. -1: no limit.
            """,
        effect: number("N", of: .count, in: -1...1_000_000_000, into: \.recovery.redeliveries))

    /// The most common conditions, for completion.
    private static let commonConditions = [
        ConditionName.connectionForced, ConditionName.internalError, ConditionName.detachForced,
        ConditionName.notFound, ConditionName.resourceDeleted, ConditionName.resourceLimitExceeded,
        ConditionName.unauthorizedAccess, ConditionName.noRouteToDestination,
        ConditionName.routedLinkLost,
    ]

    static let fatal = CommandOption(
        long: "fatal", section: .recovery,
        summary: "end the run on this error condition",
        details: """
            End the run on this error condition, such as qd:no-route-to-dest, instead of retrying. \
            The loss of a link, session or connection with it ends the run, with status 2. A \
            message that is rejected with it is rejected for good. none stands for an error \
            without a condition. May be given several times.
            """,
        repetition: .isCollected,
        completes: .words(commonConditions),
        effect: .value(placeholder: "COND") { options, value throws(UsageError) in
            options.recovery.fatalConditions.append(try value.symbol())
        })

    static let retryable = CommandOption(
        long: "retryable", section: .recovery,
        summary: "keep trying after this error condition",
        details: """
            Keep trying after this error condition, such as amqp:not-found for a queue \
            that will be made. A message that is rejected with it is sent again. none stands for \
            an error without a condition. May be given several times.
            """,
        repetition: .isCollected,
        completes: .words(commonConditions),
        effect: .value(placeholder: "COND") { options, value throws(UsageError) in
            options.recovery.retryableConditions.append(try value.symbol())
        })
}

extension RunOptions {
    /// A warning when --retry-multiplier has no effect.
    var multiplierWarning: String? {
        let retry = sending.recovery.retry
        guard retry.multiplier > 1, retry.maximum <= retry.interval else { return nil }
        return "warning: --retry-multiplier changes nothing, as no wait may be longer than "
            + "\(retry.maximum) ms: give a longer --max-retry-interval"
    }
}
