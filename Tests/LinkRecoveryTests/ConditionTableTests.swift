// The table of error conditions, a test for each row.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

@Suite struct ConditionTableTests {
    static let fatalAtFirst = [
        "amqp:not-found", "amqp:unauthorized-access", "amqp:not-allowed", "amqp:not-implemented",
        "amqp:invalid-field", "amqp:decode-error", "amqp:illegal-state",
    ]
    static let others = [
        "", "qd:routed-link-lost", "qd:no-route-to-dest", "qd:link-expiration",
        "amqp:link:detach-forced", "amqp:resource-deleted", "amqp:resource-limit-exceeded",
        "amqp:internal-error", "amqp:link:stolen", "x:never-heard-of",
    ]

    // MARK: Transport and connection

    static let connectionConditions = others + ["amqp:connection:framing-error", "amqp:not-found"]

    @Test(
        "with -r any loss of the connection leads to another one", arguments: connectionConditions,
        [ConnectionLoss.closed, .transport])
    func withReconnect(
        name: String, loss: ConnectionLoss
    ) {
        var run = Run(messages: 1) { $0.mayReconnect = true }
        run.start()
        run.receive(.lost(loss, ErrorCondition(name: name)))
        #expect(
            run.reports == [
                .connectionLost(ErrorCondition(name: name), retryIn: 2_000, unopened: 0)
            ])
        run.pass(2_000)
        #expect(run.commands == ["connect 2 to 0"])
        run.receive(.open)
        run.receive(.lost(loss, ErrorCondition(name: name)))
        #expect(run.reports.last == .connectionLost(ErrorCondition(name: name), retryIn: 2_000))
    }

    @Test(
        "without -r any loss of the connection is the end", arguments: connectionConditions,
        [ConnectionLoss.closed, .transport])
    func withoutReconnect(name: String, loss: ConnectionLoss) {
        var run = Run(messages: 1)
        run.open(credit: 1)
        run.receive(.lost(loss, ErrorCondition(name: name)))
        #expect(
            run.reports == [
                .connectionLost(ErrorCondition(name: name), retryIn: nil, wasOpen: true),
                .link(SenderID(0), .unresolved(inDoubt: [1])),
            ])
        #expect(run.end == .connectionFailed(ErrorCondition(name: name)))
        #expect(run.summary.inDoubt == 1)
    }

    // MARK: Authentication

    static let refusals: [(ConnectionLoss, ErrorCondition)] = [
        (.authentication, .none), (.authentication, ErrorCondition(name: "proton:io")),
        (.closed, ErrorCondition(name: "amqp:unauthorized-access")),
        (.transport, ErrorCondition(name: "amqp:unauthorized-access")),
    ]

    @Test("refused authentication is the end", arguments: refusals.indices, [false, true])
    func refusedLogin(index: Int, mayReconnect: Bool) {
        let (loss, condition) = ConditionTableTests.refusals[index]
        var run = Run(messages: 1) { $0.mayReconnect = mayReconnect }
        run.start()
        run.receive(.lost(loss, condition))
        #expect(run.end == .authenticationRefused(condition))
    }

    @Test(
        "after a connection has served, a refused login is tried again, each time later",
        arguments: refusals.indices)
    func refusedAfterService(index: Int) {
        let (loss, condition) = ConditionTableTests.refusals[index]
        var run = Run(messages: 1) { $0.mayReconnect = true }
        run.open(credit: 1)
        run.loseConnection()
        run.pass(2_000)
        var waits: [Milliseconds?] = []
        for _ in 1...6 {
            run.receive(.lost(loss, condition))
            waits.append(run.wait)
            run.pass(run.wait ?? 0)
        }
        #expect(waits == [5_000, 10_000, 20_000, 40_000, 60_000, 60_000])
        // A peer that opens before it refuses has not served yet.
        run.receive(.open)
        run.receive(.lost(loss, condition))
        #expect(run.wait == 60_000)
        run.pass(60_000)
        run.receive(.open)
        run.receive(.attach())
        run.receive(.lost(loss, condition))
        #expect(run.wait == 5_000)
    }

    @Test(
        "a login that is refused after a connection has served is the end without -r",
        arguments: refusals.indices)
    func refusedForGood(index: Int) {
        let (loss, condition) = ConditionTableTests.refusals[index]
        var run = Run(messages: 1)
        run.open(credit: 1)
        run.receive(.lost(loss, condition))
        #expect(run.end == .authenticationRefused(condition))
    }

    @Test(
        "of several endpoints the next is asked, and it is the end when all have refused in a round",
        arguments: refusals.indices)
    func refusedEverywhere(index: Int) {
        let (loss, condition) = ConditionTableTests.refusals[index]
        var run = Run(messages: 1, endpoints: 3)
        run.start()
        // One that can't be reached has not refused.
        run.receive(.lost(.transport))
        for _ in 1...2 {
            #expect(run.wait == 0)
            run.wake()
            run.receive(.lost(loss, condition))
        }
        #expect(run.end == nil)
        run.pass(run.wait ?? 0)
        for _ in 1...2 {
            run.receive(.lost(loss, condition))
            run.wake()
        }
        run.receive(.lost(loss, condition))
        #expect(run.end == .authenticationRefused(condition))
    }

    @Test("an address that one endpoint refuses is asked of the next", arguments: fatalAtFirst)
    func refusedAddress(name: String) {
        let condition = ErrorCondition(name: name)
        var run = Run(messages: 1, endpoints: 2)
        run.start()
        run.receive(.open)
        run.receive(.attach(hasTarget: false), .detach(condition))
        #expect(run.commands.contains("closeConnection 1"))
        run.answerClose()
        run.wake()
        run.receive(.open)
        run.receive(.attach(hasTarget: false), .detach(condition))
        run.answerClose()
        #expect(run.end == .fatalCondition(condition))
    }

    // MARK: Redirects

    @Test("a redirect is the end, at every level, and is not followed")
    func redirects() {
        let place = [MapEntry(symbol: "network-host", value: .string("elsewhere"))]
        let link = ErrorCondition(name: "amqp:link:redirect", info: place)
        let connection = ErrorCondition(name: "amqp:connection:redirect", info: place)
        let losses: [(FromPeer, ErrorCondition)] = [
            (.detach(link), link), (.lost(.closed, connection), connection),
            (.end(connection), connection),
        ]
        for (loss, condition) in losses {
            var run = Run(messages: 1, endpoints: 2) { $0.mayReconnect = true }
            run.open(credit: 1)
            run.receive(loss)
            if run.end == nil { run.answerClose() }
            #expect(run.end == .fatalCondition(condition))
        }
    }

    // MARK: Rejections with info

    @Test("the info of a rejection says whether the message can be sent again")
    func rejectionInfo() {
        func condition(_ name: String, _ reason: String) -> ErrorCondition {
            ErrorCondition(name: name, info: [MapEntry(symbol: "reason", value: .symbol(reason))])
        }
        let cases: [(ErrorCondition, isFinal: Bool)] = [
            (condition("amqp:precondition-failed", "unavailable"), false),
            (condition("amqp:precondition-failed", "other"), true),
            (condition("amqp:resource-limit-exceeded", "property-limit-exceeded"), true),
            (condition("amqp:resource-limit-exceeded", "maxlen"), false),
            (.none, true),
        ]
        for (condition, isFinal) in cases {
            var run = Run(messages: 1)
            run.open(credit: 2)
            run.receive(.outcome(1, .rejected(condition)))
            #expect((run.summary.rejected == 1) == isFinal, "\(condition)")
        }
        var run = Run(messages: 1) { $0.retryableConditions = ["none"] }
        run.open(credit: 2)
        run.receive(.outcome(1, .rejected(.none)))
        #expect(run.sent == [1])
    }

    @Test("a state that is no outcome is said once, and the message sent again")
    func unknownState() {
        var run = Run(messages: 2)
        run.open(credit: 9)
        run.receive(
            .outcome(1, .unknown(descriptor: "x:y")), .outcome(2, .unknown(descriptor: "x:z")))
        #expect(run.notices == [.unknownState(descriptor: "x:y")])
        #expect(run.sent == [1, 2])
        run.receive(.outcome(1, .unknown(descriptor: "x:y")))
        #expect(run.notices == [])
    }

    @Test("a rejection that is not final is said once, and the message sent again")
    func returnedRejection() {
        let full = ErrorCondition(name: "amqp:resource-limit-exceeded", description: "full")
        var run = Run(messages: 2)
        run.open(credit: 9)
        run.receive(.outcome(1, .rejected(full)), .outcome(2, .rejected(full)))
        #expect(run.notices == [.rejectionReturned(full)])
        #expect(run.sent == [1, 2])
        run.receive(.outcome(1, .rejected(full)))
        #expect(run.notices == [])
    }

    // MARK: Session

    @Test("any end of a session leads to another session", arguments: others + fatalAtFirst)
    func endedSession(name: String) {
        var run = Run(messages: 1)
        run.open(credit: 1)
        run.receive(.end(ErrorCondition(name: name)))
        #expect(
            run.reports == [
                .sessionLost(ErrorCondition(name: name), retryIn: 2_000, wasOpen: true)
            ])
        run.pass(2_000)
        #expect(run.commands == ["openSession 2", "openLink 2"])
        run.receive(.attach(), .flow(1))
        #expect(run.sent == [1])
    }

    // MARK: Link

    @Test("credit that was held makes nothing retryable, as long as nothing was accepted")
    func heldCredit() {
        var run = Run(messages: 0)
        run.isSourceOpen = true
        run.open(credit: 5)
        run.pass(10_000)
        run.loseLink(.notFound)
        run.answerClose()
        #expect(run.end == .fatalCondition(.notFound))
    }

    @Test("what a retry does not cure is the end at first", arguments: fatalAtFirst)
    func incurable(name: String) {
        let condition = ErrorCondition(name: name, description: "no")
        var run = Run(messages: 1) { $0.mayReconnect = true }
        run.open(credit: 1)
        run.receive(.detach(condition))
        #expect(run.reports == [.lost(condition, at: .withCredit)])
        #expect(run.commands == ["closeConnection 1"])
        run.answerClose()
        #expect(run.end == .fatalCondition(condition))
    }

    @Test(
        "what a retry does not cure leads to another link after an acceptance",
        arguments: fatalAtFirst)
    func incurableLater(
        name: String
    ) {
        var run = Run(messages: 2)
        run.open(credit: 2)
        run.accept(1)
        for _ in 1...3 {
            run.receive(.detach(ErrorCondition(name: name)))
            run.pass(2_000)
            #expect(run.attachCount == 1)
            run.receive(.attach())
        }
        #expect(run.end == nil)
    }

    @Test("an acceptance in the batch of the loss is one before it")
    func acceptanceInBatch() {
        var run = Run(messages: 2)
        run.open(credit: 2)
        run.receive(.accept(1), .detach(ErrorCondition(name: "amqp:not-found")))
        #expect(run.wait == 2_000)
    }

    @Test("a message too large for the link is the end at the second time")
    func tooLarge() {
        let condition = ErrorCondition(name: "amqp:link:message-size-exceeded")
        var run = Run(messages: 2)
        run.open(credit: 2)
        run.receive(.detach(condition))
        run.reattach(credit: 2)
        run.accept(1)
        run.receive(.detach(condition))
        #expect(run.commands.isEmpty)
        run.reattach(credit: 2)
        run.receive(.detach(condition))
        run.answerClose()
        #expect(run.end == .fatalCondition(condition))
    }

    @Test("a late acceptance counts as one between")
    func lateAcceptance() {
        let condition = ErrorCondition(name: "amqp:link:message-size-exceeded")
        var run = Run(messages: 2)
        run.open(credit: 2)
        let (link, tag) = (run.lastLink, run.tag(of: 1))
        run.receive(.detach(condition))
        run.receive(.outcomeOf(tag, on: link, .accepted))
        run.reattach(credit: 2)
        run.receive(.detach(condition))
        #expect(run.end == nil)
        #expect(run.wait == 2_000)
    }

    @Test("every other loss of a link leads to another link", arguments: others)
    func otherLosses(name: String) {
        var run = Run(messages: 1)
        run.open(credit: 1)
        for _ in 1...3 {
            run.receive(.detach(ErrorCondition(name: name)))
            run.reattach(credit: 1)
            #expect(run.sent == [1])
        }
    }

    // MARK: Several levels at once

    @Test(
        "a link's fatal condition ends the run, though more was lost in the same batch",
        arguments: [FromPeer.end(), .lost(.closed)].indices)
    func fatalInBatch(
        index: Int
    ) {
        let condition = ErrorCondition(name: "amqp:not-found", description: "no such queue")
        var run = Run(messages: 1) { $0.mayReconnect = true }
        run.open(credit: 1)
        run.receive(.detach(condition), [FromPeer.end(), .lost(.closed)][index])
        let end = run.isFinished ? [Report.link(SenderID(0), .unresolved(inDoubt: [1]))] : []
        #expect(run.reports == [.lost(condition, at: .withCredit)] + end)
        if !run.isFinished { run.answerClose() }
        #expect(run.end == .fatalCondition(condition))
    }

    @Test("of a session and its connection, lost in either order, the connection counts")
    func sessionAndConnection() {
        for losses in [[FromPeer.end(), .lost()], [.lost(), .end()]] {
            var run = Run(messages: 1) { $0.mayReconnect = true }
            run.open(credit: 1)
            run.receive(losses)
            #expect(run.reports == [.connectionLost(.none, retryIn: 2_000, wasOpen: true)])
            run.pass(2_000)
            #expect(run.commands == ["connect 2 to 0"])
        }
    }

    @Test("a link's condition is told, and counts once with the loss of its connection")
    func linkAndConnection() {
        var run = Run(messages: 1) {
            $0.mayReconnect = true
            $0.retry = RetryPolicy(interval: 100, multiplier: 2, maximum: 5_000)
        }
        run.open(credit: 1)
        run.receive(.detach(.routedLinkLost), .lost(.closed))
        #expect(
            run.reports == [
                .lost(.routedLinkLost, at: .withCredit), .connectionLost(.none, retryIn: 100),
            ])
        #expect(run.summary.linkLosses == 1)
    }

    // MARK: Delivery

    @Test("rejections are told apart by name, and routing failures by their words")
    func rejections() {
        let table = ConditionTable(options: RecoveryOptions())
        #expect(table.rejection(.none) == .final)
        #expect(table.rejection(.refused) == .final)
        #expect(table.rejection(.noRoom) == .returned)
        #expect(table.rejection(.routingFailure) == .routeLost)
        let plain = ErrorCondition(name: "amqp:precondition-failed")
        #expect(table.rejection(plain) == .final)
        let elsewhere = ErrorCondition(name: "amqp:internal-error", description: "Routing failure")
        #expect(table.rejection(elsewhere) == .final)
    }
}
