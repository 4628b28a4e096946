// Events as JSON.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import ReliableSender
import Testing

@testable import LinkRecovery
@testable import SenderCommand

@Suite struct JSONReportTests {
    private static let time = #"{"time":"2026-01-31T12:00:00.007Z","event":"#

    private func log(
        as format: LogFormat = .text, hasFile: Bool = true, isQuiet: Bool = false,
        _ reports: Report...
    ) -> JSONReport {
        var log = JSONReport(format: format, hasFile: hasFile, isQuiet: isQuiet) {
            1_769_860_800_007
        }
        reports.forEach { log.add(.report($0)) }
        return log
    }

    /// The lines without what all begin with.
    private func lines(_ bytes: [UInt8]) -> [String] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
            #expect($0.hasPrefix(Self.time))
            return String($0.dropFirst(Self.time.count))
        }
    }

    private func outcome(_ kind: OutcomeReport.Kind) -> Report {
        .outcome(OutcomeReport(sequences: [7], kind: kind, accepted: 1, rejected: 2, released: 3))
    }

    @Test("outcomes that come together are an event for each message")
    func run() {
        let report = OutcomeReport(
            sequences: [9, 10, 3], kind: .final(.accepted), accepted: 3, rejected: 0, released: 0)
        #expect(
            lines(log(.outcome(report)).file) == [
                #""outcome","sequence":9,"outcome":"accepted"}"#,
                #""outcome","sequence":10,"outcome":"accepted"}"#,
                #""outcome","sequence":3,"outcome":"accepted"}"#,
            ])
    }

    @Test("with several addresses or links, each event of one says which it is about")
    func addresses() {
        var log = JSONReport(
            format: .text, hasFile: true, isQuiet: false,
            destinations: Destinations(
                all: [Destination(address: "a"), Destination(address: "b")], linkCount: 2)
        ) { 1_769_860_800_007 }
        let (first, last) = (SenderID(0), SenderID(3))
        log.add(.report(.link(first, .opened(hasCredit: true))))
        log.add(.report(.link(last, .opened(hasCredit: true))))
        log.add(.report(.link(last, .lost(ErrorCondition(name: "x"), at: .withCredit))))
        log.add(.report(.link(first, .lost(.none, at: .withCredit))))
        log.add(.report(.link(first, .ended(.attemptsUsedUp(1, ErrorCondition(name: "x"))))))
        log.add(
            .closed(
                Closing(
                    cause: .ended(.finished),
                    accounts: [Closing.Account(address: "a"), Closing.Account(address: "b")],
                    status: 0)))
        let lines = lines(log.file)
        #expect(
            lines.prefix(5) == [
                #""opened","address":"a","link":1,"level":"link"}"#,
                #""opened","address":"b","link":2,"level":"link"}"#,
                #""interrupted","address":"b","link":2,"level":"link","was_open":true,"condition":"x"}"#,
                #""interrupted","address":"a","link":1,"level":"link","was_open":true}"#,
                #""ended","address":"a","link":1,"end":"attempts_used_up","condition":"x","#
                    + #""text":"gave up after 1 attempt in a row: x"}"#,
            ])
        #expect(lines[5].hasPrefix(#""account","address":"a","taken":0,"#))
        #expect(lines[6].hasPrefix(#""account","address":"b","taken":0,"#))
        #expect(lines[7].hasPrefix(#""closed","end":"finished","status":0,"taken":0,"#))
    }

    @Test("each report that is an event has its fields")
    func fields() {
        let refused = ErrorCondition(name: "amqp:not-allowed", description: "no \"why\"")
        let cases: [(Report, String?)] = [
            (.connectionOpened(peer: "a"), #""opened","level":"connection","peer":"a"}"#),
            (.opened(hasCredit: true), #""opened","level":"link"}"#),
            (.opened(hasCredit: false), nil),
            (.sendable, nil), (.sent(total: 1), nil), (.reopening(sent: 1), nil),
            (outcome(.final(.accepted)), #""outcome","sequence":7,"outcome":"accepted"}"#),
            (outcome(.returned), #""outcome","sequence":7,"outcome":"released"}"#),
            (
                outcome(.final(.rejected(refused))),
                #""outcome","sequence":7,"outcome":"rejected","condition":"amqp:not-allowed","#
                    + #""description":"no \"why\""}"#
            ),
            (
                outcome(.final(.givenUp(.redeliveriesUsedUp))),
                #""outcome","sequence":7,"outcome":"given up","#
                    + #""description":"it was returned more often than --redeliveries allows"}"#
            ),
            (
                .restored(downtime: 8, attempts: 4, resent: 2),
                #""restored","downtime_ms":8,"attempts":4,"resent":2}"#
            ),
            (
                .sessionLost(.none, retryIn: 5),
                #""interrupted","level":"session","was_open":false,"retry_in_ms":5}"#
            ),
            (
                .connectionLost(refused, retryIn: nil, wasOpen: true),
                #""interrupted","level":"connection","was_open":true,"#
                    + #""condition":"amqp:not-allowed","description":"no \"why\""}"#
            ),
            (
                .notice(.connectUnanswered),
                #""notice","notice":"connect_unanswered","#
                    + #""text":"the peer did not answer the connect in time"}"#
            ),
        ]
        for (report, expected) in cases {
            #expect(lines(log(report).file) == (expected.map { [$0] } ?? []))
        }
    }

    @Test("the loss of a link that was open is told from a refusal")
    func refused() {
        let gone = ErrorCondition(name: "qd:routed-link-lost")
        let events = log(
            .opened(hasCredit: true), .lost(gone, at: .withCredit),
            .lost(.none, at: .attaching))
        #expect(
            lines(events.file).dropFirst() == [
                #""interrupted","level":"link","was_open":true,"condition":"qd:routed-link-lost"}"#,
                #""interrupted","level":"link","was_open":false}"#,
            ])
    }

    @Test("a link that is given up is one interruption")
    func givenUp() {
        let events = log(
            .opened(hasCredit: true), .linkGivenUp(.outcomeOverdue(after: 5)),
            .lost(.none, at: .withCredit, wasGivenUp: true),
            .opened(hasCredit: true), .lost(.none, at: .withCredit))
        #expect(
            lines(events.file).filter { $0.hasPrefix(#""interrupted"#) } == [
                #""interrupted","level":"link","was_open":true}"#,
                #""interrupted","level":"link","was_open":true}"#,
            ])
    }

    @Test("the file has all events, standard error those that format and --quiet leave")
    func outputs() {
        let report = Report.restored(downtime: 1, attempts: 1, resent: 1)
        #expect(!log(as: .text, report).file.isEmpty && log(as: .text, report).diagnostics.isEmpty)
        #expect(log(as: .json, report).file == log(as: .json, report).diagnostics)
        let quiet = log(as: .json, isQuiet: true, report)
        #expect(!quiet.file.isEmpty && quiet.diagnostics.isEmpty)
        #expect(log(as: .json, hasFile: false, report).file.isEmpty)
        var closed = log(as: .json, isQuiet: true)
        closed.add(.message("warning: w"))
        closed.add(.duplicateIDs(DuplicateID(runID: "run")))
        closed.add(.closed(Closing(cause: .ended(.finished), notTaken: 0, status: 0)))
        #expect(lines(closed.diagnostics).count == 2)
    }

    @Test("sentences are warnings, hints or messages")
    func sentences() {
        var log = log(as: .json)
        log.add(.message("warning: w"))
        log.add(.message("hint: h"))
        log.add(.message("m"))
        log.add(.hint("c", for: ErrorCondition(name: "amqp:not-found")))
        #expect(
            lines(log.diagnostics) == [
                #""warning","text":"w"}"#, #""hint","text":"h"}"#, #""message","text":"m"}"#,
                #""hint","condition":"amqp:not-found","text":"c"}"#,
            ])
    }

    @Test("the end has the account and the reason")
    func end() {
        var log = log(as: .json)
        var summary = Summary()
        summary.taken = 3
        summary.accepted = 2
        summary.inDoubt = 1
        summary.elapsed = 4000
        log.add(
            .closed(
                Closing(
                    cause: .ended(.stopped), summary: summary, notTaken: 7, signal: 2, status: 130,
                    sentence: "stopped")))
        #expect(
            lines(log.file) == [
                #""closed","end":"stopped","status":130,"signal":"SIGINT","text":"stopped","#
                    + #""taken":3,"accepted":2,"rejected":0,"given_up":0,"unconfirmed":0,"#
                    + #""in_doubt":1,"unsent":0,"not_taken":7,"resent":0,"released":0,"late_outcomes":0,"#
                    + #""link_losses":0,"reconnects":0,"longest_interruption_ms":0,"#
                    + #""elapsed_ms":4000,"rate":0.5,"latency":{"since":"first_send","count":0},"#
                    + #""interruptions":{"count":0}}"#
            ])
    }

    @Test("a run that could not start has an end as well")
    func notStarted() {
        var log = log(as: .text)
        log.add(
            .closed(
                Closing(
                    cause: .couldNotStart, notTaken: 1, status: 2, sentence: "could not start: why")
            ))
        let line = lines(log.file).joined()
        #expect(
            line.hasPrefix(
                #""closed","end":"could_not_start","status":2,"text":"could not start: why","#
                    + #""taken":0,"#))
    }

    @Test("a peer's words stay on their line, and are cut")
    func peerWords() {
        let words = "\u{1b}[2J\n\"\\\u{2028}\u{202e}é" + String(repeating: "x", count: 5000)
        let line = lines(log(.connectionOpened(peer: words)).file).joined()
        #expect(line.contains(#""peer":"\u001b[2J\u000a\"\\\u2028\u202eéxxx"#))
        #expect(line.utf8.count < 1200 && line.hasSuffix("…\"}"))
    }

    @Test("as JSON, standard error has no lines of text")
    func noText() {
        var text = Reporter(isQuiet: false, format: .json, json: log(as: .json, hasFile: false))
        text.event(.restored(downtime: 1, attempts: 1, resent: 1))
        text.report(.message("said"))
        #expect(text.diagnostics.isEmpty)
        #expect(lines(text.json.diagnostics).count == 2)
    }
}
