// Rule 10: nothing waits for ever.
// SPDX-License-Identifier: Apache-2.0

import RecoverySimulation
import Testing

@testable import LinkRecovery

@Suite struct LimitTests {
    // MARK: Connect

    @Test func `an unanswered connect is aborted, and is the end without -r`() {
        var run = Run(messages: 1)
        run.start()
        run.pass(10_000)
        #expect(run.notices == [.connectUnanswered])
        #expect(run.commands == ["abortConnection 1"])
        run.receive(.lost(.transport))
        let reason = Condition(description: "no answer to the open within 10000 ms")
        #expect(run.end == .connectionFailed(reason))
    }

    @Test func `an unanswered connect leads to the next with -r`() {
        var run = Run(messages: 1) { $0.mayReconnect = true }
        run.start()
        run.pass(10_000)
        run.receive(.lost(.transport))
        run.pass(2_000)
        #expect(run.commands == ["connect 2 to 0"])
    }

    @Test func `an abort that is never reported is taken as the loss`() {
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

    @Test func `an open that comes after the abort changes nothing`() {
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

    @Test func `an open limit of 0 is none`() {
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

    @Test(arguments: [0, 10_000] as [Milliseconds])
    func `an unanswered close leads to another session`(openTimeout: Milliseconds) {
        var run = closing { $0.openTimeout = openTimeout }
        run.pass(5_000)
        #expect(run.notices == [.closeUnanswered])
        #expect(run.commands == ["dropLink 1", "dropSession 1"])
        run.pass(2_000)
        #expect(run.commands == ["openSession 2", "openLink 2"])
    }

    @Test func `a close that does not leave ends the connection, and without -r the run`() {
        var run = closing()
        run.outgoingBytes = 1
        run.pass(5_000)
        #expect(run.commands == ["dropLink 1", "abortConnection 1"])
        run.receive(.lost(.transport))
        guard case .connectionFailed? = run.end else {
            Issue.record("ended with \(String(describing: run.end))")
            return
        }
    }

    @Test func `a close that does not leave leads to another connection with -r`() {
        var run = closing { $0.mayReconnect = true }
        run.outgoingBytes = 1
        run.pass(5_000)
        run.receive(.lost(.transport))
        run.pass(2_000)
        #expect(run.commands == ["connect 2 to 0"])
    }

    @Test func `a return that comes while a link is closing only counts as late`() {
        var run = Run(messages: 2) { $0.outcomeTimeout = 1_000 }
        run.open(credit: 2)
        run.pass(1_000)
        run.receive(.release(1), .reject(2))
        #expect(run.outcomes.isEmpty)
        #expect(run.summary.lateOutcomes == 2)
        #expect(run.summary.unsent == 2)
    }

    @Test func `an interruption begins when we give the link up`() {
        var run = closing()
        run.pass(1_000)
        run.loseLink(.none)
        run.reattach(credit: 5)
        #expect(run.summary.longestInterruption == 3_000)
    }

    @Test func `acceptances that come while a link is closing count`() {
        var run = Run(messages: 2) { $0.outcomeTimeout = 1_000 }
        run.open(credit: 2)
        run.pass(1_000)
        run.accept(1)
        #expect(run.outcomes == [.accepted])
        run.loseLink(.none)
        run.reattach(credit: 2)
        #expect(run.sent == [2])
    }

    // MARK: Credit

    @Test func `no credit is said after the notice, and is no more than one sentence`() {
        var run = Run(messages: 1)
        run.open()
        run.pass(4_999)
        #expect(run.reports.isEmpty)
        run.pass(1)
        #expect(
            run.reports == [
                .linkOpened(hasCredit: false), .notice(.noCredit(after: 5_000)),
            ])
        run.pass(54_000)
        #expect(run.reports.isEmpty)
        run.grantCredit(1)
        #expect(run.sent == [1])
    }

    @Test func `without credit and with nothing in flight the link is opened again each minute`() {
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

    @Test func `while something is in flight, missing credit is no reason to open again`() {
        var run = Run(messages: 2) { $0.outcomeTimeout = 0 }
        run.open(credit: 1)
        run.pass(300_000)
        #expect(run.commands.isEmpty)
        run.accept(1)
        #expect(run.commands == ["forget 1"])
        run.pass(59_999)
        #expect(run.commands.isEmpty)
        run.pass(1)
        #expect(run.commands == ["closeLink 1"])
    }

    @Test func `credit that is not wanted is not missed`() {
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

    @Test(arguments: [0, 120_000] as [Milliseconds])
    func `a notice that is off, or not due, is not given`(notice: Milliseconds) {
        var run = Run(messages: 1) { $0.creditNotice = notice }
        run.open()
        run.pass(60_000)
        #expect(run.reports == [.notice(.reopenedForCredit)])
        run.loseLink(.none)
        #expect(run.reports == [.linkOpened(hasCredit: false), .linkClosed])
    }

    @Test func `time in which credit was not wanted does not count`() {
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

    @Test func `credit that is used up as it comes is not missed`() {
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

    @Test func `no credit for as long as was allowed is the end`() {
        var run = Run(messages: 1) { $0.creditTimeout = 20_000 }
        run.open()
        run.pass(20_000)
        run.answerClose()
        #expect(run.end == .creditTimedOut(after: 20_000))
    }

    @Test func `a peer that can't be reached gives no credit either`() {
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

    @Test func `links that come and go without credit do not put that end off`() {
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

    @Test func `the outcome limit counts from the oldest in flight, and gives the link up`() {
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

    @Test func `an outcome of the oldest moves the limit to the next`() {
        var run = Run(messages: 2)
        run.open(credit: 1)
        run.pass(30_000)
        run.receive(.accept(1), .flow(1))
        run.pass(59_999)
        #expect(run.commands.isEmpty)
        run.pass(1)
        #expect(run.commands == ["closeLink 1"])
    }

    @Test func `the outcome limit doubles at each expiry, up to 16 times`() {
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

    @Test func `an acceptance between brings the outcome limit back`() {
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

    @Test func `an outcome limit of 0 is none`() {
        var run = Run(messages: 1) { $0.outcomeTimeout = 0 }
        run.open(credit: 1)
        run.pass(1_000_000_000)
        #expect(run.commands.isEmpty)
    }
}
