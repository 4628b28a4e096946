// Rules 4, 6 and 7: losses, what is sent again, and outcomes that come late.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

@Suite struct LossTests {
    static let shapes: [FromPeer] = [
        .detach(.routedLinkLost), .detach(), .end(), .lost(.closed), .lost(.transport),
    ]

    @Test(
        "after a loss of any shape, what is unsettled is sent again in order, then the rest",
        arguments: shapes.indices)
    func anyLoss(
        shape: Int
    ) {
        var run = Run(messages: 6) { $0.mayReconnect = true }
        run.open(credit: 4)
        run.accept(2)
        run.receive(LossTests.shapes[shape])
        #expect(run.sent.isEmpty)
        #expect(run.summary.inDoubt == 3)
        run.pass(2_000)
        if run.rules.isAttached == false, run.rules.link == nil { run.receive(.open) }
        run.receive(.attach(), .flow(2))
        #expect(run.sent == [1, 3])
        run.grantCredit(10)
        #expect(run.sent == [4, 5, 6])
        #expect(run.summary.resent == 3)
    }

    @Test("nothing is sent between the outcomes and the detach of a loss")
    func outcomesAndDetach() {
        var run = Run(messages: 5)
        run.open(credit: 2)
        run.receive(
            .accept(1), .outcome(2, .released), .flow(10), .detach(.routedLinkLost))
        #expect(run.sent.isEmpty)
        #expect(run.outcomes == [.final(.accepted), .returned])
    }

    @Test("credit that comes with the loss is no credit")
    func creditWithLoss() {
        var run = Run(messages: 5)
        run.start()
        run.receive(.open)
        run.receive(.attach())
        run.beginStep()
        run.handle(.link(run.lastLink, .detached(.routedLinkLost)))
        run.handle(.link(run.lastLink, .credit(10, isDraining: false)))
        run.handle(.batchEnded(run.lastConnection))
        run.turn()
        #expect(run.reports == [.lost(.routedLinkLost, at: .attaching)])
        #expect(!run.reports.contains(.opened(hasCredit: true)))
        #expect(run.summary.linkLosses == 0)
    }

    @Test("the link is opened again on the same connection after the retry interval")
    func reopened() {
        var run = Run(messages: 1)
        run.open(credit: 1)
        run.loseLink()
        #expect(run.reports == [.lost(.routedLinkLost, at: .withCredit)])
        #expect(run.wait == 2_000)
        run.pass(1_999)
        #expect(run.commands.isEmpty)
        run.pass(1)
        #expect(run.commands == ["openLink 2"])
        #expect(run.reports == [.reopening(sent: 0)])
    }

    @Test("a refusal looks like an open first, and is another wait")
    func refusal() {
        var run = Run(messages: 1)
        run.open(credit: 1)
        run.loseLink()
        run.pass(2_000)
        run.receive(.attach(hasTarget: false), .detach(.noRoute))
        #expect(
            run.reports == [.lost(.noRoute, at: .attaching)])
        #expect(run.commands == ["freeLink 2"])
        #expect(run.wait == 2_000)
    }

    @Test("an acceptance that comes with the loss, or after it, is an acceptance")
    func acceptanceWithLoss() {
        var run = Run(messages: 3)
        run.open(credit: 3)
        let link = run.lastLink
        let late = run.tag(of: 2)
        run.receive(.accept(1), .detach(.routedLinkLost))
        run.receive(.outcomeOf(late, on: link, .accepted))
        #expect(run.outcomes == [.final(.accepted)])
        run.reattach(credit: 10)
        #expect(run.sent == [3])
        #expect(run.summary.accepted == 2)
    }

    @Test("an acceptance for the lost attempt is final while another is in flight")
    func earlierAttempt() {
        var run = Run(messages: 1)
        run.open(credit: 1)
        let (link, old) = (run.lastLink, run.tag(of: 1))
        run.loseLink()
        run.reattach(credit: 1)
        run.receive(.outcomeOf(old, on: link, .accepted))
        #expect(run.outcomes == [.final(.accepted)])
        run.receive(.outcomeOf(run.tag(of: 1), on: run.lastLink, .accepted))
        #expect(run.outcomes.isEmpty)
        #expect(run.summary.lateOutcomes == 1)
        #expect(run.summary.accepted == 1)
    }

    static let returns: [Outcome] = [
        .released, .modified(deliveryFailed: false, undeliverableHere: false),
        .modified(deliveryFailed: false, undeliverableHere: true),
        .rejected(.refused), .rejected(.routingFailure), .none,
    ]

    @Test(
        "a late return changes nothing while another attempt is in flight",
        arguments: returns.indices)
    func lateReturnInFlight(index: Int) {
        var run = Run(messages: 1)
        run.open(credit: 1)
        let (link, old) = (run.lastLink, run.tag(of: 1))
        run.loseLink()
        run.reattach(credit: 5)
        run.receive(.outcomeOf(old, on: link, LossTests.returns[index]))
        #expect(run.sent.isEmpty)
        #expect(run.outcomes.isEmpty)
        #expect(run.summary.lateOutcomes == 1)
        run.accept(1)
        #expect(run.summary.accepted == 1)
    }

    @Test(
        "a late return while none is in flight means: still to be sent", arguments: returns.indices)
    func lateReturn(index: Int) {
        var run = Run(messages: 1)
        run.open(credit: 1)
        let (link, old) = (run.lastLink, run.tag(of: 1))
        run.loseLink()
        run.receive(.outcomeOf(old, on: link, LossTests.returns[index]))
        #expect(run.outcomes.isEmpty)
        run.reattach(credit: 5)
        #expect(run.sent == [1])
        #expect(run.summary.released == 0)
    }

    @Test("a late outcome tells whether a message was in doubt at all")
    func lateOutcome() {
        var run = Run(messages: 3)
        run.open(credit: 3)
        let link = run.lastLink
        let tags = [1, 2, 3].map { run.tag(of: $0) }
        run.loseLink()
        #expect(run.summary.inDoubt == 3)
        run.receive(
            .outcomeOf(tags[0], on: link, .released),
            .outcomeOf(tags[1], on: link, .rejected(.refused)),
            .outcomeOf(
                tags[2], on: link, .modified(deliveryFailed: false, undeliverableHere: false)))
        #expect(run.summary.inDoubt == 1)
        #expect(run.summary.unsent == 2)
    }

    @Test("an outcome for a message that is final does not settle the slot's next tenant")
    func outcomeOfFinal() {
        var run = Run(messages: 2) { $0.window = 1 }
        run.open(credit: 5)
        let first = run.tag(of: 1)
        run.accept(1)
        #expect(run.sent == [2])
        #expect(run.tag(of: 2).slot == first.slot)
        for outcome in LossTests.returns + [.accepted] {
            run.receive(.outcomeOf(first, on: run.lastLink, outcome))
            #expect(run.outcomes.isEmpty)
        }
        #expect(run.summary.accepted == 1)
        #expect(run.summary.lateOutcomes == 7)
    }

    @Test("tags that no one sent are counted as late")
    func unknownTags() {
        var run = Run(messages: 1)
        run.open(credit: 1)
        for number in [0, 1, .max, 1 << 24, 5 << 24 | 3] as [UInt64] {
            run.receive(.outcomeOf(DeliveryTag(number), on: run.lastLink, .released))
        }
        // 1 << 24 is the tag of the message.
        #expect(run.summary.lateOutcomes == 4)
    }

    @Test("the lost link is kept for late outcomes until the next has credit")
    func keptLink() {
        var run = Run(messages: 2)
        run.open(credit: 1)
        run.loseLink()
        #expect(run.commands.isEmpty)
        run.pass(2_000)
        run.receive(.attach(hasTarget: false), .detach(.noRoute))
        #expect(run.commands == ["freeLink 2"])
        run.pass(2_000)
        run.receive(.attach(), .flow(1))
        #expect(run.commands == ["freeLink 1", "send 1"])
    }

    @Test("a link that was given up and opens late is closed")
    func givenUpLink() {
        var run = Run(messages: 1)
        run.start()
        run.receive(.open)
        let late = run.lastLink
        run.pass(10_000)
        run.beginStep()
        run.handle(.link(late, .opened(LinkProperties(hasTarget: true, maxMessageSize: 0))))
        run.handle(.batchEnded(run.lastConnection))
        run.turn()
        #expect(run.commands == ["closeLink 1"])
        run.pass(2_000)
        run.receive(.attach(), .flow(1))
        #expect(run.sent == [1])
    }

    @Test("what comes of a connection that was given up does not hold the run up")
    func givenUpConnection() {
        var run = Run(messages: 1) { $0.mayReconnect = true }
        run.open(credit: 1)
        let (connection, link, tag) = (run.lastConnection, run.lastLink, run.tag(of: 1))
        run.loseConnection()
        run.handle(.link(link, .outcome(tag, .released)))
        run.handle(.batchEnded(connection))
        run.turn()
        run.pass(2_000)
        #expect(run.commands == ["connect 2 to 0"])
    }

    @Test("events of an old connection, session or link change nothing")
    func oldEvents() {
        var run = Run(messages: 1) { $0.mayReconnect = true }
        run.open(credit: 1)
        let (connection, session, link) = (run.lastConnection, run.lastSession, run.lastLink)
        run.loseConnection()
        run.pass(2_000)
        run.receive(.open)
        run.receive(.attach(), .flow(1))
        #expect(run.sent == [1])
        run.beginStep()
        run.handle(.connection(connection, .lost(.transport, .none)))
        run.handle(.sessionLost(session, .none))
        run.handle(.link(link, .detached(.routedLinkLost)))
        run.handle(.link(link, .credit(100, isDraining: true)))
        run.handle(.batchEnded(connection))
        run.turn()
        #expect(run.commands.isEmpty)
        run.accept(1)
        run.answerClose()
        #expect(run.end == .finished)
    }

    @Test("the close of a link and the loss of its connection race, and one link comes of it")
    func race() {
        var run = Run(messages: 1) { $0.mayReconnect = true }
        run.open(credit: 1)
        run.loseLink()
        run.pass(500)
        run.loseConnection()
        run.pass(2_000)
        #expect(run.commands == ["connect 2 to 0"])
        run.receive(.open)
        #expect(run.commands == ["openSession 2", "openLink 2"])
        run.receive(.attach(), .flow(1))
        #expect(run.sent == [1])
    }

    @Test("a stale timer does nothing")
    func staleTimer() {
        var run = Run(messages: 2)
        run.open(credit: 1)
        run.loseLink()
        run.beginStep()
        for _ in 1...3 { run.wake() }
        #expect(run.commands.isEmpty)
        #expect(run.wait == 2_000)
    }

    @Test("with a dead peer, the ledger does not grow")
    func deadPeer() {
        var run = Run(messages: 100_000) { $0.window = 10 }
        run.open(credit: 100)
        for _ in 1...200 {
            run.loseLink()
            run.pass(2_000)
        }
        #expect(run.summary.taken == 10)
        run.receive(.attach(), .flow(10))
        #expect(run.sent == Array(1...10))
    }

    @Test("an interruption lasts from the loss to the next credit")
    func interruption() {
        var run = Run(messages: 2)
        run.open(credit: 1)
        run.loseLink()
        run.pass(2_000)
        run.receive(.attach(hasTarget: false), .detach(.noRoute))
        run.pass(2_000)
        run.receive(.attach(), .flow(5))
        #expect(run.reports.contains(.restored(downtime: 4_000, attempts: 2, resent: 1)))
        #expect(run.summary.longestInterruption == 4_000)
        #expect(run.summary.linkLosses == 1)
    }
}
