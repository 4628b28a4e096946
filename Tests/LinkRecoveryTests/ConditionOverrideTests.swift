// --fatal and --retryable, at each level.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

@Suite struct ConditionOverrideTests {
    private static let name = "qd:link-expiration"
    private static let condition = ErrorCondition(name: name, description: "why")

    private func run(fatal: [String] = [], retryable: [String] = [], accepted: Bool = true) -> Run {
        var run = Run(messages: 3) {
            $0.mayReconnect = true
            $0.fatalConditions = fatal
            $0.retryableConditions = retryable
        }
        run.open(credit: 3)
        if accepted { run.accept(1) }
        return run
    }

    private static let losses: [FromPeer] = [
        .detach(condition), .end(condition), .lost(.closed, condition),
    ]

    @Test("a fatal condition is the end of link, session and connection", arguments: losses.indices)
    func fatal(level: Int) {
        let condition = ConditionOverrideTests.condition
        var run = run(fatal: [condition.name])
        run.receive(ConditionOverrideTests.losses[level])
        if !run.isFinished { run.answerClose() }
        #expect(run.end == .fatalCondition(condition))
        #expect(run.summary.inDoubt == 2)
    }

    @Test(
        "a retryable condition leads to another link, always",
        arguments: ConditionTableTests.fatalAtFirst + ["amqp:link:message-size-exceeded"])
    func retryable(name: String) {
        var run = run(retryable: [name], accepted: false)
        for _ in 1...3 {
            run.receive(.detach(ErrorCondition(name: name)))
            run.reattach(credit: 1)
        }
        #expect(run.attachCount == 0)
        #expect(run.lastLink.number == 4)
    }

    @Test(
        "refused authentication can be retried",
        arguments: [ConnectionLoss.authentication, .closed])
    func authentication(loss: ConnectionLoss) {
        let condition = ErrorCondition(name: "amqp:unauthorized-access")
        var run = Run(messages: 1) {
            $0.mayReconnect = true
            $0.retryableConditions = [condition.name]
        }
        run.start()
        run.receive(.lost(loss, condition))
        #expect(run.wait == 2_000)
    }

    @Test("retryable does not mean that another connection may follow")
    func withoutReconnect() {
        let condition = ConditionOverrideTests.condition
        var run = Run(messages: 1) { $0.retryableConditions = [condition.name] }
        run.start()
        run.receive(.lost(.closed, condition))
        #expect(run.end == .connectionFailed(condition))
    }

    @Test("a rejection with a retryable condition counts as released")
    func retryableRejection() {
        var run = run(retryable: [ErrorCondition.refused.name])
        run.receive(.reject(2))
        #expect(run.outcomes == [.returned])
        #expect(run.summary.released == 1)
    }

    @Test("a rejection with a fatal condition is final, and the run goes on")
    func fatalRejection() {
        var run = run(fatal: [ErrorCondition.noRoom.name])
        run.receive(.reject(2, .noRoom))
        #expect(run.outcomes == [.final(.rejected(.noRoom))])
        #expect(run.end == nil)
        run.accept(3)
        run.answerClose()
        #expect(run.end == .finished)
    }

    @Test("no wish makes a lost route a rejection")
    func lostRoute() {
        var run = run(fatal: [ErrorCondition.routingFailure.name])
        run.receive(.reject(2, .routingFailure))
        #expect(run.outcomes == [.returned])
    }

    @Test("of two wishes that contradict each other, fatal wins")
    func contradiction() {
        let condition = ConditionOverrideTests.condition
        var run = run(fatal: [condition.name], retryable: [condition.name])
        run.receive(.detach(condition))
        run.answerClose()
        #expect(run.end == .fatalCondition(condition))
    }
}
