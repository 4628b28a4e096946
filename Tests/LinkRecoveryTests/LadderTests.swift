// The ladder: link, session, connection, endpoint.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

@Suite struct LadderTests {
    /// Lets an attach run into its limit, and the wait after it pass.
    private func ignoreAttach(_ run: inout Run) {
        run.pass(12_000)
    }

    @Test("an unanswered attach is tried again on the same session")
    func unansweredAttach() {
        var run = Run(messages: 1)
        run.start()
        run.receive(.open)
        run.pass(10_000)
        #expect(run.notices == [.attachUnanswered(attempt: 1)])
        #expect(run.commands == ["freeLink 1"])
        run.pass(2_000)
        #expect(run.commands == ["openLink 2"])
    }

    @Test("three unanswered attaches in a row lead to a new session")
    func threeUnanswered() {
        var run = Run(messages: 1)
        run.start()
        run.receive(.open)
        ignoreAttach(&run)
        ignoreAttach(&run)
        run.pass(10_000)
        #expect(run.notices == [.attachUnanswered(attempt: 3), .sessionGivenUp])
        #expect(run.commands == ["freeLink 3", "freeSession 1"])
        run.pass(2_000)
        #expect(run.commands == ["openSession 2", "openLink 4"])
    }

    @Test("an answered refusal between breaks the row")
    func refusalBetween() {
        var run = Run(messages: 1)
        run.start()
        run.receive(.open)
        ignoreAttach(&run)
        ignoreAttach(&run)
        run.receive(.attach(hasTarget: false), .detach(.noRoute))
        run.pass(2_000)
        for _ in 1...2 {
            ignoreAttach(&run)
            #expect(!run.notices.contains(.sessionGivenUp))
        }
        ignoreAttach(&run)
        #expect(run.notices.contains(.sessionGivenUp))
    }

    @Test("an answer breaks the row even when the session ends before the link")
    func answerBeforeSession() {
        var run = Run(messages: 1)
        run.start()
        run.receive(.open)
        ignoreAttach(&run)
        ignoreAttach(&run)
        run.receive(.attach())
        run.receive(.end())
        run.pass(2_000)
        run.pass(10_000)
        #expect(run.notices == [.attachUnanswered(attempt: 1)])
    }

    @Test("a detach without an attach is an answer")
    func detachAlone() {
        var run = Run(messages: 1)
        run.start()
        run.receive(.open)
        for _ in 1...10 {
            ignoreAttach(&run)
            ignoreAttach(&run)
            run.receive(.detach(.noRoute))
            run.pass(2_000)
        }
        #expect(!run.log.contains { $0.command == "freeSession 1" })
    }

    @Test("with -r the second silent session leads to a new connection")
    func secondSession() {
        var run = Run(messages: 1) { $0.mayReconnect = true }
        run.start()
        #expect(run.commands == ["connect 1 to 0"])
        run.receive(.open)
        for _ in 1...5 { ignoreAttach(&run) }
        run.pass(10_000)
        #expect(run.commands == ["freeLink 6", "abortConnection 1"])
        run.receive(.lost(.transport))
        let reason = ErrorCondition(description: "no attach was answered on two sessions")
        #expect(run.reports == [.connectionLost(reason, retryIn: 2_000)])
        run.pass(2_000)
        #expect(run.commands == ["connect 2 to 0"])
    }

    @Test("an attach that did not even leave goes with its connection")
    func unflushedAttach() {
        var run = Run(messages: 1) { $0.mayReconnect = true }
        run.start()
        run.receive(.open)
        run.outgoingBytes = 1
        run.pass(10_000)
        #expect(run.commands == ["freeLink 1", "abortConnection 1"])
    }

    @Test("what a session says while its connection is aborted is not one more loss")
    func abortedConnection() {
        var run = Run(messages: 1) {
            $0.mayReconnect = true
            $0.retry.multiplier = 2
            $0.retry.maximum = 100_000
        }
        run.start()
        run.receive(.open)
        run.outgoingBytes = 1
        run.pass(10_000)
        run.receive(.end())
        #expect(run.reports.isEmpty)
        run.receive(.lost())
        #expect(run.wait == 2_000)
    }

    @Test("without -r the session's rung repeats")
    func withoutReconnect() {
        var run = Run(messages: 1)
        run.start()
        run.receive(.open)
        for session in 2...6 {
            for _ in 1...3 { ignoreAttach(&run) }
            #expect(run.lastSession.number == UInt64(session))
        }
        #expect(!run.log.contains { $0.command == "abortConnection 1" })
        run.receive(.attach(), .flow(1))
        #expect(run.sent == [1])
    }

    @Test("an answer between two silent sessions keeps the connection")
    func answerBetween() {
        var run = Run(messages: 1) { $0.mayReconnect = true }
        run.start()
        run.receive(.open)
        for _ in 1...3 { ignoreAttach(&run) }
        run.receive(.attach(hasTarget: false), .detach(.noRoute))
        run.pass(2_000)
        for _ in 1...3 { ignoreAttach(&run) }
        #expect(run.lastSession.number == 3)
        #expect(run.lastConnection.number == 1)
    }

    @Test("silence on one connection is not held against the next")
    func nextConnection() {
        var run = Run(messages: 1) { $0.mayReconnect = true }
        run.start()
        run.receive(.open)
        for _ in 1...2 { ignoreAttach(&run) }
        run.loseConnection()
        run.pass(2_000)
        run.receive(.open)
        run.pass(10_000)
        #expect(run.notices == [.attachUnanswered(attempt: 1)])
    }

    @Test("a refusal stays on its rung for ever, at one attach an interval")
    func refusals() {
        var run = Run(messages: 1) { $0.mayReconnect = true }
        run.start()
        run.receive(.open)
        for _ in 1...500 {
            run.receive(.attach(hasTarget: false), .detach(.noRoute))
            #expect(run.commands.count == 1)
            run.pass(1_999)
            #expect(run.commands.isEmpty)
            run.pass(1)
            #expect(run.attachCount == 1)
        }
        #expect(run.lastSession.number == 1)
        #expect(run.lastConnection.number == 1)
    }

    // MARK: Counting

    @Test("attempts are counted over the whole ladder")
    func attempts() {
        var run = Run(messages: 1) {
            $0.mayReconnect = true
            $0.retry = RetryPolicy(interval: 100, multiplier: 2, maximum: 100_000)
        }
        run.open(credit: 1)
        run.receive(.detach())
        #expect(run.wait == 100)
        run.pass(100)
        run.receive(.end())
        #expect(run.wait == 200)
        run.pass(200)
        run.loseConnection()
        #expect(run.wait == 400)
        run.pass(400)
        run.loseConnection()
        #expect(run.wait == 800)
    }

    @Test("attempts that are used up end the run with the last condition")
    func attemptsUsedUp() {
        var run = Run(messages: 1) { $0.retry.attempts = 2 }
        run.open(credit: 1)
        run.loseLink()
        run.pass(2_000)
        run.receive(.attach(hasTarget: false), .detach(.noRoute))
        run.pass(2_000)
        run.receive(.attach(hasTarget: false), .detach(.noRoute))
        #expect(run.commands.contains("closeConnection 1"))
        run.answerClose()
        #expect(run.end == .attemptsUsedUp(2, .noRoute))
    }

    @Test(
        "with no attempts every loss is the end",
        arguments: [LossTests.shapes[0], .end(), .lost()].indices)
    func noAttempts(index: Int) {
        var run = Run(messages: 1) {
            $0.mayReconnect = true
            $0.retry.attempts = 0
        }
        run.open(credit: 1)
        run.receive([LossTests.shapes[0], .end(), .lost()][index])
        if !run.isFinished { run.answerClose() }
        guard case .attemptsUsedUp(0, _)? = run.end else {
            Issue.record("ended with \(String(describing: run.end))")
            return
        }
    }

    @Test("attaches that nothing answers use attempts up", arguments: [1, 3])
    func unansweredAttempts(attempts: Int) {
        var run = Run(messages: 1) { $0.retry.attempts = attempts - 1 }
        run.start()
        run.receive(.open)
        for _ in 1...attempts { run.pass(12_000) }
        #expect(run.commands.contains("closeConnection 1"))
        run.answerClose()
        #expect(run.end == .attemptsUsedUp(attempts - 1, .none))
    }
}
