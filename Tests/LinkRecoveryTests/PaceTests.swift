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

    @Test("by default one message is sent a second, the first at once")
    func byDefault() {
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

    @Test("a tick takes up to a burst")
    func burst() {
        var run = Run(messages: 8, pace: pace(100, burst: 3))
        run.open(credit: 10)
        #expect(run.sent == [1, 2, 3])
        run.pass(100)
        #expect(run.sent == [4, 5, 6])
        run.pass(100)
        #expect(run.sent == [7, 8])
    }

    @Test("what a source keeps back for a moment is still of the burst")
    func keptBack() {
        var run = Run(messages: 2, pace: pace(100, burst: 3))
        run.isSourceOpen = true
        run.isSourceDelayed = true
        run.open(credit: 10)
        #expect(run.sent == [1, 2])
        run.pass(20)
        run.isSourceDelayed = false
        run.offer(5)
        #expect(run.sent == [3])
        run.pass(80)
        #expect(run.sent == [4, 5, 6])
        // Not so when nothing is there.
        run.pass(100)
        #expect(run.sent == [7])
        run.offer(1)
        #expect(run.sent.isEmpty)
    }

    @Test("with interval 0 the burst has no effect")
    func noInterval() {
        var run = Run(messages: 8, pace: pace(0, burst: 3))
        run.open(credit: 10)
        #expect(run.sent == Array(1...8))
    }

    @Test("what a tick could not take for want of credit is not made up for")
    func notMadeUpFor() {
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

    @Test("a tick that finds no credit takes none")
    func noCredit() {
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

    @Test("a tick that finds a full window takes none")
    func fullWindow() {
        var run = Run(messages: 9, pace: pace(100)) { $0.window = 1 }
        run.open(credit: 10)
        run.pass(250)
        run.accept(1)
        #expect(run.sent.isEmpty)
        run.pass(50)
        #expect(run.sent == [2])
    }

    @Test("a tick that finds no link takes none, and what was lost goes without a tick")
    func noLink() {
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

    @Test("a tick finds nothing at the source, and is not made up for")
    func nothingThere() {
        var run = Run(messages: 1, pace: pace(100))
        run.isSourceOpen = true
        run.open(credit: 10)
        run.pass(150)
        run.offer(2)
        #expect(run.sent.isEmpty)
        run.pass(50)
        #expect(run.sent == [2])
    }

    @Test("a wake-up that is late finds one burst, and the beat goes on as it was")
    func lateWakeUp() {
        var run = Run(messages: 9, pace: pace(100, burst: 2))
        run.open(credit: 10)
        run.now = run.now + 350
        run.beginStep()
        run.wake()
        #expect(run.sent == [3, 4])
        #expect(run.wait == 50)
    }

    @Test("a tick that was due when other news came takes its burst")
    func dueWithNews() {
        var run = Run(messages: 9, pace: pace(100))
        run.open(credit: 10)
        run.now = run.now + 100
        run.accept(1)
        #expect(run.sent == [2])
        #expect(run.wait == 100)
    }

    @Test("no tick is waited for when it could not be used")
    func uselessTick() {
        var run = Run(messages: 9, pace: pace(100))
        run.open(credit: 1)
        #expect(run.wait == 5_000)
        run.loseLink()
        #expect(run.wait == 2_000)
    }

    // MARK: By itself

    @Test("the beat starts once")
    func beat() {
        var pacer = Pacer(pace: pace(100))
        #expect(pacer.nextTick == nil)
        #expect(!pacer.allowsMessage)
        let start = Instant(milliseconds: 5)
        pacer.advance(to: start, isUsable: true)
        #expect(!pacer.allowsMessage)
        pacer.start(now: start)
        #expect(pacer.allowsMessage)
        pacer.take()
        #expect(!pacer.allowsMessage)
        pacer.start(now: start + 50)
        #expect(pacer.nextTick == start + 100)
        pacer.advance(to: start + 99, isUsable: true)
        #expect(!pacer.allowsMessage)
        pacer.advance(to: start + 100, isUsable: false)
        #expect(!pacer.allowsMessage)
        pacer.advance(to: start + 450, isUsable: true)
        #expect(pacer.allowsMessage)
        pacer.endTurn(.hasMessages, isIdle: false, now: start + 450)
        #expect(!pacer.allowsMessage)
        #expect(pacer.nextTick == start + 500)
    }

    @Test("the longest of intervals is no trouble")
    func longestInterval() {
        var pacer = Pacer(pace: pace(.max))
        pacer.start(now: Instant(milliseconds: 1))
        pacer.advance(to: Instant(milliseconds: .max - 1), isUsable: true)
        #expect(pacer.nextTick == .distantFuture)
    }

    @Test("a rate or an interval that is none is no pace, and a burst of none is one message")
    func noPace() {
        for rate in [-1, .nan, .infinity, -.infinity] as [Double] {
            for interval in [0, -1] as [Milliseconds] {
                var pace = SendPace()
                (pace.rate, pace.interval) = (rate, interval)
                var pacer = Pacer(pace: pace)
                pacer.start(now: Instant(milliseconds: 1))
                pacer.advance(to: Instant(milliseconds: 1), isUsable: true)
                #expect(pacer.allowsMessage && pacer.nextTick == nil)
            }
        }
        var pace = SendPace()
        pace.burst = -1
        var pacer = Pacer(pace: pace)
        pacer.start(now: Instant(milliseconds: 1))
        #expect(pacer.allowsMessage)
    }
}
