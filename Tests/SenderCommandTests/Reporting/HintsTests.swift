// Hints for errors.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import LinkRecovery
import Testing

@testable import SenderCommand

@Suite struct HintsTests {
    private func hints(mayReconnect: Bool = false) -> Hints {
        Hints(Hints.Context(address: "q", retryInterval: 2000, mayReconnect: mayReconnect))
    }

    private static let framing = "amqp:connection:framing-error"
    private static let header = "Expected SASL protocol header got: "
    private static let failed = "amqp:precondition-failed"
    private static let durable =
        "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/'"

    /// The errors as proton and peers give them, and what the sentence must speak of.
    @Test(
        "the hint for an error is given once",
        arguments: [
            (
                Hints.Level.connection, "proton:io",
                "Connection refused - disconnected 127.0.0.1:9",
                "nothing listens"
            ),
            (
                .connection, "name:failed",
                "its name can't be looked up: Name or service not known",
                "spelled right"
            ),
            (
                .connection, "name:failed",
                "its name can't be looked up: Temporary failure in name resolution",
                "/etc/resolv.conf"
            ),
            (
                .connection, "name:no-answer", "no answer from the name server within 1000 ms",
                "/etc/resolv.conf"
            ),
            (.connection, "proton:io", "No route to host - disconnected 10.0.0.1:9", "no route to"),
            (
                .connection, framing, header + #"Unknown protocol ['\x15\x03\x01\x00']"#,
                "expects TLS"
            ),
            (
                .connection, framing, header + #"AMQP TLS layer ['AMQP\x02\x01\x00\x00']"#,
                "expects TLS"
            ),
            (.connection, framing, header + #"Unknown protocol ['AMQP\x00\x00\x09\x01']"#, "0-9-1"),
            (.connection, framing, header + "Unknown protocol ['HTTP/1.1']", "does not speak AMQP"),
            (
                .connection, framing, header + #"AMQP 1.0 layer ['AMQP\x00\x01\x00\x00']"#,
                "without SASL"
            ),
            (
                .connecting, "proton:io", "Connection reset by peer - disconnected 127.0.0.1:9",
                "amqps://"
            ),
            (
                .connection, framing,
                "Expected SASL protocol header: no protocol header found (connection aborted)",
                "without a reply"
            ),
            (
                .connection, "amqp:resource-limit-exceeded", "local-idle-timeout expired",
                "--idle-timeout"
            ),
            (.connection, "amqp:connection:forced", "", "on purpose"),
            (
                .connecting, "amqp:unauthorized-access", "Authentication failed [mech=OAUTHBEARER]",
                "renew the token"
            ),
            (
                .connection, "amqp:internal-error",
                #"Reader error: {error, {{auth_failure,"Refused"}"#,
                "refuses the session"
            ),
            (.link, "qd:no-route-to-dest", "", "tried again every 2000 ms"),
            (.link, "qd:routed-link-lost", "", "the broker behind it is gone: "),
            (.refusedLink, "qd:routed-link-lost", "", "refuses the link or is gone"),
            (.refusedLink, "qd:routed-link-lost", "", "--target-durability"),
            (.session, failed, durable, "--target-durability"),
            (.link, failed, durable, "--target-durability"),
            (.refusedLink, failed, durable, "--target-durability"),
            (.refusedLink, "amqp:not-found", "", #"no address "q""#),
            (.link, "amqp:not-found", "", #"no address "q""#),
            (.link, "amqp:unauthorized-access", "", "permission"),
            (.link, "amqp:resource-limit-exceeded", "", "limit of its own"),
            (.link, "amqp:link:detach-forced", "", "on purpose"),
            (
                .refusedLink, "amqp:invalid-field",
                #"Attach refused: {amqp_address_v1_not_permitted,{utf8,<<"q">>}}"#, "//queues/q"
            ),
            (
                .session, "amqp:invalid-field",
                #"Attach rejected: {amqp_address_v1_not_permitted,{utf8,<<"q">>}}"#, "//queues/q"
            ),
            (.session, "amqp:not-found", "no queue 'q' in vhost '/'", #"no address "q""#),
            (.credit, "", "", "while a receiver is attached to"),
        ])
    func once(
        level: Hints.Level, name: String, description: String, part: String
    ) {
        var hints = hints()
        let condition = ErrorCondition(name: name, description: description)
        #expect(hints.sentence(level, condition)?.contains(part) == true)
        #expect(hints.sentence(level, condition) == nil)
    }

    @Test("of an address that RabbitMQ does not know, the form is told that the address lacks")
    func unknownDestination() {
        for (address, part) in [
            ("/queues/q", #"before 4.0 knows no address of that form"#),
            ("queues/q", #"as "//queues/q", with two slashes, and before 4.0 as "q""#),
        ] {
            var hints = Hints(
                Hints.Context(address: address, retryInterval: 2000, mayReconnect: false))
            let condition = ErrorCondition(
                name: "amqp:invalid-field",
                description: #"Attach rejected: {unknown_destination,"\#(address)"}"#)
            #expect(hints.sentence(.refusedLink, condition)?.contains(part) == true)
        }
    }

    @Test("an error without a hint gets none")
    func none() {
        var hints = hints()
        let lost = ErrorCondition(name: Self.framing, description: "connection aborted")
        #expect(hints.sentence(.connection, lost) == nil)
        #expect(hints.sentence(.link, .none) == nil)
        #expect(hints.sentence(.session, ErrorCondition(name: "qd:routed-link-lost")) == nil)
        #expect(hints.sentence(.link, ErrorCondition(name: "amqp:invalid-field")) == nil)
        let full = ErrorCondition(name: Self.failed, description: "the queue is full")
        #expect(hints.sentence(.link, full) == nil)
    }

    @Test("-r is named where it is not given")
    func reconnect() {
        let refused = ErrorCondition(name: "proton:io", description: "Connection refused - x")
        var without = hints()
        var with = hints(mayReconnect: true)
        #expect(without.sentence(.connection, refused)?.contains("--reconnect") == true)
        #expect(with.sentence(.connection, refused)?.contains("--reconnect") == false)
    }

    @Test("a hint follows its error, and --quiet has none")
    func quiet() {
        let reports: [Report] = [
            .lost(ErrorCondition(name: "amqp:not-found"), at: .attaching)
        ]
        for isQuiet in [false, true] {
            var text = Reporter(isQuiet: isQuiet, hints: hints())
            reports.forEach { text.event($0) }
            text.endTurn()
            #expect(text.diagnosticsText.hasPrefix("sender: hint: the peer has no") == !isQuiet)
        }
    }

    @Test("a hint stands behind the sentence that names its error, also at the end of a run")
    func order() throws {
        let refused = ErrorCondition(name: "proton:io", description: "Connection refused - x")
        let missing = ErrorCondition(name: "amqp:not-found")
        let ends: [([Report], End, error: String, hint: String)] = [
            (
                [.connectionLost(refused, retryIn: nil, unopened: 0)], .connectionFailed(refused),
                "can't connect to h:1: connection refused", "nothing listens"
            ),
            (
                [.lost(missing, at: .attaching)],
                .fatalCondition(missing), "a retry does not cure", "the peer has no address"
            ),
        ]
        guard case .run(let options) = try parseArguments(["-a", "amqp://h:1/q"]) else { return }
        for (reports, end, error, hint) in ends {
            var text = Reporter(isQuiet: false, hints: hints(), peers: ["h:1"])
            (reports + [.ending(end)]).forEach { text.event($0) }
            text.endTurn()
            text.summary(
                Summary(), notTaken: 1, end: end, options: options, signal: nil, status: 2)
            let lines = text.diagnosticsText.split(separator: "\n").suffix(2)
            #expect(lines.first?.contains(error) == true, "\(lines)")
            #expect(lines.last?.hasPrefix("sender: hint: \(hint)") == true, "\(lines)")
        }
        var text = Reporter(isQuiet: false, hints: hints(), peers: ["h:1"])
        text.event(.connectionLost(refused, retryIn: 5, unopened: 0))
        text.endTurn()
        let lines = text.diagnosticsText.split(separator: "\n")
        #expect(lines.first?.hasSuffix("next attempt in 5 ms") == true && lines.count == 2)
    }

    @Test(
        "only the loss of a link that had credit gives the hint that the broker is gone",
        arguments: [false, true])
    func brokerGone(isQuiet: Bool) {
        let lost = ErrorCondition(name: "qd:routed-link-lost")
        let log = JSONReport(format: .json, hasFile: false, isQuiet: false) { 0 }
        var text = Reporter(isQuiet: isQuiet, format: .json, json: log, hints: hints())
        func hear(_ hasCredit: Bool) -> String {
            text.json.diagnostics.removeAll()
            let reports: [Report] = [
                .lost(lost, at: hasCredit ? .withCredit : .attaching)
            ]
            reports.forEach { text.event($0) }
            return String(decoding: text.json.diagnostics, as: UTF8.self)
        }
        #expect(hear(false).contains("refuses the link or is gone"))
        #expect(hear(true).contains("the broker behind it is gone: "))
        #expect(!hear(false).contains("hint"))
        #expect(!hear(true).contains("hint"))
    }

    @Test("where standard output is hidden, standard error reports the loss of a link")
    func hiddenOutput() {
        var text = Reporter(isQuiet: false, isOutputHidden: true)
        let condition = ErrorCondition(name: "a:b", description: "c")
        text.event(.lost(condition, at: .attaching))
        text.event(.lost(condition, at: .withCredit))
        text.event(.lost(condition, at: .withoutCredit))
        #expect(text.diagnosticsText == "sender: link lost: a:b: c\n")
    }

    @Test("--progress is offered once, when there have been more than 100 messages")
    func progressOffer() {
        let hint =
            "sender: hint: --progress shows one line that updates itself instead of these, -q none\n"
        var text = TextReport(isQuiet: false, offersProgress: true)
        text.add(.report(.link(SenderID(0), .sent(total: 100, count: 100))))
        #expect(text.diagnostics.isEmpty)
        for total in 101...103 {
            text.add(.report(.link(SenderID(0), .sent(total: total, count: 1))))
        }
        #expect(String(decoding: text.diagnostics, as: UTF8.self) == hint)
        var other = TextReport(isQuiet: false)
        other.add(.report(.link(SenderID(0), .sent(total: 200, count: 200))))
        #expect(other.diagnostics.isEmpty)
    }
}
