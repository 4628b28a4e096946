// Rules 1 to 3: what is taken and sent, with which credit, and in which window.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

@Suite struct SendingTests {
    @Test("a run connects, opens a session and a link, and sends when credit comes")
    func start() {
        var run = Run(messages: 2)
        run.start()
        #expect(run.commands == ["connect 1 to 0"])
        run.receive(.open)
        #expect(run.commands == ["openSession 1", "openLink 1"])
        run.receive(.attach())
        #expect(run.commands.isEmpty)
        run.grantCredit(5)
        #expect(run.sent == [1, 2])
        #expect(run.reports.prefix(2) == [.opened(hasCredit: true), .sendable])
    }

    @Test("no more is sent than there is credit, and the rest when more comes")
    func credit() {
        var run = Run(messages: 5)
        run.open(credit: 2)
        #expect(run.sent == [1, 2])
        run.grantCredit(2)
        #expect(run.sent == [3, 4])
        run.grantCredit(0)
        #expect(run.sent.isEmpty)
    }

    @Test("credit that was taken back without a word is not sent on")
    func creditTakenBack() {
        var pace = SendPace()
        pace.interval = 1000
        var run = Run(messages: 3, pace: pace)
        run.open(credit: 5)
        #expect(run.sent == [1])
        run.now = run.now + 1000
        run.beginStep()
        run.recorder.credit = 0
        run.handle(.timeCame)
        run.turn()
        #expect(run.sent.isEmpty)
        run.grantCredit(1)
        run.now = run.now + 1000
        run.beginStep()
        run.recorder.credit = 1
        run.handle(.timeCame)
        run.turn()
        #expect(run.sent == [2])
    }

    @Test("each outcome is reported with the tally after it")
    func outcomes() {
        var run = Run(messages: 3)
        run.open(credit: 3)
        run.receive(.accept(1), .reject(2), .release(3), .flow(1))
        let tallies = run.reports.compactMap { report -> [Int]? in
            guard case .link(_, .outcome(let outcome)) = report else { return nil }
            return [
                Int(outcome.sequences[0]), outcome.accepted, outcome.rejected, outcome.released,
            ]
        }
        #expect(tallies == [[1, 1, 0, 0], [2, 1, 1, 0], [3, 1, 1, 1]])
        #expect(run.reports.last == .sent(total: 3))
    }

    @Test("acceptances that come together are one report, and one that is said twice is late")
    func acceptances() {
        var run = Run(messages: 4)
        run.open(credit: 4)
        let link = run.lastLink
        let tags = (1...3 as ClosedRange<UInt64>).map { run.tag(of: $0) }
        run.beginStep()
        run.handle(.link(link, .accepted([tags[1], tags[0], tags[1], DeliveryTag(99), tags[2]])))
        run.endBatch(ConnectionID(1))
        let reports = run.reports.compactMap { report -> OutcomeReport? in
            if case .link(_, .outcome(let outcome)) = report { outcome } else { nil }
        }
        #expect(
            reports == [
                OutcomeReport(
                    sequences: [2, 1, 3], kind: .final(.accepted), accepted: 3, rejected: 0,
                    released: 0)
            ])
        #expect(run.commands.filter { $0.hasPrefix("free") } == ["free 2", "free 1", "free 3"])
    }

    @Test("what is sent is counted as final or in flight")
    func counts() {
        var run = Run(messages: 3)
        run.open(credit: 2)
        #expect(run.reports.contains(.sent(total: 2, count: 2)))
        run.receive(.accept(1), .flow(1))
        #expect(run.reports.contains(.sent(total: 3)))
    }

    @Test("the window bounds what is taken by count")
    func window() {
        var run = Run(messages: 5) { $0.window = 2 }
        run.open(credit: 10)
        #expect(run.sent == [1, 2])
        run.accept(2)
        #expect(run.sent == [3])
    }

    @Test("a returned message keeps its place in the window")
    func returnedInWindow() {
        var run = Run(messages: 5) { $0.window = 2 }
        run.open(credit: 2)
        run.release(1)
        #expect(run.sent.isEmpty)
        run.grantCredit(10)
        #expect(run.sent == [1])
    }

    @Test("the window bounds what is taken by bytes")
    func byteWindow() {
        var run = Run(sizes: [40, 40, 30, 20]) { $0.windowBytes = 100 }
        run.open(credit: 10)
        #expect(run.sent == [1, 2])
        run.accept(1)
        #expect(run.sent == [3, 4])
    }

    @Test("a message larger than the byte window goes alone")
    func largeMessage() {
        var run = Run(sizes: [10, 500, 10]) { $0.windowBytes = 100 }
        run.open(credit: 10)
        #expect(run.sent == [1])
        run.accept(1)
        #expect(run.sent == [2])
        run.accept(2)
        #expect(run.sent == [3])
    }

    @Test("a byte window of 0 is no bound")
    func noByteWindow() {
        var run = Run(sizes: [1_000_000, 2_000_000, 3_000_000]) { $0.windowBytes = 0 }
        run.open(credit: 10)
        #expect(run.sent == [1, 2, 3])
    }

    @Test("window 1 keeps strict order through returns and losses")
    func strictOrder() {
        var run = Run(messages: 3) { $0.window = 1 }
        run.open(credit: 10)
        #expect(run.sent == [1])
        run.release(1)
        #expect(run.sent == [1])
        run.release(1)
        #expect(run.sent.isEmpty)
        run.pass(2_000)
        #expect(run.sent == [1])
        run.loseLink()
        run.reattach(credit: 10)
        #expect(run.sent == [1])
        run.accept(1)
        #expect(run.sent == [2])
    }

    @Test("a message larger than the link takes is given up with a sentence, not sent")
    func tooLarge() {
        var run = Run(sizes: [100, 101, 50])
        run.start()
        run.receive(.open)
        run.receive(.attach(maxMessageSize: 100), .flow(10))
        #expect(run.sent == [1, 3])
        #expect(run.outcomes == [.final(.givenUp(.tooLarge(size: 101, limit: 100)))])
        #expect(run.commands.contains("free 2"))
        #expect(run.summary.givenUp == 1)
    }

    @Test("a message that was lost is given up when the next link takes only smaller ones")
    func tooLargeLater() {
        var run = Run(sizes: [100, 10])
        run.open(credit: 2)
        run.loseLink()
        run.pass(2_000)
        run.receive(.attach(maxMessageSize: 50), .flow(10))
        #expect(run.outcomes == [.final(.givenUp(.tooLarge(size: 100, limit: 50)))])
        #expect(run.sent == [2])
    }

    @Test("asked to drain, what may be sent is sent and the rest of the credit returned")
    func drain() {
        var run = Run(messages: 2)
        run.isSourceOpen = true
        run.open()
        run.receive(.drain(10))
        #expect(run.commands == ["send 1", "send 2", "returnCredit"])
        run.receive(.drain())
        #expect(run.sent.isEmpty)
        run.offer(1)
        #expect(run.sent.isEmpty)
        run.grantCredit(1)
        #expect(run.sent == [3])
    }

    @Test("a drain sends what was returned before it returns the credit")
    func drainReturned() {
        var run = Run(messages: 1)
        run.open(credit: 1)
        run.receive(.release(1), .drain(2))
        #expect(run.commands == ["send 1", "returnCredit"])
    }

    @Test("a drain does not wait for a tick or a paced message")
    func drainWithoutWait() {
        var pace = SendPace()
        pace.interval = 1_000
        var run = Run(messages: 3, pace: pace)
        run.open(credit: 5)
        #expect(run.sent == [1])
        run.receive(.drain())
        #expect(run.commands == ["returnCredit"])
    }

    @Test("nothing to send ends at once, without a connection")
    func nothingToSend() {
        var run = Run(messages: 0)
        run.handle(.sourceEnded(.first))
        run.start()
        #expect(run.commands == ["finish"])
        #expect(run.end == .finished)
    }

    @Test("credit that is used up as soon as it comes is not missed")
    func usedUpCredit() {
        var run = Run(messages: 20) { $0.creditNotice = 1_000 }
        run.open(credit: 1)
        for sequence in 1...10 as ClosedRange<UInt64> {
            run.pass(300)
            #expect(run.notices.isEmpty)
            run.receive(.accept(sequence), .flow(1))
        }
    }
}
