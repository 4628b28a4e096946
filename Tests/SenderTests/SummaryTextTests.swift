// The closing account.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Glibc
import LinkRecovery
import Sending
import Testing

@testable import sender

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

    @Test func everyNumberIsNamed() {
        #expect(
            account.lines == [
                "summary: taken 21 = accepted 1 + rejected 2 + given up 3 + unconfirmed 4 "
                    + "+ in doubt 5 + unsent 6",
                "summary: resent 7, released 9, late outcomes 8, link losses 10, reconnects 11",
                "summary: longest interruption 12 ms, elapsed 13 ms, rate 384.6/s",
            ])
    }

    @Test(arguments: [
        (0, 0, "0.0"), (0, 1000, "0.0"), (20, 20_000, "1.0"), (1, 3000, "0.3"), (2, 3000, "0.7"),
        (1_000_000, 1, "1000000000.0"), (5, 0, "5000.0"),
    ])
    func theRateIsWhatReachedThePeerPerSecond(_ count: Int, _ elapsed: Int64, _ rate: String) {
        var summary = Summary()
        summary.accepted = count
        summary.elapsed = elapsed
        #expect(summary.lines.last?.hasSuffix("rate \(rate)/s") == true)
        summary.accepted = 0
        summary.unconfirmed = count
        #expect(summary.lines.last?.hasSuffix("rate \(rate)/s") == true)
    }

    @Test(
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
                "the peer refused the authentication: amqp:x: why; check user and password; "
                    + "79 of 100 messages not sent"
            ),
            (
                .fatalCondition(condition("amqp:x")), nil,
                "the peer gave an error that trying again does not cure: amqp:x: why; "
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
                "all was sent, but the peer may not have read the last messages: amqp:x: why; "
                    + "79 of 100 messages not sent"
            ),
            (
                .settledRefused, nil,
                "the peer insists on an outcome for every message: leave --pre-settled out; "
                    + "79 of 100 messages not sent"
            ),
        ] as [(End, Int32?, String?)])
    func oneSentenceSaysWhyTheRunEnded(_ end: End, _ signal: Int32?, _ sentence: String?) throws {
        var text = EventText(isQuiet: true)
        text.summary(account, end: end, options: try run(), signal: signal, status: 2)
        let expected = account.lines + (sentence.map { ["sender: \($0)"] } ?? [])
        #expect(text.diagnosticsText == expected.joined(separator: "\n") + "\n")
        #expect(text.output.isEmpty)
    }

    @Test func whatWasFinalBeforeIsNotCountedAsNotTaken() throws {
        var text = EventText(isQuiet: false)
        text.summary(
            account, end: .stopped, options: try run(), signal: SIGINT, status: 130,
            missing: 30)
        #expect(text.diagnosticsText.hasSuffix("; 9 of 100 messages not sent\n"))
    }

    @Test func withReconnectItIsNotSuggested() throws {
        var text = EventText(isQuiet: false)
        text.summary(
            Summary(), end: .connectionFailed(.none), options: try run("-r", "-m1"), signal: nil,
            status: 2)
        #expect(
            text.diagnosticsText.hasSuffix(
                "sender: the connection failed: no reason given; 1 of 1 message not sent\n"))
    }
}
