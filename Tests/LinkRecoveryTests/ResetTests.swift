// Rule 8: what resets the ladder, and what does not.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

@Suite struct ResetTests {
    /// A run whose ladder has had one attempt, so that the next wait is 400 unless it was reset.
    private func climbed(messages: Int = 3, credit: Int = 3) -> Run {
        var run = Run(messages: messages) {
            $0.mayReconnect = true
            $0.retry = RetryPolicy(interval: 200, multiplier: 2, maximum: 5_000)
        }
        run.open(credit: credit)
        run.loseLink()
        #expect(run.wait == 200)
        run.pass(200)
        run.receive(.attach(), .flow(credit))
        return run
    }

    @Test("the first acceptance resets the ladder")
    func firstAcceptance() {
        var run = climbed()
        run.accept(1)
        run.loseLink()
        #expect(run.wait == 200)
    }

    @Test("a final rejection resets the ladder")
    func finalRejection() {
        var run = climbed()
        run.receive(.reject(1))
        run.loseLink()
        #expect(run.wait == 200)
    }

    @Test("neither the attach, nor credit alone, nor a returned message resets it")
    func noReset() {
        var run = climbed(credit: 10)
        run.release(1)
        run.receive(
            .outcome(2, .rejected(.noRoom)),
            .outcome(3, .modified(deliveryFailed: false, undeliverableHere: false)))
        run.pass(4_000)
        run.loseLink()
        #expect(run.wait == 400)
    }

    @Test("an acceptance for an attempt on a lost link does not reset it")
    func earlierAttempt() {
        var run = Run(messages: 3) {
            $0.retry = RetryPolicy(interval: 200, multiplier: 2, maximum: 5_000)
        }
        run.open(credit: 3)
        let (link, tag) = (run.lastLink, run.tag(of: 1))
        run.loseLink()
        run.pass(200)
        run.receive(.attach(), .outcomeOf(tag, on: link, .accepted), .flow(3))
        run.loseLink()
        #expect(run.wait == 400)
    }

    @Test("credit that is held for one maximum interval resets it")
    func heldCredit() {
        var run = climbed(credit: 10)
        run.pass(5_000)
        run.loseLink()
        #expect(run.wait == 200)
    }

    @Test("credit that was used up without an outcome is not held")
    func usedUpCredit() {
        var run = climbed(credit: 2)
        run.pass(6_000)
        run.loseLink()
        #expect(run.wait == 400)
    }

    @Test("credit that comes back is held from then on")
    func returningCredit() {
        var run = climbed(credit: 2)
        run.pass(3_000)
        run.grantCredit(10)
        run.pass(4_999)
        run.loseLink()
        #expect(run.wait == 400)
        run.pass(400)
        run.receive(.attach(), .flow(10))
        run.pass(5_000)
        run.loseLink()
        #expect(run.wait == 200)
    }

    @Test("credit on a route that is lost proves nothing")
    func lostRoute() {
        var run = Run(messages: 3) {
            $0.retry = RetryPolicy(interval: 1_000, multiplier: 2, maximum: 1_000, attempts: 1)
        }
        run.open(credit: 10)
        run.loseLink()
        run.pass(1_000)
        run.receive(.attach(), .flow(10))
        run.pass(900)
        run.receive(.reject(1, .routingFailure))
        run.pass(900)
        run.loseLink()
        run.answerClose()
        #expect(run.end == .attemptsUsedUp(1, .routedLinkLost))
    }
}
