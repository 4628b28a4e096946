// Every row of the table of exit statuses.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Glibc
import LinkRecovery
import Testing

@testable import SenderCommand

@Suite struct ExitStatusTests {
    private func status(
        _ end: End, signal: Int32? = nil, _ account: (inout Summary) -> Void = { _ in }
    ) -> Int32 {
        var summary = Summary()
        account(&summary)
        return exitStatus(end: end, summary: summary, signal: signal)
    }

    private static let failures: [End] = [
        .connectionFailed(.none), .authenticationRefused(.none), .fatalCondition(.none),
        .attemptsUsedUp(3, .none), .creditTimedOut(after: 1), .unflushed(.none), .settledRefused,
    ]

    @Test("0: all are accepted or unconfirmed")
    func success() {
        #expect(status(.finished) { $0.accepted = 3 } == 0)
        #expect(status(.finished) { $0.unconfirmed = 3 } == 0)
        #expect(status(.finished) == 0)
    }

    @Test("1: some were rejected or given up")
    func refused() {
        #expect(status(.finished) { $0.rejected = 1 } == 1)
        #expect(status(.finished) { $0.givenUp = 1 } == 1)
    }

    @Test("2: the run could not finish", arguments: failures)
    func unfinished(_ end: End) {
        #expect(status(end) { $0.inDoubt = 1 } == 2)
        #expect(status(end) { $0.unsent = 1 } == 2)
        #expect(status(end) { $0.rejected = 1 } == 2)
        // The source was not at its end.
        #expect(status(end) { $0.accepted = 5 } == 2)
    }

    @Test("with messages in doubt or unsent it is never 0")
    func open() {
        #expect(status(.finished) { $0.inDoubt = 1 } == 2)
        #expect(status(.finished) { $0.unsent = 1 } == 2)
        #expect(status(.stopped) == 2)
    }

    @Test("messages that earlier runs had refused count for the last one")
    func earlierRuns() {
        #expect(exitStatus(end: .finished, summary: Summary(), signal: nil, otherRefused: 1) == 1)
        #expect(exitStatus(end: .stopped, summary: Summary(), signal: nil, otherRefused: 1) == 2)
    }

    @Test("65: bad data, unless something is in doubt or unsent")
    func badData() {
        func status(
            _ end: End, _ fault: InputFault, signal: Int32? = nil, inDoubt: Int = 0
        ) -> Int32 {
            var summary = Summary()
            summary.rejected = 1
            summary.inDoubt = inDoubt
            return exitStatus(end: end, summary: summary, signal: signal, inputFault: fault)
        }
        let bad: [InputFault] = [
            .badLine(7, reason: "is bad"), .badContent(sequence: 2, reason: "is bad"),
        ]
        for fault in bad {
            #expect(status(.finished, fault) == 65)
            #expect(status(.finished, fault, signal: SIGINT) == 65)
            #expect(status(.stopped, fault, signal: SIGINT) == 128 + SIGINT)
            #expect(status(.finished, fault, inDoubt: 1) == 2)
            #expect(status(.connectionFailed(.none), fault) == 2)
        }
        // A refusal by the system is no fault of the data.
        #expect(status(.finished, .unreadable(SystemError(number: EIO))) == 2)
    }

    @Test("2: a file could not be written")
    func unwritten() {
        var summary = Summary()
        summary.rejected = 1
        #expect(exitStatus(end: .finished, summary: summary, signal: nil, isRecorded: false) == 2)
        #expect(exitStatus(end: .stopped, summary: summary, signal: nil, isRecorded: false) == 2)
        #expect(
            exitStatus(end: .stopped, summary: summary, signal: SIGINT, isRecorded: false) == 130)
    }

    @Test(
        "128 and its number: a signal",
        arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
    func signals(_ signal: Int32, _ expected: Int32) {
        #expect(status(.stopped, signal: signal) == expected)
        #expect(status(.stopped, signal: signal) { $0.inDoubt = 1 } == expected)
        for end in Self.failures {
            #expect(status(end, signal: signal) { $0.unsent = 1 } == expected)
        }
    }

    @Test("a signal that comes when all is final changes nothing")
    func lateSignal() {
        #expect(status(.finished, signal: SIGINT) == 0)
        #expect(status(.finished, signal: SIGTERM) { $0.rejected = 1 } == 1)
    }

    @Test("64: wrong usage")
    func wrongUsage() {
        #expect(ExitStatus.wrongUsage == 64)
    }
}
