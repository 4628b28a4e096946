// A rate of new messages.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LinkRecovery

@Suite struct RateTests {
    private func rate(_ rate: Double, delay: Milliseconds = 0) -> SendPace {
        var pace = SendPace()
        pace.interval = 0
        pace.rate = rate
        pace.rateDelay = delay
        return pace
    }

    @Test(
        "each message is due at its moment, and no earlier",
        arguments: [0.5, 3, 1000, 12_345.6])
    func moments(perSecond: Double) throws {
        var pacer = Pacer(pace: rate(perSecond, delay: 7))
        #expect(!pacer.allowsMessage)
        let first = Instant(milliseconds: 12)
        pacer.start(now: Instant(milliseconds: 5))
        #expect(!pacer.allowsMessage && pacer.nextTick == first)
        pacer.advance(to: first, isUsable: true)
        var (now, taken) = (first, 0)
        while now - first < 10_000 {
            while pacer.allowsMessage {
                let due = (Double(taken) * 1e6 / perSecond).rounded(.up)
                #expect(pacer.dueTime(now: now).microseconds == first.microseconds + Int64(due))
                pacer.take()
                taken += 1
            }
            pacer.endTurn(.hasMessages, isIdle: false, now: now)
            let passed = Double(now.microseconds(since: first))
            #expect(taken == 1 + Int(passed * perSecond / 1e6), "\(now - first)")
            let next = try #require(pacer.nextTick)
            #expect(next > now)
            now = next
            pacer.advance(to: now, isUsable: true)
        }
        #expect(abs(Double(taken) - perSecond * 10) <= 1)
    }

    @Test("what became due while nothing could be sent stays due, with the time when it was")
    func whatIsDueStays() {
        var pacer = Pacer(pace: rate(10))
        let start = Instant(milliseconds: 0)
        pacer.start(now: start)
        pacer.take()
        let now = start + 5000
        pacer.advance(to: now, isUsable: false)
        pacer.endTurn(.hasMessages, isIdle: false, now: now)
        for count in 1...50 as ClosedRange<Int64> {
            #expect(pacer.allowsMessage && pacer.dueTime(now: now) == start + count * 100)
            pacer.take()
        }
        #expect(!pacer.allowsMessage && pacer.nextTick == start + 5100)
        pacer.advance(to: .distantFuture, isUsable: true)
        #expect(pacer.allowsMessage)
    }

    @Test("what becomes due while the source is dry lapses, and what an interruption left does not")
    func aDrySource() {
        var pacer = Pacer(pace: rate(10))
        let start = Instant(milliseconds: 0)
        pacer.start(now: start)
        func left() -> Int {
            var copy = pacer
            var count = 0
            while copy.allowsMessage {
                copy.take()
                count += 1
            }
            return count
        }
        pacer.advance(to: start + 400, isUsable: false)
        #expect(left() == 5)
        for turn in 5...9 as ClosedRange<Int64> {
            let now = start + turn * 100
            pacer.endTurn(.isDry, isIdle: false, now: now)
            pacer.endTurn(.isDelayed, isIdle: false, now: now)
            #expect(left() == 5 && pacer.dueTime(now: now) == now)
            pacer.advance(to: now + 100, isUsable: true)
        }
        pacer.take()
        pacer.endTurn(.hasMessages, isIdle: false, now: start + 1000)
        // Not before the source had it.
        #expect(left() == 4 && pacer.dueTime(now: start + 1050) == start + 900)
        pacer.endTurn(.isDry, isIdle: true, now: start + 1050)
        #expect(left() == 1)
    }

    @Test(
        "whatever comes in between, no message goes before it is due, and all that is due is kept for a full source",
        arguments: 1...200 as ClosedRange<UInt64>)
    func anything(seed: UInt64) {
        var random = RandomSource(seed: seed)
        func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        let perSecond = Double(number(1...5_000_000)) / 1000
        let mayBeDry = seed.isMultiple(of: 2)
        var pacer = Pacer(pace: rate(perSecond))
        let start = Instant(microseconds: Int64(number(0...1_000_000_000_000)))
        pacer.start(now: start)
        var (now, taken) = (start, 0)
        for _ in 1...200 {
            pacer.advance(to: now, isUsable: number(0...1) == 0)
            let due = 1 + Int(Double(now.microseconds(since: start)) * perSecond / 1e6)
            for _ in 0..<number(0...3) * number(0...100) where pacer.allowsMessage {
                let dueTime = pacer.dueTime(now: now)
                #expect(dueTime >= start && dueTime <= now)
                if !mayBeDry {
                    let wait = Int64((Double(taken) * 1e6 / perSecond).rounded(.up))
                    #expect(dueTime.microseconds(since: start) == wait)
                }
                pacer.take()
                taken += 1
            }
            #expect(taken <= due)
            if !mayBeDry { #expect(pacer.allowsMessage == (taken < due)) }
            let source: SourceState =
                mayBeDry && number(0...3) == 0
                ? .isDry : number(0...3) == 0 ? .isDelayed : .hasMessages
            pacer.endTurn(source, isIdle: number(0...3) == 0, now: now)
            now = Instant(microseconds: now.microseconds + Int64(number(0...number(1...3_000_000))))
        }
    }

    @Test("messages that an interruption held up are sent behind it")
    func aRateCatchesUp() {
        var run = Run(messages: 30, pace: rate(10))
        run.open(credit: 100)
        #expect(run.sent == [1])
        for sequence in 2...6 as ClosedRange<UInt64> {
            run.pass(100)
            #expect(run.sent == [sequence])
        }
        run.loseLink()
        run.reattach(credit: 100)
        // In doubt are six, and 20 have become due.
        #expect(run.sent == Array(1...26))
        run.pass(100)
        #expect(run.sent == [27])
    }

    @Test("a source that is dry is not waited for with ticks")
    func noTicks() throws {
        var run = Run(messages: 1, pace: rate(10))
        run.isSourceOpen = true
        run.open(credit: 100)
        run.accept(1)
        // The message that is due next waits for the source.
        run.pass(100)
        #expect(run.wait == nil)
        run.offer(1)
        #expect(run.sent == [2])
    }

    @Test(
        "a message that comes to a source that was dry goes at once, and the next ones at the rate")
    func aSlowSource() {
        var run = Run(messages: 1, pace: rate(10))
        run.isSourceOpen = true
        run.open(credit: 100)
        #expect(run.sent == [1])
        run.pass(1050)
        run.offer(3)
        #expect(run.sent == [2])
        run.pass(50)
        #expect(run.sent == [3])
        run.pass(100)
        #expect(run.sent == [4])
    }
}
