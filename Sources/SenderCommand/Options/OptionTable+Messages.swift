// The options of messages and target.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

extension CommandOption {
    static let durable = CommandOption(
        long: "durable", section: .target,
        defaultText: "durable",
        summary: "survive a broker's restart",
        details: """
            Send durable messages, which the broker keeps over a restart, and ask for a \
            durable target. A broker that is killed forgets \
            non-durable messages, even those that it has accepted. With --non-durable, a queue \
            that is already durable may need --target-durability as well.
            """,
        effect: .pair(negation: "non-durable") { $0.prototype.isDurable = $1 })

    static let targetDurability = CommandOption(
        long: "target-durability", section: .target,
        defaultText: "unsettled-state",
        summary: "ask for durability",
        details: """
            Ask for a target of this durability. With --non-durable the default is none. A \
            broker that already has the queue with a different durability may leave the attach \
            unanswered, or refuse it each time as RabbitMQ does: then give the queue's own \
            durability here. A durable one has unsettled-state.
            """,
        completes: .words(of: TerminusDurability.self),
        effect: .value(placeholder: "LEVEL") { options, value throws(UsageError) in
            options.targetDurability = try value.word(of: TerminusDurability.self)
        })

    static let capability = CommandOption(
        long: "capability", section: .target,
        defaultText: "queue",
        summary: "ask for this target capability",
        details: """
            Ask the target for this capability, instead of the default: queue, topic or one of \
            the broker's own. May be given several times; none, alone, asks for nothing. On a \
            stock Artemis, the subscribers of a topic get nothing if queue is asked for, and \
            what is accepted is dropped if nothing is asked for.
            """,
        repetition: .isCollected,
        completes: .words(["queue", "topic", "none"]),
        effect: .value(placeholder: "NAME") { options, value throws(UsageError) in
            let capability = try value.symbol()
            options.capabilities = (options.capabilities ?? []) + [capability]
        })

    static let duplicateID = CommandOption(
        long: "duplicate-id", section: .target,
        summary: "add an id by which a broker drops repeats",
        details: """
            Give each message an application property by which a broker that knows it drops \
            what it already has: then each message arrives once, even after a loss. NAME is \
            the property's key, by default _AMQ_DUPL_ID, which is Artemis'; the value is \
            <run id>-<sequence>. A broker remembers a limited number of ids (a stock Artemis the last \
            20000 of an address). NAME can only be given with =.
            """,
        effect: .optionalValue(placeholder: "NAME", standard: "_AMQ_DUPL_ID") {
            options, value throws(UsageError) in
            options.duplicateIDProperty = try value.printableASCII(countMax: 255)
        })

    static let runID = CommandOption(
        long: "run-id", section: .target,
        summary: "begin the ids with ID (default random)",
        details: """
            Begin the ids of --duplicate-id with ID, which {{run-id}} stands for; random by default. \
            A run with the id of \
            an earlier one is taken for its repetition: the broker drops what it already has.
            """,
        effect: .value(placeholder: "ID") { options, value throws(UsageError) in
            options.runID = try value.printableASCII(countMax: 128)
        })
}
