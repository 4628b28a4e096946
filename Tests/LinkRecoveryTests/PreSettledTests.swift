// Pre-settled messages: final when they are sent, bounded by what has not left, flushed at the end.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

@Suite struct PreSettledTests {
    private func preSettled(
        messages: Int = 0, sizes: [Int]? = nil, pace: SendPace? = nil,
        _ configure: (inout RecoveryOptions) -> Void = { _ in }
    ) -> Run {
        Run(messages: messages, sizes: sizes, pace: pace) {
            $0.isPreSettled = true
            configure(&$0)
        }
    }

    @Test("a message is final, as unconfirmed, when it is sent")
    func unconfirmed() {
        var run = preSettled(messages: 1)
        run.isSourceOpen = true
        run.open(credit: 2)
        #expect(run.commands == ["send 1", "free 1"])
        #expect(run.outcomes == [.final(.unconfirmed)])
        #expect(run.reports.contains(.sent(total: 1)))
        #expect(run.summary.unconfirmed == 1)
        #expect(run.summary.taken == 1)
    }

    @Test("what was sent on a link that is lost is not sent again")
    func lostLink() {
        var run = preSettled(messages: 3)
        run.isSourceOpen = true
        run.open(credit: 3)
        run.loseLink()
        run.reattach(credit: 5)
        #expect(run.sent.isEmpty)
        #expect(run.reports.contains(.restored(downtime: 2_000, attempts: 1, resent: 0)))
        run.offer(1)
        #expect(run.sent == [4])
        #expect(run.summary.unconfirmed == 4)
        #expect(run.summary.resent == 0)
    }

    @Test("without credit nothing is taken")
    func noCredit() {
        var run = preSettled(messages: 3)
        run.open(credit: 2)
        #expect(run.sent == [1, 2])
        #expect(run.summary.taken == 2)
        run.grantCredit(1)
        #expect(run.sent == [3])
    }

    @Test("a message larger than the link takes is given up, not sent")
    func tooLarge() {
        var run = preSettled(sizes: [101, 10])
        run.start()
        run.receive(.open)
        run.receive(.attach(maxMessageSize: 100), .flow(10))
        #expect(run.sent == [2])
        #expect(run.summary.givenUp == 1)
        #expect(run.summary.unconfirmed == 1)
    }

    @Test("an outcome that comes all the same only counts as late")
    func outcome() {
        var run = preSettled(messages: 1)
        run.isSourceOpen = true
        run.open(credit: 1)
        run.accept(1)
        run.release(1)
        #expect(run.commands.isEmpty)
        #expect(run.summary.lateOutcomes == 2)
        #expect(run.summary.accepted == 0)
    }

    @Test("a peer that wants every message unsettled is not sent to")
    func unsettledOnly() {
        var run = preSettled(messages: 1)
        run.start()
        run.receive(.open)
        run.receive(.attach(settleMode: .unsettled), .flow(5))
        #expect(run.commands == ["closeConnection 1"])
        run.answerClose()
        #expect(run.end == .settledRefused)
    }

    @Test("a peer that wants every message settled is not sent to, unless they are")
    func settledOnly() {
        var run = Run(messages: 1)
        run.start()
        run.receive(.open)
        run.receive(.attach(settleMode: .settled), .flow(5))
        #expect(run.commands == ["closeConnection 1"])
        run.answerClose()
        #expect(run.end == .unsettledRefused)
        var settled = preSettled(messages: 1)
        settled.start()
        settled.receive(.open)
        settled.receive(.attach(settleMode: .settled), .flow(5))
        #expect(settled.commands.first?.hasPrefix("send 1") == true)
    }

    @Test("a refused attach says nothing about settling")
    func refusedAttach() {
        var run = preSettled(messages: 1)
        run.start()
        run.receive(.open)
        run.receive(.attach(hasTarget: false, settleMode: .unsettled))
        run.receive(.detach(.noRoute))
        run.pass(2_000)
        #expect(run.commands == ["openLink 2"])
    }

    // MARK: What has not left

    @Test("no more messages are taken than the window holds until those have left")
    func window() {
        var run = preSettled(messages: 5) { $0.window = 2 }
        run.outgoingBytes = 20
        run.open(credit: 10)
        #expect(run.sent == [1, 2])
        run.pass(100)
        #expect(run.sent.isEmpty)
        run.outgoingBytes = 0
        run.pass(10)
        #expect(run.sent == [3, 4])
    }

    @Test("no more bytes are taken than the byte window holds until those have left")
    func byteWindow() {
        var run = preSettled(sizes: [40, 40, 40, 500, 10]) { $0.windowBytes = 100 }
        run.outgoingBytes = 1
        run.open(credit: 10)
        #expect(run.sent == [1, 2])
        run.outgoingBytes = 0
        run.receive(.flow(1))
        #expect(run.sent == [3])
        // A larger one goes alone.
        run.pass(10)
        #expect(run.sent == [4])
    }

    @Test(
        "64 KiB wait to leave at most, whatever credit and window allow", arguments: [0, 1_000_000])
    func unflushedBytes(windowBytes: Int) {
        var run = preSettled(messages: 0) { $0.windowBytes = windowBytes }
        run.isSourceOpen = true
        run.outgoingBytes = 1
        run.open(credit: 1_000_000)
        run.offer(100, size: 1_024)
        #expect(run.sent.count == 64)
        run.outgoingBytes = 0
        run.pass(10)
        #expect(run.sent.count == 36)
    }

    @Test("what has left is noticed in a batch as well, without a wait")
    func flushed() {
        var run = preSettled(messages: 2) { $0.window = 1 }
        run.outgoingBytes = 1
        run.open(credit: 10)
        run.outgoingBytes = 0
        run.receive()
        #expect(run.sent == [2])
    }

    @Test("with nothing on its way nothing is looked after")
    func nothingUnflushed() {
        var run = preSettled(messages: 1)
        run.isSourceOpen = true
        run.open(credit: 10)
        run.receive()
        run.pass(2_000)
        #expect(run.wait == nil)
    }

    @Test("what does not leave goes with its connection, and is not sent again")
    func stuck() {
        var run = preSettled(messages: 3) {
            $0.mayReconnect = true
            $0.outcomeTimeout = 1_000
        }
        run.isSourceOpen = true
        run.outgoingBytes = 30
        run.open(credit: 10)
        run.pass(999)
        #expect(run.commands.isEmpty)
        run.pass(1)
        #expect(run.commands == ["freeLink 1", "abortConnection 1"])
        run.receive(.lost())
        let reason = ErrorCondition(description: "the peer does not read what was sent")
        #expect(run.reports == [.connectionLost(reason, retryIn: 2_000, wasOpen: true)])
        run.outgoingBytes = 0
        run.pass(2_000)
        run.receive(.open)
        run.receive(.attach(), .flow(10))
        #expect(run.sent.isEmpty)
        run.offer(1)
        #expect(run.sent == [4])
    }

    @Test("without -r bytes that do not leave are the end")
    func stuckForGood() {
        var run = preSettled(messages: 3) { $0.outcomeTimeout = 1_000 }
        run.isSourceOpen = true
        run.outgoingBytes = 30
        run.open(credit: 10)
        run.pass(1_000)
        run.receive(.lost())
        let reason = ErrorCondition(description: "the peer does not read what was sent")
        #expect(run.end == .connectionFailed(reason))
        #expect(run.summary.unconfirmed == 3)
    }

    @Test("what leaves from time to time is not stuck")
    func slowReader() {
        var run = preSettled(messages: 1) {
            $0.outcomeTimeout = 1_000
            $0.drainTimeout = 0
        }
        run.isSourceOpen = true
        run.open(credit: 100)
        for _ in 1...10 {
            run.outgoingBytes = 10
            run.offer(1)
            run.pass(900)
            run.outgoingBytes = 0
            run.pass(10)
        }
        #expect(!run.log.contains { $0.command == "abortConnection 1" })
        #expect(run.summary.unconfirmed == 11)
    }

    @Test("with no outcome timeout bytes that do not leave are waited for")
    func noOutcomeTimeout() {
        var run = preSettled(messages: 1) { $0.outcomeTimeout = 0 }
        run.isSourceOpen = true
        run.outgoingBytes = 10
        run.open(credit: 10)
        for _ in 1...100 { run.pass(100) }
        #expect(run.commands.isEmpty)
    }

    // MARK: Credit

    @Test("a link whose credit is used up as it comes is not given up")
    func usedUpCredit() {
        var run = preSettled(messages: 100)
        run.open(credit: 1)
        for _ in 1...90 {
            run.pass(1_000)
            #expect(run.commands.isEmpty)
            run.grantCredit(1)
        }
        run.pass(59_999)
        #expect(run.commands.isEmpty)
        run.pass(1)
        #expect(run.notices == [.reopenedForCredit])
    }

    // MARK: The ladder

    @Test("credit that is used up counts as held")
    func heldCredit() {
        var run = preSettled(messages: 0) {
            $0.retry = RetryPolicy(interval: 200, multiplier: 2, maximum: 5_000)
        }
        run.isSourceOpen = true
        run.open(credit: 2)
        run.loseLink()
        run.pass(200)
        run.receive(.attach(), .flow(1))
        run.offer(1)
        run.pass(4_999)
        run.loseLink()
        #expect(run.wait == 400)
        run.pass(400)
        run.receive(.attach(), .flow(1))
        run.offer(1)
        run.pass(5_000)
        run.loseLink()
        #expect(run.wait == 200)
    }

    @Test("credit counts as held also when bytes are found stuck at that moment")
    func heldThoughStuck() {
        var run = preSettled(messages: 0) {
            $0.mayReconnect = true
            $0.retry = RetryPolicy(interval: 200, multiplier: 2, maximum: 1_000)
            $0.outcomeTimeout = 600
        }
        run.isSourceOpen = true
        run.open(credit: 5)
        run.loseLink()
        run.pass(200)
        run.receive(.attach(), .flow(5))
        run.pass(400)
        run.outgoingBytes = 10
        run.offer(1)
        run.pass(600)
        #expect(run.commands == ["freeLink 2", "abortConnection 1"])
        run.receive(.lost())
        #expect(run.wait == 200)
    }

    @Test("what is fatal at first is so until credit was held", arguments: [1_999, 2_000])
    func fatalAtFirst(held: Milliseconds) {
        var run = preSettled(messages: 1)
        run.isSourceOpen = true
        run.open(credit: 5)
        run.pass(held)
        run.loseLink(.notFound)
        if held == 2_000 {
            #expect(run.wait == 2_000)
        } else {
            run.answerClose()
            #expect(run.end == .fatalCondition(.notFound))
        }
    }

    @Test("a message that was too large is fatal at the second without held credit between")
    func tooLargeTwice() {
        let tooLarge = ErrorCondition(name: "amqp:link:message-size-exceeded")
        var run = preSettled(messages: 1)
        run.isSourceOpen = true
        run.open(credit: 5)
        run.loseLink(tooLarge)
        run.reattach(credit: 5)
        run.pass(2_000)
        run.loseLink(tooLarge)
        run.reattach(credit: 5)
        run.pass(1_000)
        run.loseLink(tooLarge)
        run.answerClose()
        #expect(run.end == .fatalCondition(tooLarge))
    }
}
