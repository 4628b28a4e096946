// The status of a run, as it is shown to those who watch it.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import LinkRecovery
import Testing

@Suite struct StatusTests {
    @Test("from the start to the end, each step has its name")
    func steps() {
        var run = Run(messages: 3)
        #expect(run.status.activity == .starting)
        run.start()
        #expect(run.status.activity == .connecting(attempt: 0))
        run.receive(.open)
        #expect(run.status.activity == .attaching(attempt: 0))
        let attached = run.now
        run.receive(.attach())
        run.now = attached + 100
        #expect(run.status.activity == .noCredit(since: attached))
        run.grantCredit(2)
        #expect(run.status.activity == .noCredit(since: run.now))
        run.grantCredit(10)
        #expect(run.status.activity == .awaitingOutcomes)
        run.accept(1, 2, 3)
        #expect(run.status.activity == .closing)
    }

    @Test("with credit, and with a full window, the run is sending")
    func sending() {
        var run = Run(messages: 10) { $0.window = 4 }
        run.open(credit: 4)
        #expect(run.status.activity == .sending)
        #expect(run.status.inFlight == 4)
        run.grantCredit(10)
        #expect(run.status.activity == .sending)
    }

    @Test("a lost link tells which attempt comes when, and that it is being made")
    func lostLink() {
        var run = Run(messages: 5)
        run.open(credit: 10)
        run.receive(.accept(1), .release(2), .modify(3), .detach())
        let status = run.status
        #expect(status.activity == .waiting(.link, attempt: 1, until: run.now + 2000))
        #expect(status.summary.accepted == 1)
        #expect(status.inFlight == 0 && status.inDoubt == 3 && status.waiting == 1)
        run.pass(2000)
        #expect(run.status.activity == .attaching(attempt: 1))
        run.receive(.attach(hasTarget: false), .detach())
        #expect(
            run.status.activity == .waiting(.link, attempt: 2, until: run.now + 2000))
        run.reattach(credit: 10)
        #expect(run.status.activity == .awaitingOutcomes)
        #expect(run.status.inFlight == 4 && run.status.inDoubt == 0 && run.status.waiting == 0)
        #expect(run.status.summary.resent == 4)
    }

    @Test("a lost session and a lost connection are told apart")
    func sessionOrConnection() {
        var run = Run(messages: 1) { $0.mayReconnect = true }
        run.open(credit: 0)
        run.receive(.end())
        #expect(
            run.status.activity == .waiting(.session, attempt: 1, until: run.now + 2000))
        run.loseConnection()
        #expect(
            run.status.activity == .waiting(.connection, attempt: 2, until: run.now + 2000))
        run.pass(2000)
        #expect(run.status.activity == .connecting(attempt: 2))
    }

    @Test("a link that is given up is being closed")
    func givenUpLink() {
        var run = Run(messages: 5) { $0.outcomeTimeout = 1000 }
        run.open(credit: 10)
        run.pass(1000)
        #expect(run.status.activity == .givingUp(.link))
        #expect(run.status.inDoubt == 5)
        run.receive(.detach())
        #expect(run.status.activity == .waiting(.link, attempt: 1, until: run.now + 2000))
    }

    @Test("a route that the router has lost is a link that is given up")
    func lostRoute() {
        var run = Run(messages: 5)
        run.open(credit: 10)
        let failure = ErrorCondition(
            name: "amqp:precondition-failed",
            description: "Routing failure: no address present")
        run.receive(.reject(1, failure))
        #expect(run.status.activity == .givingUp(.link))
    }

    @Test("a connection that does not answer is being given up")
    func silentConnection() {
        var run = Run(messages: 1) { $0.mayReconnect = true }
        run.start()
        run.pass(run.options.openTimeout)
        #expect(run.status.activity == .givingUp(.connection))
    }

    @Test("after a stop was asked for, it is told when the run ends in any case")
    func stop() {
        var run = Run(messages: 5)
        run.open(credit: 10)
        #expect(run.status.stopsAt == nil)
        run.stop()
        #expect(run.status.stopsAt == run.now + run.options.drainTimeout)
        #expect(run.status.activity == .awaitingOutcomes)
        run.pass(run.options.drainTimeout)
        #expect(run.status.activity == .closing)
        #expect(run.status.stopsAt == nil)
    }
}
