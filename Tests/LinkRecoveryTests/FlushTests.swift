// The end of a run of pre-settled messages: its link is closed, and the answer awaited.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

@Suite struct FlushTests {
    /// A run that has sent all that it has, and has closed its link.
    private func flushing(_ configure: (inout RecoveryOptions) -> Void = { _ in }) -> Run {
        var run = Run(messages: 3) {
            $0.isPreSettled = true
            configure(&$0)
        }
        run.open(credit: 5)
        #expect(run.commands.last == "closeLink 1")
        return run
    }

    @Test("at the end the link is closed, and the connection when that is answered")
    func flush() {
        var run = flushing()
        run.receive(.detach())
        #expect(run.commands == ["closeConnection 1"])
        #expect(run.reports.isEmpty)
        run.answerClose()
        #expect(run.end == .finished)
        #expect(run.summary.unconfirmed == 3)
        #expect(run.summary.linkLosses == 0)
    }

    @Test("bytes that have not left yet do not end the wait")
    func waitingBytes() {
        var run = flushing()
        run.outgoingBytes = 30
        run.pass(59_999)
        #expect(run.commands.isEmpty)
        run.outgoingBytes = 0
        run.receive(.detach())
        run.answerClose()
        #expect(run.end == .finished)
    }

    @Test("an answer that does not come is the end, unflushed")
    func noAnswer() {
        var run = flushing { $0.outcomeTimeout = 1_000 }
        run.pass(999)
        #expect(run.commands.isEmpty)
        run.pass(1)
        #expect(run.commands == ["closeConnection 1"])
        run.answerClose()
        let reason = ErrorCondition(
            description: "no answer to the close of the link within 1000 ms")
        #expect(run.end == .unflushed(reason))
        #expect(run.summary.unconfirmed == 3)
    }

    @Test("a close for want of credit, when the input ends meanwhile, is awaited as well")
    func closeWithoutCredit() {
        var run = Run(messages: 1) { $0.isPreSettled = true }
        run.isSourceOpen = true
        run.open(credit: 1)
        run.pass(60_000)
        #expect(run.commands == ["closeLink 1"])
        run.isSourceOpen = false
        run.beginStep()
        run.wake()
        #expect(run.commands.isEmpty)
        run.receive(.detach())
        #expect(run.commands == ["closeConnection 1"])
        run.answerClose()
        #expect(run.end == .finished)
    }

    @Test("an answer with an error is the end, unflushed")
    func errorAsAnswer() {
        var run = flushing()
        run.receive(.detach(.routedLinkLost))
        #expect(run.reports.contains(.lost(.routedLinkLost, at: .withCredit)))
        run.answerClose()
        #expect(run.end == .unflushed(.routedLinkLost))
    }

    @Test(
        "the loss of the connection meanwhile is the end, unflushed, and no other follows",
        arguments: [true, false])
    func lostConnection(mayReconnect: Bool) {
        var run = flushing { $0.mayReconnect = mayReconnect }
        run.loseConnection(ErrorCondition(name: "amqp:connection:forced"))
        #expect(run.end == .unflushed(ErrorCondition(name: "amqp:connection:forced")))
    }

    @Test("the loss of the session meanwhile is the end, unflushed, and no other follows")
    func lostSession() {
        var run = flushing()
        run.receive(.end(ErrorCondition(name: "amqp:internal-error")))
        #expect(run.commands.contains("closeConnection 1"))
        #expect(!run.commands.contains("openSession 2"))
        run.answerClose()
        #expect(run.end == .unflushed(ErrorCondition(name: "amqp:internal-error")))
    }

    @Test("an answer counts though the connection is lost in the same read")
    func answerBeforeLoss() {
        var run = flushing()
        run.receive(.detach(), .lost(.closed))
        #expect(run.end == .finished)
    }

    @Test("with no outcome timeout only the peer ends the wait")
    func noOutcomeTimeout() {
        var run = flushing { $0.outcomeTimeout = 0 }
        run.pass(1_000_000)
        #expect(!run.isFinished)
        run.receive(.detach())
        run.answerClose()
        #expect(run.end == .finished)
    }

    @Test("a link on which nothing was sent is not closed by itself")
    func nothingSent() {
        var run = Run(messages: 0) { $0.isPreSettled = true }
        run.isSourceOpen = true
        run.open(credit: 5)
        run.stop()
        #expect(run.commands == ["closeConnection 1"])
    }

    @Test("an end that finds no link has nothing to close")
    func noLink() {
        var run = Run(messages: 1) { $0.isPreSettled = true }
        run.isSourceOpen = true
        run.open(credit: 5)
        run.loseLink()
        run.isSourceOpen = false
        run.beginStep()
        run.turn()
        #expect(run.commands == ["closeConnection 1"])
        run.answerClose()
        #expect(run.end == .finished)
        #expect(run.summary.linkLosses == 1)
    }

    // MARK: Stop

    @Test("a stop also closes the link")
    func stop() {
        var run = Run(messages: 3) { $0.isPreSettled = true }
        run.isSourceOpen = true
        run.open(credit: 5)
        run.stop()
        #expect(run.notices == [.stopping(within: 5_000)])
        #expect(run.commands == ["closeLink 1"])
        run.receive(.detach())
        run.answerClose()
        #expect(run.end == .stopped)
    }

    @Test("after a stop the drain timeout ends the wait")
    func drainTimeout() {
        var run = Run(messages: 3) { $0.isPreSettled = true }
        run.isSourceOpen = true
        run.open(credit: 5)
        run.stop()
        run.pass(4_999)
        #expect(run.commands.isEmpty)
        run.pass(1)
        #expect(run.commands == ["closeConnection 1"])
        run.answerClose()
        #expect(run.end == .stopped)
    }

    @Test("a stop during the flush limits it")
    func stopMeanwhile() {
        var run = flushing()
        run.pass(1_000)
        run.stop()
        #expect(run.notices == [.stopping(within: 5_000)])
        run.pass(5_000)
        run.answerClose()
        #expect(run.end == .stopped)
    }

    @Test("a failed flush after a stop is a stop")
    func failureAfterStop() {
        var run = Run(messages: 3) { $0.isPreSettled = true }
        run.isSourceOpen = true
        run.open(credit: 5)
        run.stop()
        run.loseConnection()
        #expect(run.end == .stopped)
    }
}
