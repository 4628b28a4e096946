// The closing summary.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Glibc
import LinkRecovery
import ReliableSender
import Testing

@testable import SenderCommand

@Suite struct SummaryTextTests {
    private static func condition(_ name: String) -> ErrorCondition {
        ErrorCondition(name: name, description: "why")
    }

    private var account: Summary {
        var summary = Summary()
        summary.taken = 21
        summary.accepted = 1
        summary.rejected = 2
        summary.givenUp = 3
        summary.unconfirmed = 4
        summary.inDoubt = 5
        summary.unsent = 6
        summary.resent = 7
        summary.lateOutcomes = 8
        summary.released = 9
        summary.linkLosses = 10
        summary.reconnects = 11
        summary.longestInterruption = 12
        summary.elapsed = 13
        return summary
    }

    @Test("every number is named")
    func numbers() {
        #expect(
            account.lines(notTaken: 14) == [
                "summary: taken 21 = accepted 1 + rejected 2 + given up 3 + unconfirmed 4 "
                    + "+ in doubt 5 + unsent 6; not taken 14",
                "summary: resent 7, released 9, late outcomes 8, link losses 10, reconnects 11",
                "summary: longest interruption 12 ms, elapsed 13 ms, rate 384.6/s",
            ])
    }

    @Test("latencies and interruptions have a line each, and the first says from when they count")
    func timings() {
        var figures = TimingFigures()
        #expect(account.lines(notTaken: 0, figures).count == 3)
        figures.timings.latencies.add(99)
        figures.start = .due
        #expect(
            account.lines(notTaken: 0, figures)[2]
                == "summary: latency from when due: count 1, min 0.099, mean 0.099, p50 0.099, "
                + "p95 0.099, p99 0.099, p99.9 0.099, max 0.099 ms")
        figures.timings.interruptions.add(123_456)
        let lines = account.lines(notTaken: 0, figures)
        #expect(lines.count == 5)
        #expect(lines[3].hasPrefix("summary: interruptions: count 1, min 123.5, mean 123.5, "))
    }

    @Test(
        "the rate is that of messages that reached the peer",
        arguments: [
            (0, 0, "0.0"), (0, 1000, "0.0"), (20, 20_000, "1.0"), (1, 3000, "0.3"),
            (2, 3000, "0.7"),
            (1_000_000, 1, "1000000000.0"), (5, 0, "5000.0"),
        ])
    func rate(_ count: Int, _ elapsed: Int64, _ rate: String) {
        var summary = Summary()
        summary.accepted = count
        summary.elapsed = elapsed
        #expect(summary.lines(notTaken: 0).last?.hasSuffix("rate \(rate)/s") == true)
        summary.accepted = 0
        summary.unconfirmed = count
        #expect(summary.lines(notTaken: 0).last?.hasSuffix("rate \(rate)/s") == true)
    }

    @Test(
        "one sentence says why the run ended",
        arguments: [
            (.finished, nil, nil),
            (.stopped, SIGINT, "stopped by SIGINT; 79 of 100 messages not sent"),
            (.stopped, SIGTERM, "stopped by SIGTERM; 79 of 100 messages not sent"),
            (.stopped, SIGHUP, "stopped by SIGHUP; 79 of 100 messages not sent"),
            (
                .connectionFailed(condition("amqp:x")), SIGINT,
                "the connection failed: amqp:x: why; add -r to reconnect; "
                    + "79 of 100 messages not sent"
            ),
            (
                .authenticationRefused(condition("amqp:x")), nil,
                "the peer refused the authentication: amqp:x: why; it requires a login: "
                    + "add --user USER, or see --sasl-mechanisms; "
                    + "79 of 100 messages not sent"
            ),
            (
                .fatalCondition(condition("amqp:x")), nil,
                "the peer gave an error that a retry does not cure: amqp:x: why; "
                    + "79 of 100 messages not sent"
            ),
            (
                .attemptsUsedUp(1, condition("amqp:x")), nil,
                "gave up after 1 attempt in a row: amqp:x: why; 79 of 100 messages not sent"
            ),
            (
                .attemptsUsedUp(3, .none), nil,
                "gave up after 3 attempts in a row; 79 of 100 messages not sent"
            ),
            (
                .stopped, nil,
                "stopped because a file can't be written; 79 of 100 messages not sent"
            ),
            (
                .creditTimedOut(after: 5), nil,
                "gave up after 5 ms without credit, as --credit-timeout says; "
                    + "79 of 100 messages not sent"
            ),
            (
                .unflushed(condition("amqp:x")), nil,
                "everything was sent, but the peer may not have read the last messages: amqp:x: why; "
                    + "79 of 100 messages not sent"
            ),
            (
                .settledRefused, nil,
                "the peer insists on an outcome for every message: leave --pre-settled out; "
                    + "79 of 100 messages not sent"
            ),
        ] as [(End, Int32?, String?)])
    func reason(_ end: End, _ signal: Int32?, _ sentence: String?) throws {
        var text = Reporter(isQuiet: true)
        text.summary(
            account, notTaken: 79, end: end, options: try run(), signal: signal, status: 2)
        let expected = account.lines(notTaken: 79) + (sentence.map { ["sender: \($0)"] } ?? [])
        #expect(text.diagnosticsText == expected.joined(separator: "\n") + "\n")
        #expect(text.output.isEmpty)
    }

    @Test("messages that were final before are not counted as not sent")
    func finalBefore() throws {
        var text = Reporter(isQuiet: false)
        text.summary(
            account, notTaken: try #require(account.notTakenCount(of: 30)), end: .stopped,
            options: try run(), signal: SIGINT, status: 130)
        #expect(text.diagnosticsText.hasSuffix("; 9 of 100 messages not sent\n"))
    }

    @Test("with -r it is not suggested")
    func reconnect() throws {
        var text = Reporter(isQuiet: false)
        text.summary(
            Summary(), notTaken: 1, end: .connectionFailed(.none), options: try run("-r", "-m1"),
            signal: nil, status: 2)
        #expect(
            text.diagnosticsText.hasSuffix(
                "sender: the connection failed: no reason given; 1 of 1 message not sent\n"))
    }

    @Test("how many were not sent is known where messages are counted")
    func notSent() {
        #expect(account.notTakenCount(of: 100) == 79)
        // The journal's messages may be more than were missing.
        #expect(account.notTakenCount(of: 20) == 0)
        #expect(account.notTakenCount(of: nil) == nil)
        #expect(account.lines(notTaken: nil).first?.hasSuffix("unsent 6") == true)
    }

    @Test(
        "after a fault of the input the end names it",
        arguments: [
            (
                .finished, .badLine(7, reason: "is bad"), "bad_data",
                "line 7 of standard input is bad", 7
            ),
            (
                .finished, .badContent(sequence: 3, reason: "is bad"), "bad_data",
                "the content of message 3 is bad", nil
            ),
            (
                .finished, .unreadable(SystemError(number: EIO)), "input_failed",
                "standard input could not be read: Input/output error", nil
            ),
            (
                .connectionFailed(.none), .badLine(7, reason: "is bad"), "connection_failed",
                "the connection failed: no reason given; add -r to reconnect; "
                    + "line 7 of standard input is bad", 7
            ),
        ] as [(End, InputFault, String, String, Int?)])
    func badInput(
        _ end: End, _ fault: InputFault, _ code: String, _ start: String, _ line: Int?
    ) throws {
        var text = Reporter(
            isQuiet: true,
            json: JSONReport(format: .text, hasFile: true, isQuiet: true, wallClock: { 0 }))
        text.summary(
            account, notTaken: 2, end: end, fault: fault, options: try run("--stdin"), signal: nil,
            status: 65)
        let sentence = start + "; nothing from there on was taken"
        #expect(text.diagnosticsText.hasSuffix("sender: \(sentence)\n"))
        let event = String(decoding: text.json.file, as: UTF8.self)
        #expect(event.contains(#""end":"\#(code)""#), "\(event)")
        #expect(event.contains(#""text":"\#(sentence)""#), "\(event)")
        #expect(event.contains(#""line":"#) == (line != nil), "\(event)")
        if let line { #expect(event.contains(#""line":\#(line),"#), "\(event)") }
        #expect(event.contains(#""unsent":6,"not_taken":2,"#), "\(event)")
    }
}
