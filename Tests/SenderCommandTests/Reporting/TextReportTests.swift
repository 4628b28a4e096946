// Events as lines of text.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import ReliableSender
import Testing

@testable import LinkRecovery
@testable import SenderCommand

/// The lines for these reports.
func text(isQuiet: Bool = false, _ reports: Report...) -> Reporter {
    var text = Reporter(isQuiet: isQuiet)
    reports.forEach { text.event($0) }
    return text
}

@Suite struct TextReportTests {
    private static func outcome(
        _ kind: OutcomeReport.Kind, accepted: Int = 0, rejected: Int = 0, released: Int = 0
    ) -> Report {
        .outcome(
            OutcomeReport(
                sequences: [7], kind: kind, accepted: accepted, rejected: rejected,
                released: released))
    }

    private func options(_ url: String, _ arguments: String...) throws -> RunOptions {
        guard case .run(let options) = try parseArguments(["-a", url] + arguments) else {
            throw UsageError("not a run")
        }
        return options
    }

    @Test("with several addresses or links, each line about one says which it is about")
    func labels() throws {
        let options = try options("amqp://h/a", "-a", "amqp://h/b", "--links", "2", "-m", "3")
        var text = TextReport(isQuiet: false, destinations: options.destinations)
        text.add(.begun(options))
        let reports: [(Int, LinkReport)] = [
            (0, .opened(hasCredit: true)), (3, .sendable), (3, .sent(total: 1)),
            (
                3,
                .outcome(
                    OutcomeReport(
                        sequences: [1], kind: .final(.accepted), accepted: 1, rejected: 0,
                        released: 0)
                )
            ),
            (1, .lost(ErrorCondition(name: "x"), at: .attaching)), (1, .reopening(sent: 0)),
            (2, .notice(.reopenedForCredit)),
            (2, .ended(.fatalCondition(ErrorCondition(name: "amqp:not-found")))),
        ]
        for (sender, report) in reports { text.add(.report(.link(SenderID(sender), report))) }
        #expect(
            String(decoding: text.output, as: UTF8.self) == """
                address: amqp://h/a
                address: amqp://h/b
                links: 2
                user:
                password:
                reconnect: F
                message_count: 3
                a link 1: on_sender_open: credit=true
                b link 2: on_sendable
                b link 2: sent=1
                b link 2: accepted: accepted=1 rejected=0 released=0
                a link 2: on_sender_open: credit=false
                a link 2: on_sender_error: x
                a link 2: on_sender_close
                a link 2: reopen_sender - reopening sender, sent reset to 0

                """)
        #expect(
            String(decoding: text.diagnostics, as: UTF8.self) == """
                sender: b link 1: still no credit and nothing in flight: the link is closed and opened again
                sender: b link 1: the peer gave an error that a retry does not cure: amqp:not-found; \
                the others go on

                """)
    }

    @Test("of an input for several addresses it is said what an address that takes nothing means")
    func sharedInput() throws {
        let destinations = try options("amqp://h/a", "-a", "amqp://h/b").destinations
        var text = TextReport(isQuiet: false, destinations: destinations, isInputShared: true)
        text.add(.report(.link(SenderID(1), .notice(.noCredit(after: 5000)))))
        text.add(.report(.link(SenderID(1), .ended(.creditTimedOut(after: 9000)))))
        let lines = String(decoding: text.diagnostics, as: UTF8.self).split(separator: "\n")
        #expect(
            lines[0].hasPrefix("sender: b: the link is open, but no credit has come for 5000 ms"))
        #expect(
            lines[0].hasSuffix(
                "; the input waits for it once the other addresses are a window ahead"))
        #expect(
            lines[1].hasSuffix(
                "; nothing more is taken from standard input, as each message goes to every address"
            ))
    }

    @Test("the summary has a line for each address, and one for all")
    func accounts() throws {
        var text = TextReport(isQuiet: false)
        var summary = Summary()
        summary.taken = 2
        summary.accepted = 2
        text.add(
            .closed(
                Closing(
                    cause: .ended(.finished), summary: summary,
                    accounts: [
                        Closing.Account(address: "a", summary: summary, notTaken: 0),
                        Closing.Account(address: "b", notTaken: 3),
                    ], status: 0)))
        let lines = String(decoding: text.diagnostics, as: UTF8.self).split(separator: "\n")
        let zero = "rejected 0 + given up 0 + unconfirmed 0 + in doubt 0 + unsent 0"
        #expect(
            lines.prefix(3) == [
                "summary: a: taken 2 = accepted 2 + \(zero); not taken 0",
                "summary: b: taken 0 = accepted 0 + \(zero); not taken 3",
                "summary: taken 2 = accepted 2 + \(zero)",
            ])
    }

    /// The demonstration whose lines are kept: 20 messages, and the broker dies after the fifth.
    @Test("the lines are those of the demonstration")
    func demonstration() throws {
        var text = Reporter(isQuiet: false)
        text.report(.begun(try options("amqp://127.0.0.1/link1.test", "-m", "20")))
        text.event(.connectionOpened(peer: "router"))
        text.event(.opened(hasCredit: true))
        for number in 1...5 { message(number, &text) }
        text.event(
            .lost(
                ErrorCondition(
                    name: "qd:routed-link-lost",
                    description: "Connectivity to the peer container was lost"),
                at: .withCredit))
        for _ in 1...2 {
            text.event(.reopening(sent: 5))
            text.event(
                .lost(
                    ErrorCondition(
                        name: "qd:no-route-to-dest",
                        description: "No route to the destination node"),
                    at: .attaching))
        }
        text.event(.reopening(sent: 5))
        text.event(.opened(hasCredit: true))
        for number in 6...20 { message(number, &text) }
        text.report(.finished(hasRefused: false, hasUnconfirmed: false))
        #expect(text.outputText == Self.demonstration)
        #expect(text.diagnosticsText == "")
    }

    private func message(_ number: Int, _ text: inout Reporter) {
        text.event(.sendable)
        text.event(.sent(total: number))
        text.event(.sendable)
        text.event(Self.outcome(.final(.accepted), accepted: number))
    }

    private static var demonstration: String {
        func messages(_ range: ClosedRange<Int>) -> String {
            range.map {
                "on_sendable\nsent=\($0)\non_sendable\naccepted: accepted=\($0) rejected=0 released=0\n"
            }.joined()
        }
        let refused = """
            reopen_sender - reopening sender, sent reset to 5
            on_sender_open: credit=false
            on_sender_error: qd:no-route-to-dest: No route to the destination node
            on_sender_close

            """
        return """
            address: amqp://127.0.0.1/link1.test
            user:
            password:
            reconnect: F
            message_count: 20
            on_sender_open: credit=true

            """ + messages(1...5) + """
                on_sender_error: qd:routed-link-lost: Connectivity to the peer container was lost
                on_sender_close

                """ + refused + refused + """
                    reopen_sender - reopening sender, sent reset to 5
                    on_sender_open: credit=true

                    """ + messages(6...20) + "all messages accepted\n"
    }

    @Test("the header shows the user but no password")
    func header() throws {
        var text = Reporter(isQuiet: false)
        text.report(.begun(try options("amqp://:secret@localhost/q", "-r", "-u", "bo\u{202e}b")))
        #expect(
            text.outputText == """
                address: amqp://localhost/q
                user: bo\\u{202e}b
                password: given
                reconnect: T
                message_count: 100

                """)
    }

    @Test("the duplicate IDs are shown, so that a run can be repeated")
    func duplicateIDs() {
        var text = Reporter(isQuiet: false)
        text.report(.duplicateIDs(DuplicateID(runID: "run")))
        #expect(
            text.diagnosticsText == "sender: messages have _AMQ_DUPL_ID \"run-1\" and so on\n")
        var quiet = Reporter(isQuiet: true)
        quiet.report(.duplicateIDs(DuplicateID(runID: "run")))
        #expect(quiet.diagnosticsText == "")
    }

    @Test(
        "each report has its lines",
        arguments: [
            (
                outcome(.final(.accepted), accepted: 3, rejected: 2, released: 1),
                "accepted: accepted=3 rejected=2 released=1\n", ""
            ),
            (
                outcome(.returned, accepted: 1, released: 9_223_372_036_854_775_807),
                "released: accepted=1 rejected=0 released=9223372036854775807\n", ""
            ),
            (
                outcome(
                    .final(.rejected(ErrorCondition(name: "amqp:x", description: "no\n"))),
                    rejected: 1),
                "rejected: accepted=0 rejected=1 released=0\n",
                "sender: message 7 was rejected: amqp:x: no\\n\n"
            ),
            (
                outcome(.final(.givenUp(.undeliverableHere))), "",
                "sender: message 7 was given up: the broker says that it can't be delivered there\n"
            ),
            (
                outcome(.final(.givenUp(.tooLarge(size: 9, limit: 5)))), "",
                "sender: message 7 was given up: it has 9 bytes, and the link takes at most 5\n"
            ),
            (
                outcome(.final(.givenUp(.redeliveriesUsedUp))), "",
                "sender: message 7 was given up: it was returned more often than --redeliveries allows\n"
            ),
            (outcome(.final(.unconfirmed)), "", ""),
            (
                .lost(ErrorCondition(name: "amqp:x"), at: .withCredit),
                "on_sender_error: amqp:x\non_sender_close\n", ""
            ),
            (
                .lost(ErrorCondition(description: "because"), at: .withoutCredit),
                "on_sender_error: because\non_sender_close\n", ""
            ),
            (.lost(.none, at: .withCredit), "on_sender_close\n", ""),
            (
                .lost(ErrorCondition(name: "amqp:x"), at: .attaching),
                "on_sender_open: credit=false\non_sender_error: amqp:x\non_sender_close\n", ""
            ),
            (.connectionOpened(peer: "router"), "", ""),
            (
                .connectionLost(ErrorCondition(name: "amqp:x", description: "gone"), retryIn: 2000),
                "",
                "sender: connection lost: amqp:x: gone; next attempt in 2000 ms\n"
            ),
            // The end of the run says it.
            (.connectionLost(ErrorCondition(name: "amqp:x"), retryIn: nil), "", ""),
            (
                .sessionLost(ErrorCondition(name: "amqp:x"), retryIn: 7), "",
                "sender: session lost: amqp:x; another in 7 ms\n"
            ),
            (
                .restored(downtime: 4012, attempts: 1, resent: 3), "",
                "sender: credit is back after 4012 ms and 1 attempt, 3 messages sent again\n"
            ),
        ] as [(Report, String, String)])
    func lines(_ report: Report, _ output: String, _ diagnostics: String) {
        let text = text(report)
        #expect(text.outputText == output)
        #expect(text.diagnosticsText == diagnostics)
    }

    @Test(
        "a notice is a sentence on standard error",
        arguments: [
            (.noCredit(after: 5000), "no credit has come for 5000 ms"),
            (.reopenedForCredit, "closed and opened again"),
            (.attachUnanswered(attempt: 2), "attach 2 was not answered"),
            (.attachUnanswered(attempt: 2), "--target-durability"),
            (.attachUnanswered(attempt: 2), "//queues/NAME"),
            (.sessionGivenUp, "another session"),
            (.lookUpUnanswered, "the name server did not answer"),
            (.connectUnanswered, "did not answer the connect"),
            (.beginUnanswered(attempt: 1), "nor was the begin"),
            (.outcomeOverdue(after: 60000), "no outcome after 60000 ms"),
            (.windowClosed(after: 60000), "session window closed"),
            (.routeLost, "lost the route"),
            (.closeUnanswered, "did not answer the close"),
            (.stopping(within: 5000), "up to 5000 ms"),
        ] as [(Notice, String)])
    func notices(_ notice: Notice, _ phrase: String) {
        let text = text(.notice(notice))
        #expect(text.output.isEmpty)
        #expect(text.diagnosticsText.contains(phrase))
        #expect(text.diagnosticsText.hasPrefix("sender: "))
        #expect(text.diagnosticsText.filter { $0 == "\n" }.count == 1)
    }

    @Test("a connection that comes back is reported")
    func connectedAgain() {
        let text = text(
            .connectionOpened(peer: "a"), .connectionLost(.none, retryIn: 1),
            .connectionOpened(peer: "b\u{7}"), .connectionOpened(peer: "c"))
        #expect(
            text.diagnosticsText == """
                sender: connection lost: no reason given; next attempt in 1 ms
                sender: connected again to b\\u{7}

                """)
    }

    @Test("a peer that was never connected is no connection lost, and the first is no return")
    func firstConnection() {
        var text = Reporter(isQuiet: false, peers: ["h:1", "[::1]:2"])
        let refused = ErrorCondition(
            name: "proton:io", description: "Connection refused - disconnected 127.0.0.1:1")
        let unnamed = ErrorCondition(
            name: "name:failed", description: "its name can't be looked up: x")
        text.event(.connectionLost(refused, retryIn: 0, unopened: 0))
        text.event(.connectionLost(unnamed, retryIn: 700, unopened: 1))
        text.event(
            .connectionLost(ErrorCondition(name: "a:b", description: "c"), retryIn: 5, unopened: 0))
        text.event(.connectionOpened(peer: "a"))
        text.event(.connectionLost(refused, retryIn: 1))
        text.event(.connectionOpened(peer: "a"))
        #expect(
            text.diagnosticsText == """
                sender: can't connect to h:1: connection refused; next attempt at once
                sender: can't connect to [::1]:2: its name can't be looked up: x; next attempt in 700 ms
                sender: can't connect to h:1: a:b: c; next attempt in 5 ms
                sender: connected to a
                sender: connection lost: proton:io: Connection refused - disconnected 127.0.0.1:1; \
                next attempt in 1 ms
                sender: connected again to a

                """)
    }

    @Test("a quiet run has no line per event")
    func quiet() throws {
        var text = text(
            isQuiet: true, .opened(hasCredit: true), .sendable, .sent(total: 1),
            Self.outcome(.final(.rejected(.none))), .lost(.none, at: .withCredit),
            .reopening(sent: 1),
            .connectionLost(.none, retryIn: nil), .sessionLost(.none, retryIn: 1),
            .restored(downtime: 1, attempts: 1, resent: 1), .linkGivenUp(.routeLost))
        text.report(.begun(try options("amqp://h/q")))
        text.report(.finished(hasRefused: false, hasUnconfirmed: false))
        #expect(text.output.isEmpty)
        #expect(text.diagnostics.isEmpty)
        text.report(.message("something is wrong"))
        #expect(text.diagnosticsText == "sender: something is wrong\n")
    }

    @Test("the last line says whether all were accepted")
    func lastLine() {
        func last(
            _ end: End, rejected: Int = 0, givenUp: Int = 0, earlier: Int = 0,
            unconfirmed: Int = 0, unconfirmedEarlier: Int = 0
        ) -> String {
            var text = Reporter(isQuiet: false)
            var summary = Summary()
            summary.rejected = rejected
            summary.givenUp = givenUp
            summary.accepted = 1
            summary.unconfirmed = unconfirmed
            let event = RunEvent.completion(
                end, summary, otherRefused: earlier, unconfirmedEarlier: unconfirmedEarlier)
            if let event { text.report(event) }
            return text.outputText
        }
        #expect(last(.finished) == "all messages accepted\n")
        #expect(last(.finished, rejected: 1) == "all messages accounted for\n")
        #expect(last(.finished, givenUp: 1) == "all messages accounted for\n")
        #expect(last(.finished, earlier: 1) == "all messages accounted for\n")
        #expect(last(.finished, unconfirmed: 1) == "all messages sent, unconfirmed\n")
        #expect(last(.finished, unconfirmedEarlier: 1) == "all messages sent, unconfirmed\n")
        #expect(last(.finished, givenUp: 1, unconfirmed: 1) == "all messages accounted for\n")
        #expect(last(.stopped) == "")
        #expect(last(.unflushed(.none), unconfirmed: 1) == "")
        #expect(last(.connectionFailed(.none)) == "")
    }
}
