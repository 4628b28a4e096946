// The beat of new messages: a burst every interval.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LinkRecovery

@Suite struct PaceTests {
    private func pace(_ interval: Milliseconds, burst: Int = 1) -> SendPace {
        var pace = SendPace()
        pace.interval = interval
        pace.burst = burst
        return pace
    }

    @Test func `by default one message is sent a second, the first at once`() {
        var run = Run(messages: 3, pace: SendPace())
        run.open(credit: 10)
        #expect(run.sent == [1])
        for sequence in 2...3 as ClosedRange<UInt64> {
            run.pass(999)
            #expect(run.sent.isEmpty)
            run.pass(1)
            #expect(run.sent == [sequence])
        }
    }

    @Test func `a tick takes up to a burst`() {
        var run = Run(messages: 8, pace: pace(100, burst: 3))
        run.open(credit: 10)
        #expect(run.sent == [1, 2, 3])
        run.pass(100)
        #expect(run.sent == [4, 5, 6])
        run.pass(100)
        #expect(run.sent == [7, 8])
    }

    @Test func `with interval 0 the burst has no effect`() {
        var run = Run(messages: 8, pace: pace(0, burst: 3))
        run.open(credit: 10)
        #expect(run.sent == Array(1...8))
    }

    @Test func `what a tick could not take for want of credit is not made up for`() {
        var run = Run(messages: 9, pace: pace(100, burst: 3))
        run.open(credit: 1)
        #expect(run.sent == [1])
        run.grantCredit(1)
        #expect(run.sent.isEmpty)
        run.pass(350)
        #expect(run.sent == [2])
        run.grantCredit(10)
        #expect(run.sent.isEmpty)
        run.pass(50)
        #expect(run.sent == [3, 4, 5])
    }

    @Test func `a tick that finds no credit takes none`() {
        var run = Run(messages: 9, pace: pace(100))
        run.open(credit: 1)
        run.pass(1_050)
        run.grantCredit(10)
        #expect(run.sent.isEmpty)
        run.pass(49)
        #expect(run.sent.isEmpty)
        run.pass(1)
        #expect(run.sent == [2])
    }

    @Test func `a tick that finds a full window takes none`() {
        var run = Run(messages: 9, pace: pace(100)) { $0.window = 1 }
        run.open(credit: 10)
        run.pass(250)
        run.accept(1)
        #expect(run.sent.isEmpty)
        run.pass(50)
        #expect(run.sent == [2])
    }

    @Test func `a tick that finds no link takes none, and what was lost goes without a tick`() {
        var run = Run(messages: 9, pace: pace(100))
        run.open(credit: 10)
        run.pass(100)
        run.loseLink()
        run.pass(2_050)
        run.receive(.attach(), .flow(10))
        #expect(run.sent == [1, 2])
        run.pass(50)
        #expect(run.sent == [3])
    }

    @Test func `a tick finds nothing at the source, and is not made up for`() {
        var run = Run(messages: 1, pace: pace(100))
        run.isSourceOpen = true
        run.open(credit: 10)
        run.pass(150)
        run.offer(2)
        #expect(run.sent.isEmpty)
        run.pass(50)
        #expect(run.sent == [2])
    }

    @Test func `a wake-up that is late finds one burst, and the beat goes on as it was`() {
        var run = Run(messages: 9, pace: pace(100, burst: 2))
        run.open(credit: 10)
        run.now = run.now + 350
        run.beginStep()
        run.wake()
        #expect(run.sent == [3, 4])
        #expect(run.wait == 50)
    }

    @Test func `a tick that was due when other news came takes its burst`() {
        var run = Run(messages: 9, pace: pace(100))
        run.open(credit: 10)
        run.now = run.now + 100
        run.accept(1)
        #expect(run.sent == [2])
        #expect(run.wait == 100)
    }

    @Test func `no tick is waited for when it could not be used`() {
        var run = Run(messages: 9, pace: pace(100))
        run.open(credit: 1)
        #expect(run.wait == 5_000)
        run.loseLink()
        #expect(run.wait == 2_000)
    }

    // MARK: By itself

    @Test func `the beat starts once`() {
        var pacemaker = Pacemaker(pace: pace(100))
        #expect(pacemaker.nextTick == nil)
        #expect(!pacemaker.allowsMessage)
        let start = Instant(milliseconds: 5)
        pacemaker.advance(to: start, isUsable: true)
        #expect(!pacemaker.allowsMessage)
        pacemaker.start(now: start)
        #expect(pacemaker.allowsMessage)
        pacemaker.take()
        #expect(!pacemaker.allowsMessage)
        pacemaker.start(now: start + 50)
        #expect(pacemaker.nextTick == start + 100)
        pacemaker.advance(to: start + 99, isUsable: true)
        #expect(!pacemaker.allowsMessage)
        pacemaker.advance(to: start + 100, isUsable: false)
        #expect(!pacemaker.allowsMessage)
        pacemaker.advance(to: start + 450, isUsable: true)
        #expect(pacemaker.allowsMessage)
        pacemaker.endTurn()
        #expect(!pacemaker.allowsMessage)
        #expect(pacemaker.nextTick == start + 500)
    }

    @Test func `the longest of intervals is no trouble`() {
        var pacemaker = Pacemaker(pace: pace(.max))
        pacemaker.start(now: Instant(milliseconds: 1))
        pacemaker.advance(to: Instant(milliseconds: .max - 1), isUsable: true)
        #expect(pacemaker.nextTick == .distantFuture)
    }
}
