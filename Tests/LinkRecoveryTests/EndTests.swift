// Rule 11: how a run ends, by itself and when it is told to stop.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

@Suite struct EndTests {
    @Test("when all is final the connection is closed, and its close is waited for")
    func close() {
        var run = Run(messages: 1)
        run.open(credit: 1)
        run.accept(1)
        #expect(run.commands == ["free 1", "closeConnection 1"])
        #expect(run.wait == 5_000)
        run.answerClose()
        #expect(run.commands == ["freeLink 1", "finish"])
        #expect(run.end == .finished)
    }

    @Test("a close that is not answered is aborted, and the run finished all the same")
    func unansweredClose() {
        var run = Run(messages: 1)
        run.open(credit: 1)
        run.accept(1)
        run.pass(5_000)
        #expect(run.notices == [.closeUnanswered])
        #expect(run.commands == ["abortConnection 1"])
        run.pass(1_000)
        #expect(run.end == .finished)
    }

    @Test("with no drain timeout the answer to the close is not waited for")
    func noDrainTimeout() {
        var run = Run(messages: 1) { $0.drainTimeout = 0 }
        run.open(credit: 1)
        run.accept(1)
        #expect(run.commands == ["free 1", "closeConnection 1", "finish"])
    }

    @Test("after the end nothing changes anything")
    func afterTheEnd() {
        var run = Run(messages: 1)
        run.open(credit: 1)
        run.accept(1)
        run.answerClose()
        run.stop()
        run.beginStep()
        run.wake()
        run.loseConnection()
        #expect(run.commands.isEmpty)
        #expect(run.end == .finished)
    }

    private static let lossesBehindTheLastOutcome: [FromPeer] = [
        .lost(.closed), .lost(.closed, .notFound), .lost(.transport), .lost(.authentication),
        .end(), .end(.notFound), .detach(.none), .detach(.notFound), .detach(.routedLinkLost),
    ]

    @Test(
        "what is lost in the batch of the last outcome does not change the end",
        arguments: lossesBehindTheLastOutcome.indices)
    func lossBehindLast(index: Int) {
        for isStopped in [false, true] {
            var run = Run(messages: 2) { $0.retry.attempts = 0 }
            run.isSourceOpen = isStopped
            run.open(credit: 2)
            if isStopped { run.stop() }
            run.receive(
                .outcome(1, .accepted), .outcome(2, .accepted),
                Self.lossesBehindTheLastOutcome[index])
            if run.end == nil { run.answerClose() }
            #expect(run.end == (isStopped ? .stopped : .finished))
            #expect(run.summary.accepted == 2 && run.summary.linkLosses == 0)
        }
    }

    @Test("a message that such a loss leaves in doubt is reason enough to go on, or to fail")
    func doubtBehindLast() {
        for outcome in [
            Outcome.rejected(.refused), .released,
            .modified(deliveryFailed: false, undeliverableHere: true),
        ] {
            var run = Run(messages: 2)
            run.open(credit: 2)
            run.receive(.outcome(1, .accepted), .outcome(2, outcome), .lost(.closed))
            #expect(run.end == .connectionFailed(.none))
            #expect(run.summary.accepted == 1)
        }
    }

    @Test("at the end of the source only the ladder ends the wait")
    func endOfSource() {
        var run = Run(messages: 1)
        run.open(credit: 1)
        run.loseLink()
        for _ in 1...100 {
            run.pass(2_000)
            run.receive(.attach(hasTarget: false), .detach(.noRoute))
        }
        run.pass(2_000)
        run.receive(.attach(), .flow(1))
        run.accept(1)
        run.answerClose()
        #expect(run.end == .finished)
    }

    @Test("a connection that is lost at the end is the answer to the close")
    func lostConnection() {
        for loss in [ConnectionLoss.closed, .transport] {
            var run = Run(messages: 1)
            run.open(credit: 1)
            run.accept(1)
            run.receive(.lost(loss, ErrorCondition(name: "amqp:connection:forced")))
            #expect(run.end == .finished)
        }
    }

    // MARK: Stop

    @Test("after a stop nothing new is taken, and outcomes are waited for")
    func stop() {
        var run = Run(messages: 9)
        run.open(credit: 2)
        run.stop()
        #expect(run.notices == [.stopping(within: 5_000)])
        run.grantCredit(10)
        #expect(run.sent.isEmpty)
        run.accept(1, 2)
        run.answerClose()
        #expect(run.end == .stopped)
        #expect(run.summary.taken == 2)
        #expect(run.summary.accepted == 2)
    }

    @Test("after a stop recovery and sending again go on")
    func recoveryAfterStop() {
        var run = Run(messages: 9)
        run.open(credit: 2)
        run.stop()
        run.loseLink()
        run.reattach(credit: 10)
        #expect(run.sent == [1, 2])
        run.release(1)
        #expect(run.sent == [1])
        run.accept(1, 2)
        run.answerClose()
        #expect(run.end == .stopped)
    }

    @Test("the drain timeout ends the wait, and the account says what is in doubt")
    func drainTimeout() {
        var run = Run(messages: 9)
        run.open(credit: 3)
        run.release(3)
        run.stop()
        run.pass(4_999)
        #expect(run.commands.isEmpty)
        run.pass(1)
        #expect(run.commands == ["closeConnection 1"])
        run.receive(.accept(1))
        run.answerClose()
        #expect(run.end == .stopped)
        #expect(run.summary.accepted == 1)
        #expect(run.summary.inDoubt == 1)
        #expect(run.summary.unsent == 1)
    }

    @Test("with no drain timeout a stop does not wait")
    func stopWithoutWait() {
        var run = Run(messages: 9) { $0.drainTimeout = 0 }
        run.open(credit: 3)
        run.stop()
        run.pass(0)
        #expect(run.commands == ["closeConnection 1", "finish"])
        #expect(run.end == .stopped)
        #expect(run.summary.inDoubt == 3)
    }

    @Test("a stop that comes when the last message is final changes nothing")
    func lateStop() {
        var run = Run(messages: 1)
        run.open(credit: 1)
        run.accept(1)
        run.stop()
        #expect(run.reports.isEmpty)
        run.answerClose()
        #expect(run.end == .finished)
    }

    @Test("a stop with nothing in the ledger ends at once")
    func stopOfEmptyLedger() {
        var run = Run(messages: 9)
        run.open()
        run.stop()
        #expect(run.notices.isEmpty)
        #expect(run.commands == ["closeConnection 1"])
        run.answerClose()
        #expect(run.end == .stopped)
    }

    @Test("a stop while connecting aborts the connect")
    func stopOfConnect() {
        var run = Run(messages: 9)
        run.start()
        run.stop()
        #expect(run.commands == ["abortConnection 1"])
        run.receive(.lost(.transport))
        #expect(run.end == .stopped)
    }

    @Test("a stop while waiting for the next connection ends at once")
    func stopOfWait() {
        var run = Run(messages: 9) { $0.mayReconnect = true }
        run.start()
        run.loseConnection()
        run.stop()
        #expect(run.commands == ["finish"])
        #expect(run.end == .stopped)
    }

    @Test("a stop while reconnecting with messages in doubt waits as long as is allowed")
    func stopWithDoubt() {
        var run = Run(messages: 2) { $0.mayReconnect = true }
        run.open(credit: 1)
        run.loseConnection()
        run.stop()
        run.pass(2_000)
        #expect(run.commands == ["connect 2 to 0"])
        run.pass(3_000)
        #expect(run.commands == ["abortConnection 2"])
        run.receive(.lost(.transport))
        #expect(run.end == .stopped)
        #expect(run.summary.inDoubt == 1)
    }

    @Test("a stop while a link is closing, or a session awaited, keeps its limit")
    func stopOfClosingLink() {
        var run = Run(messages: 2) { $0.outcomeTimeout = 1_000 }
        run.open(credit: 1)
        run.pass(1_000)
        run.stop()
        run.receive(.end())
        run.pass(5_000)
        #expect(run.commands == ["openSession 2", "openLink 2", "closeConnection 1"])
        run.answerClose()
        #expect(run.end == .stopped)
    }

    @Test("a second stop does not put the end off")
    func secondStop() {
        var run = Run(messages: 2)
        run.open(credit: 1)
        run.stop()
        run.pass(3_000)
        run.stop()
        #expect(run.reports.isEmpty)
        run.pass(2_000)
        #expect(run.commands == ["closeConnection 1"])
    }

    @Test("a failure after a stop ends with the failure")
    func failureAfterStop() {
        var run = Run(messages: 2)
        run.open(credit: 1)
        run.stop()
        run.loseConnection()
        #expect(run.end == .connectionFailed(.none))
    }

    @Test("a session or link that is lost while the run ends is not opened again")
    func lossWhileEnding() {
        var run = Run(messages: 1)
        run.open(credit: 1)
        run.accept(1)
        run.receive(.detach())
        #expect(run.commands == [])
        run.receive(.end())
        #expect(run.reports.isEmpty && run.commands == [])
        run.pass(5_000)
        #expect(run.commands == ["abortConnection 1"])
        run.receive(.lost(.transport))
        #expect(run.end == .finished)
    }
}
