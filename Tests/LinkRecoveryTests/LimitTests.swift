// Rule 10: nothing waits for ever.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

@Suite struct LimitTests {
    // MARK: Connect

    @Test("an unanswered connect is aborted, and is the end without -r")
    func connect() {
        var run = Run(messages: 1)
        run.start()
        run.pass(10_000)
        #expect(run.notices == [.connectUnanswered])
        #expect(run.commands == ["abortConnection 1"])
        run.receive(.lost(.transport))
        let reason = ErrorCondition(description: "no answer to the open within 10000 ms")
        #expect(run.end == .connectionFailed(reason))
    }

    @Test("an unanswered connect leads to the next with -r")
    func nextConnect() {
        var run = Run(messages: 1) { $0.mayReconnect = true }
        run.start()
        run.pass(10_000)
        run.receive(.lost(.transport))
        run.pass(2_000)
        #expect(run.commands == ["connect 2 to 0"])
    }

    @Test("an abort that is never reported is taken as the loss")
    func unreportedAbort() {
        var run = Run(messages: 1) { $0.mayReconnect = true }
        run.start()
        run.pass(13_000)
        #expect(run.commands == ["abortConnection 1", "connect 2 to 0"])
        run.beginStep()
        run.handle(.connection(ConnectionID(1), .lost(.transport, .none)))
        run.handle(.batchEnded(ConnectionID(1)))
        run.turn()
        #expect(run.commands.isEmpty)
        run.receive(.open)
        #expect(run.commands == ["openSession 1", "openLink 1"])
    }

    @Test("an open that comes after the abort changes nothing")
    func lateOpen() {
        var run = Run(messages: 1) { $0.mayReconnect = true }
        run.start()
        run.pass(10_000)
        run.beginStep()
        run.handle(.connection(ConnectionID(1), .opened(peer: "late")))
        run.handle(.batchEnded(ConnectionID(1)))
        run.turn()
        #expect(run.commands.isEmpty)
        #expect(run.summary.reconnects == 0)
    }

    @Test("an open limit of 0 is none")
    func noOpenLimit() {
        var run = Run(messages: 1) { $0.openTimeout = 0 }
        run.start()
        run.pass(1_000_000_000)
        #expect(run.commands.isEmpty)
        run.receive(.open)
        run.pass(1_000_000_000)
        #expect(run.commands.isEmpty)
    }

    // MARK: Close of a link

    /// A run that has closed its link and waits for the answer.
    private func closing(_ configure: (inout RecoveryOptions) -> Void = { _ in }) -> Run {
        var run = Run(messages: 2, configure)
        run.open(credit: 1)
        run.receive(.reject(1, .routingFailure))
        run.pass(2_000)
        #expect(run.commands == ["closeLink 1"])
        return run
    }

    @Test("an unanswered close leads to another session", arguments: [0, 10_000] as [Milliseconds])
    func unansweredClose(openTimeout: Milliseconds) {
        var run = closing { $0.openTimeout = openTimeout }
        run.pass(5_000)
        #expect(run.notices == [.closeUnanswered])
        #expect(run.commands == ["freeLink 1", "freeSession 1"])
        run.pass(2_000)
        #expect(run.commands == ["openSession 2", "openLink 2"])
    }

    @Test("a close that does not leave ends the connection, and without -r the run")
    func stuckClose() {
        var run = closing()
        run.outgoingBytes = 1
        run.pass(5_000)
        #expect(run.commands == ["freeLink 1", "abortConnection 1"])
        run.receive(.lost(.transport))
        guard case .connectionFailed? = run.end else {
            Issue.record("ended with \(String(describing: run.end))")
            return
        }
    }

    @Test("a close that does not leave leads to another connection with -r")
    func stuckCloseReconnect() {
        var run = closing { $0.mayReconnect = true }
        run.outgoingBytes = 1
        run.pass(5_000)
        run.receive(.lost(.transport))
        run.pass(2_000)
        #expect(run.commands == ["connect 2 to 0"])
    }

    @Test("a return that comes while a link is closing only counts as late")
    func returnWhileClosing() {
        var run = Run(messages: 2) { $0.outcomeTimeout = 1_000 }
        run.open(credit: 2)
        run.pass(1_000)
        run.receive(.release(1), .reject(2))
        #expect(run.outcomes.isEmpty)
        #expect(run.summary.lateOutcomes == 2)
        #expect(run.summary.unsent == 2)
    }

    @Test("an interruption begins when we give the link up")
    func interruption() {
        var run = closing()
        run.pass(1_000)
        run.loseLink(.none)
        run.reattach(credit: 5)
        #expect(run.summary.longestInterruption == 3_000)
    }

    @Test("acceptances that come while a link is closing count")
    func acceptedWhileClosing() {
        var run = Run(messages: 2) { $0.outcomeTimeout = 1_000 }
        run.open(credit: 2)
        run.pass(1_000)
        run.accept(1)
        #expect(run.outcomes == [.final(.accepted)])
        run.loseLink(.none)
        run.reattach(credit: 2)
        #expect(run.sent == [2])
    }

    // MARK: Credit

    @Test("no credit is said after the notice, and is no more than one sentence")
    func noCredit() {
        var run = Run(messages: 1)
        run.open()
        run.pass(4_999)
        #expect(run.reports.isEmpty)
        run.pass(1)
        #expect(
            run.reports == [
                .opened(hasCredit: false), .linkNotice(.noCredit(after: 5_000)),
            ])
        run.pass(54_000)
        #expect(run.reports.isEmpty)
        run.grantCredit(1)
        #expect(run.sent == [1])
    }

    @Test("without credit and with nothing in flight the link is opened again each minute")
    func reopened() {
        var run = Run(messages: 1)
        run.open()
        for link in 1...5 {
            run.pass(59_999)
            #expect(run.commands.isEmpty)
            run.pass(1)
            #expect(run.notices == [.reopenedForCredit])
            #expect(run.commands == ["closeLink \(link)"])
            run.loseLink(.none)
            run.pass(2_000)
            run.receive(.attach())
        }
    }

    @Test("while something is in flight, missing credit is no reason to open again")
    func notReopened() {
        var run = Run(messages: 2) { $0.outcomeTimeout = 0 }
        run.open(credit: 1)
        run.pass(300_000)
        #expect(run.commands.isEmpty)
        run.accept(1)
        #expect(run.commands == ["free 1"])
        run.pass(59_999)
        #expect(run.commands.isEmpty)
        run.pass(1)
        #expect(run.commands == ["closeLink 1"])
    }

    @Test("credit that is not wanted is not missed")
    func unwantedCredit() {
        var run = Run(messages: 3) {
            $0.window = 1
            $0.creditTimeout = 10_000
        }
        run.open(credit: 1)
        run.pass(50_000)
        #expect(run.reports.isEmpty)
        run.accept(1)
        run.pass(4_999)
        #expect(run.reports.isEmpty)
        run.grantCredit(1)
        #expect(run.sent == [2])
    }

    @Test(
        "a notice that is off, or not due, is not given", arguments: [0, 120_000] as [Milliseconds])
    func noNotice(notice: Milliseconds) {
        var run = Run(messages: 1) { $0.creditNotice = notice }
        run.open()
        run.pass(60_000)
        #expect(run.reports == [.linkGivenUp(.reopenedForCredit, at: .attaching)])
        run.loseLink(.none)
        #expect(run.reports == [.lost(.none, at: .attaching, wasGivenUp: true)])
    }

    @Test("time in which credit was not wanted does not count")
    func unwantedTime() {
        var run = Run(messages: 1) { $0.creditTimeout = 20_000 }
        run.isSourceOpen = true
        run.open(credit: 1)
        run.pass(4_000)
        run.isSourceOpen = false
        run.wake()
        run.pass(30_000)
        #expect(run.reports.isEmpty)
        run.release(1)
        run.pass(4_999)
        #expect(run.reports.isEmpty)
        run.pass(1)
        #expect(run.notices == [.noCredit(after: 5_000)])
        run.pass(14_999)
        #expect(run.commands.isEmpty)
        run.pass(1)
        #expect(run.commands == ["closeConnection 1"])
    }

    @Test("credit that is used up as it comes is not missed")
    func usedUpCredit() {
        var run = Run(messages: 10) { $0.creditTimeout = 20_000 }
        run.open()
        for sequence in 1...5 as ClosedRange<UInt64> {
            run.pass(19_999)
            run.grantCredit(1)
            #expect(run.sent == [sequence])
            run.accept(sequence)
        }
        run.pass(20_000)
        run.answerClose()
        #expect(run.end == .creditTimedOut(after: 20_000))
    }

    @Test("no credit for as long as was allowed is the end")
    func creditLimit() {
        var run = Run(messages: 1) { $0.creditTimeout = 20_000 }
        run.open()
        run.pass(20_000)
        run.answerClose()
        #expect(run.end == .creditTimedOut(after: 20_000))
    }

    @Test("a peer that can't be reached gives no credit either")
    func unreachable() {
        var run = Run(messages: 1) {
            $0.mayReconnect = true
            $0.creditTimeout = 20_000
        }
        run.start()
        for _ in 1...9 {
            run.loseConnection()
            run.pass(2_000)
        }
        #expect(run.end == nil)
        run.loseConnection()
        run.pass(2_000)
        run.receive(.lost())
        #expect(run.end == .creditTimedOut(after: 20_000))
    }

    @Test("links that come and go without credit do not put that end off")
    func linksWithoutCredit() {
        var run = Run(messages: 1) { $0.creditTimeout = 20_000 }
        run.open()
        for _ in 1...9 {
            run.loseLink()
            run.reattach(credit: 0)
        }
        #expect(run.end == nil)
        run.loseLink()
        run.pass(2_000)
        #expect(run.commands.contains("closeConnection 1"))
    }

    // MARK: Outcome

    @Test("the outcome limit counts from the oldest in flight, and gives the link up")
    func outcomeLimit() {
        var run = Run(messages: 10)
        run.open(credit: 1)
        run.pass(30_000)
        run.grantCredit(1)
        run.pass(29_999)
        #expect(run.commands.isEmpty)
        run.pass(1)
        #expect(run.notices == [.outcomeOverdue(after: 60_000)])
        #expect(run.commands == ["closeLink 1"])
        run.loseLink(.none)
        run.reattach(credit: 10)
        #expect(run.sent == Array(1...10))
    }

    @Test("a message that the peer still reads is not overdue, and one that it reads no more is")
    func slowReader() {
        var run = Run(sizes: [1_000]) { $0.outcomeTimeout = 1_000 }
        run.open(credit: 1)
        for left in stride(from: 900, through: 0, by: -100) {
            run.outgoingBytes = left
            run.pass(700)
            #expect(run.notices.isEmpty && run.commands.isEmpty)
        }
        run.pass(2_000)
        #expect(run.notices == [.outcomeOverdue(after: 1_000)])
    }

    @Test("bytes of later messages that leave are no time for the oldest")
    func laterMessagesAreRead() {
        var run = Run(sizes: [100, 1_000]) { $0.outcomeTimeout = 1_000 }
        run.open(credit: 1)
        run.outgoingBytes = 0
        run.pass(500)
        run.outgoingBytes = 1_000
        run.grantCredit(1)
        run.outgoingBytes = 400
        run.pass(400)
        run.outgoingBytes = 100
        run.pass(100)
        #expect(run.notices == [.windowClosed(after: 1_000)])
    }

    @Test("an outcome of the oldest moves the limit to the next")
    func movedLimit() {
        var run = Run(messages: 2)
        run.open(credit: 1)
        run.pass(30_000)
        run.receive(.accept(1), .flow(1))
        run.pass(59_999)
        #expect(run.commands.isEmpty)
        run.pass(1)
        #expect(run.commands == ["closeLink 1"])
    }

    @Test("the outcome limit doubles at each expiry, up to 16 times")
    func doubledLimit() {
        var run = Run(messages: 1) { $0.outcomeTimeout = 1_000 }
        run.open(credit: 1)
        for factor in [1, 2, 4, 8, 16, 16, 16] as [Milliseconds] {
            run.pass(factor * 1_000 - 1)
            #expect(run.commands.isEmpty)
            run.pass(1)
            #expect(run.notices == [.outcomeOverdue(after: factor * 1_000)])
            run.loseLink(.none)
            run.pass(2_000)
            run.receive(.attach(), .flow(1))
        }
    }

    @Test("an acceptance between brings the outcome limit back")
    func limitBack() {
        var run = Run(messages: 2) { $0.outcomeTimeout = 1_000 }
        run.open(credit: 1)
        run.pass(1_000)
        run.loseLink(.none)
        run.pass(2_000)
        run.receive(.attach(), .flow(2))
        run.accept(1)
        run.pass(1_000)
        #expect(run.notices == [.outcomeOverdue(after: 1_000)])
    }

    @Test("an outcome limit of 0 is none")
    func noOutcomeLimit() {
        var run = Run(messages: 1) { $0.outcomeTimeout = 0 }
        run.open(credit: 1)
        run.pass(1_000_000_000)
        #expect(run.commands.isEmpty)
    }
}
