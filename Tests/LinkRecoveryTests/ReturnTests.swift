// Rule 5: what becomes of messages that come back.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

@Suite struct ReturnTests {
    static let returns: [Outcome] = [
        .released, .modified(deliveryFailed: false, undeliverableHere: false), .none,
        .rejected(.noRoom),
    ]

    @Test(
        "what a living link returns is sent again at once, then at the retry policy's pace",
        arguments: returns.indices)
    func returned(
        index: Int
    ) {
        let outcome = ReturnTests.returns[index]
        var run = Run(messages: 1) {
            $0.retry = RetryPolicy(interval: 100, multiplier: 2, maximum: 5_000)
        }
        run.open(credit: 100)
        run.receive(.outcome(1, outcome))
        #expect(run.sent == [1])
        #expect(run.outcomes == [.returned])
        for delay in [100, 200, 400] as [Milliseconds] {
            run.receive(.outcome(1, outcome))
            #expect(run.sent.isEmpty)
            #expect(run.wait == delay)
            run.pass(delay)
            #expect(run.sent == [1])
        }
        #expect(run.summary.released == 4)
    }

    @Test("while one message is held back, others are sent")
    func others() {
        var run = Run(messages: 3) { $0.window = 2 }
        run.open(credit: 100)
        run.release(1)
        run.release(1)
        #expect(run.sent.isEmpty)
        run.accept(2)
        #expect(run.sent == [3])
    }

    @Test("a new link clears the pace")
    func newLink() {
        var run = Run(messages: 2) {
            $0.retry = RetryPolicy(interval: 100, multiplier: 10, maximum: 60_000)
        }
        run.open(credit: 100)
        run.release(1)
        run.release(1)
        run.pass(100)
        run.release(1)
        #expect(run.wait == 1_000)
        run.loseLink()
        run.pass(100)
        run.receive(.attach(), .flow(10))
        #expect(run.sent == [1, 2])
    }

    @Test("a held back message waits for credit without a wake-up in the past")
    func noCredit() {
        var run = Run(messages: 1)
        run.open(credit: 2)
        run.release(1)
        run.release(1)
        run.pass(4_000)
        #expect(run.sent.isEmpty)
        run.grantCredit(1)
        #expect(run.sent == [1])
    }

    @Test("rejected is final and keeps the peer's condition")
    func rejected() {
        var run = Run(messages: 1)
        run.open(credit: 10)
        run.receive(.reject(1))
        #expect(run.outcomes == [.final(.rejected(.refused))])
        #expect(run.commands == ["free 1", "closeConnection 1"])
        run.answerClose()
        #expect(run.end == .finished)
        #expect(run.summary.rejected == 1)
    }

    @Test("a precondition-failed in a broker's own words is final")
    func brokersWords() {
        var run = Run(messages: 1)
        run.open(credit: 10)
        let condition = ErrorCondition(name: "amqp:precondition-failed", description: "too old")
        run.receive(.reject(1, condition))
        #expect(run.outcomes == [.final(.rejected(condition))])
    }

    @Test("modified with undeliverable-here is given up with its reason")
    func undeliverable() {
        var run = Run(messages: 1)
        run.open(credit: 10)
        run.receive(.outcome(1, .modified(deliveryFailed: false, undeliverableHere: true)))
        #expect(run.outcomes == [.final(.givenUp(.undeliverableHere))])
        #expect(run.summary.givenUp == 1)
    }

    @Test("undeliverable-here in the batch of a loss is for another link to find out")
    func undeliverableAtLoss() {
        var run = Run(messages: 1)
        run.open(credit: 10)
        run.receive(
            .outcome(1, .modified(deliveryFailed: false, undeliverableHere: true)), .detach())
        #expect(run.outcomes == [.returned])
        run.reattach(credit: 1)
        #expect(run.sent == [1])
    }

    @Test("a message is sent again as often as redeliveries say")
    func redeliveries() {
        var run = Run(messages: 1) { $0.redeliveries = 2 }
        run.open(credit: 10)
        run.release(1)
        run.release(1)
        run.pass(2_000)
        #expect(run.sent == [1])
        run.release(1)
        #expect(run.outcomes == [.final(.givenUp(.redeliveriesUsedUp))])
        #expect(run.summary.released == 3)
    }

    @Test("with no redeliveries the first return is the last")
    func noRedeliveries() {
        var run = Run(messages: 1) { $0.redeliveries = 0 }
        run.open(credit: 10)
        run.release(1)
        #expect(run.outcomes == [.final(.givenUp(.redeliveriesUsedUp))])
    }

    @Test(
        "neither a loss nor what came in its batch counts for redeliveries",
        arguments: returns.indices)
    func lossNotCounted(index: Int) {
        var run = Run(messages: 1) { $0.redeliveries = 0 }
        run.open(credit: 10)
        for _ in 1...3 {
            run.loseLink()
            run.reattach(credit: 10)
            #expect(run.sent == [1])
            run.receive(.outcome(1, ReturnTests.returns[index]), .detach())
            run.reattach(credit: 10)
            #expect(run.sent == [1])
        }
        #expect(run.summary.givenUp == 0)
    }

    @Test(
        "a rejection in the batch of a loss is as released",
        arguments: [ErrorCondition.refused, .routingFailure, .noRoom])
    func rejectedAtLoss(condition: ErrorCondition) {
        for loss in LossTests.shapes {
            var run = Run(messages: 2) { $0.mayReconnect = true }
            run.open(credit: 2)
            run.receive(.reject(1, condition), loss)
            #expect(run.outcomes == [.returned])
            #expect(run.summary.rejected == 0)
            #expect(run.summary.released == 1)
            #expect(run.summary.inDoubt == 1)
        }
    }

    // MARK: Routing failure

    @Test("after a routing failure nothing more is sent, until a detach and another link")
    func routingFailure() {
        var run = Run(messages: 5)
        run.open(credit: 2)
        run.receive(.reject(1, .routingFailure), .flow(10))
        #expect(run.notices == [.routeLost])
        #expect(run.outcomes == [.returned])
        #expect(run.sent.isEmpty)
        run.pass(500)
        run.loseLink()
        run.reattach(credit: 10)
        #expect(run.sent == [1, 2, 3, 4, 5])
    }

    @Test("after a routing failure without a detach, the link is closed within an interval")
    func noDetach() {
        var run = Run(messages: 5)
        run.open(credit: 2)
        run.receive(.reject(1, .routingFailure))
        run.pass(1_000)
        run.receive(.reject(2, .routingFailure))
        run.pass(999)
        #expect(run.commands.isEmpty)
        run.pass(1)
        #expect(run.commands == ["closeLink 1"])
        run.loseLink(.none)
        run.reattach(credit: 10)
        #expect(run.sent == [1, 2, 3, 4, 5])
    }

    @Test("a routing failure makes every rejection after it one of a lost route")
    func rejectedAfterFailure() {
        var run = Run(messages: 3)
        run.open(credit: 3)
        run.receive(.reject(2), .reject(1, .routingFailure))
        run.receive(.reject(3))
        #expect(run.outcomes == [.returned])
        #expect(run.summary.rejected == 0)
    }

    @Test("a message held back is no reason to look again and again on a lost route")
    func heldBack() {
        var run = Run(messages: 2) { $0.retry = RetryPolicy(interval: 100, maximum: 100) }
        run.open(credit: 10)
        run.release(1)
        run.release(1)
        run.pass(50)
        run.receive(.reject(2, .routingFailure), .flow(5))
        run.pass(99)
        #expect(run.commands.isEmpty)
        run.pass(1)
        #expect(run.commands == ["closeLink 1"])
    }

    @Test("a routing failure does not count for redeliveries")
    func failureNotCounted() {
        var run = Run(messages: 1) { $0.redeliveries = 0 }
        run.open(credit: 1)
        run.receive(.reject(1, .routingFailure))
        #expect(run.outcomes == [.returned])
    }

    @Test("what is rejected as its queue is down may have arrived; what has no room has not")
    func unavailable() {
        for (name, reason, isInDoubt) in [
            ("amqp:precondition-failed", "unavailable", true),
            ("amqp:resource-limit-exceeded", "maxlen", false),
        ] {
            var run = Run(messages: 1)
            run.open(credit: 1)
            let info = [MapEntry(symbol: "reason", value: .symbol(reason))]
            run.receive(.outcome(1, .rejected(ErrorCondition(name: name, info: info))))
            #expect(run.summary.inDoubt == (isInDoubt ? 1 : 0), "\(reason)")
            #expect(run.summary.unsent == (isInDoubt ? 0 : 1), "\(reason)")
        }
    }
}
