// Hints for common errors.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import ReliableSender

/// Returns a hint for an error, once per run and kind of error.
struct Hints {
    /// The level at which an error occurred.
    enum Level: Hashable {
        case connection
        /// A connection before the peer's open; entries for ``connection`` apply as well.
        case connecting
        case session
        case link
        /// A link that never had credit; entries for ``link`` apply as well.
        case refusedLink
        /// Missing credit.
        case credit
        /// A rejected message.
        case delivery
    }

    /// Values for the sentences.
    struct Context: Hashable {
        var address: String
        /// nil: a lost link is not reopened.
        var retryInterval: Milliseconds?
        var mayReconnect: Bool

        /// The queue name in an address of the form of RabbitMQ 4.
        var queueName: Substring {
            let forms = ["/queues/", "queues/"]
            let form = forms.first { address.hasPrefix($0) } ?? ""
            return address.dropFirst(form.count)
        }

        var isOfRabbitMQ4: Bool { address.hasPrefix("/queues/") }
    }

    /// A row of the table.
    ///
    /// The first matching row applies. Ambiguous conditions are matched by their description.
    struct Entry {
        var level: Level
        var name: String
        var words: [String] = []
        var sentence: @Sendable (Context) -> String

        func fits(_ level: Level, _ condition: ErrorCondition) -> Bool {
            (self.level == level || self.level == .link && level == .refusedLink
                || self.level == .connection && level == .connecting)
                && name == condition.name
                && (words.isEmpty || words.contains(where: condition.description.contains))
        }
    }

    private var context: Context
    private var given: Set<Int> = []

    init(_ context: Context) {
        self.context = context
    }

    /// The hint for an error, of the link to `address` if it is one; nil for none, or a repeat.
    mutating func sentence(
        _ level: Level, _ condition: ErrorCondition, address: String? = nil
    ) -> String? {
        let index = Hints.table.firstIndex { $0.fits(level, condition) }
        guard let index, given.insert(index).inserted else { return nil }
        if let address { context.address = address }
        return Hints.table[index].sentence(context)
    }
}

extension Hints {
    static let table: [Entry] = connection + link + refusals + delivery + durability

    private static let connection: [Entry] = [
        Entry(level: .connection, name: ConditionName.socketError, words: ["Connection refused"]) {
            "nothing listens on that port: is the router started, and is the port right?"
                + ($0.mayReconnect ? "" : " --reconnect waits for it")
        },
        Entry(level: .connection, name: ConditionName.lookUpUnanswered) { _ in
            "the name servers in /etc/resolv.conf do not answer: is the network, or the tunnel, up?"
        },
        Entry(level: .connection, name: ConditionName.lookUpFailed, words: ["Temporary failure"]) {
            _ in
            "the name servers in /etc/resolv.conf give no answer for now: is the network, or "
                + "the tunnel, up?"
        },
        Entry(level: .connection, name: ConditionName.lookUpFailed) { _ in
            "no name server knows an address of that host: is its name spelled right?"
        },
        Entry(
            level: .connection, name: ConditionName.socketError,
            words: ["No route to host", "Network is unreachable"]
        ) { _ in
            "this machine has no route to that host: is the network, or the tunnel, up?"
        },
        // A TLS alert, as proton shows it.
        Entry(
            level: .connection, name: ConditionName.framingError,
            words: ["protocol header got: AMQP TLS", #"got: Unknown protocol ['\x15\x03"#]
        ) { _ in
            "that port expects TLS: use amqps:// instead of amqp://, or another port"
        },
        Entry(
            level: .connection, name: ConditionName.framingError,
            words: [#"got: Unknown protocol ['AMQP\x00\x00\x09"#]
        ) { _ in
            "that broker speaks AMQP 0-9-1 there, not 1.0: RabbitMQ before 4.0 needs its plugin "
                + "rabbitmq_amqp1_0"
        },
        Entry(
            level: .connection, name: ConditionName.framingError,
            words: ["SASL protocol header got: AMQP 1.0"]
        ) { _ in
            "the peer expects AMQP without SASL, but sender always uses SASL: let the peer offer "
                + "ANONYMOUS"
        },
        Entry(
            level: .connection, name: ConditionName.framingError,
            words: ["no protocol header found"]
        ) { _ in hungUp },
        Entry(
            level: .connecting, name: ConditionName.socketError,
            words: ["Connection reset by peer", "Broken pipe"]
        ) { _ in hungUp },
        Entry(
            level: .connection, name: ConditionName.framingError,
            words: ["protocol header"]
        ) { _ in
            "what listens there does not speak AMQP 1.0: is the port right?"
        },
        Entry(
            level: .connection, name: ConditionName.resourceLimitExceeded,
            words: ["local-idle-timeout expired"]
        ) { _ in
            "the peer was silent for as long as --idle-timeout allows: it hangs, or the network is "
                + "interrupted"
        },
        Entry(
            level: .connecting, name: ConditionName.unauthorizedAccess,
            words: ["[mech=OAUTHBEARER]", "[mech=XOAUTH2]"]
        ) { _ in
            "each connection reads the token's file again: renew the token there"
        },
        // 3.10 logs in a second time for each session, without the token.
        Entry(level: .connection, name: ConditionName.internalError, words: ["auth_failure"]) { _ in
            "RabbitMQ before 4.0 takes a token at the login, and then refuses the session: use "
                + "RabbitMQ 4, or a user with a password"
        },
        Entry(level: .connection, name: ConditionName.connectionForced) { _ in
            "the peer closed the connection on purpose, as when it is shut down"
        },
    ]

    private static let hungUp =
        "the peer hung up without a reply: the port may expect TLS (write amqps:// then), "
        + "or the peer refuses this machine"

    private static let link: [Entry] = [
        Entry(level: .link, name: ConditionName.noRouteToDestination) {
            "the router is there, but no broker is behind the route of \(quoted($0.address)), or "
                + "no route has that address"
                + ($0.retryInterval.map { "; it is tried again every \($0) ms" } ?? "")
        },
        // The router does not pass on the broker's reason. With qdrouterd 1.19, a session that the
        // broker ends for the attach leaves the attach unanswered.
        Entry(level: .refusedLink, name: ConditionName.routedLinkLost) { _ in
            "the router is there, the broker behind it refuses the link or is gone: RabbitMQ "
                + "refuses it if the queue's durability is not that of --target-durability"
        },
        Entry(level: .link, name: ConditionName.routedLinkLost) { _ in
            "the router is still there, the broker behind it is gone: what was in flight is in "
                + "doubt, and is sent again when the broker is back"
        },
        Entry(level: .link, name: ConditionName.resourceLimitExceeded) { _ in
            "the peer has reached a limit of its own, such as memory, disk or links: ask its "
                + "operator which"
        },
        Entry(level: .link, name: ConditionName.detachForced) { _ in
            "the peer ended the link on purpose, as when an operator closes it or deletes the queue"
        },
        Entry(level: .credit, name: "") {
            "without a link route to a broker, a router gives credit only while a receiver is "
                + "attached to \(quoted($0.address)); a broker gives none while its queue is full"
        },
    ]

    /// For an attach that the peer refuses; RabbitMQ 4 ends the session for it.
    private static let refusals = [Level.session, .link].flatMap { level -> [Entry] in
        [
            Entry(level: level, name: ConditionName.notFound) {
                "the peer has no address \(quoted($0.address)) and may not create it: is it spelled "
                    + "right, and does the queue exist?"
            },
            Entry(
                level: level, name: ConditionName.invalidField,
                words: ["amqp_address_v1_not_permitted"]
            ) {
                "RabbitMQ needs the kind of the address: after host and port, write a queue "
                    + "as \(quoted("//queues/" + $0.address)), with two slashes"
            },
            Entry(level: level, name: ConditionName.invalidField, words: ["unknown_destination"]) {
                $0.isOfRabbitMQ4
                    ? "RabbitMQ before 4.0 knows no address of that form: after host and port, write the "
                        + "name of a queue alone, as in \(quoted(String($0.queueName)))"
                        // 4.0.5 says the same as 3.10 about queues/x, which lacks a slash.
                    : "RabbitMQ knows no address of that form: after host and port, a queue is written as "
                        + "\(quoted("//queues/" + $0.queueName)), with two slashes, and before 4.0 as "
                        + "\(quoted(String($0.queueName)))"
            },
            Entry(level: level, name: ConditionName.unauthorizedAccess) {
                "the peer admits this user, but does not let it send to \(quoted($0.address)): "
                    + "give the user that permission"
            },
        ]
    }

    private static let delivery: [Entry] = [
        Entry(level: .delivery, name: "") { _ in
            "the peer rejects messages without a reason: RabbitMQ up to 4.2 does so while a queue is "
                + "full or down; --retryable none sends them again"
        }
    ]

    /// RabbitMQ 3.10 ends the session.
    private static let durability = [Level.session, .link].map { level in
        Entry(level: level, name: ConditionName.preconditionFailed, words: ["durable"]) { _ in
            "the queue has a different durability: for a durable queue "
                + "it is --target-durability unsettled-state, for any other it is none"
        }
    }
}
