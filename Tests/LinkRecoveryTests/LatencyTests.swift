// The durations of messages and interruptions.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

@Suite struct LatencyTests {
    private func expect(
        _ times: Histogram, _ milliseconds: [Milliseconds],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let sum = milliseconds.reduce(0, +)
        #expect(times.count == milliseconds.count, sourceLocation: sourceLocation)
        #expect(times.total == sum * 1000, sourceLocation: sourceLocation)
        guard let shortest = milliseconds.min(), let longest = milliseconds.max() else { return }
        #expect(times.min == shortest * 1000, sourceLocation: sourceLocation)
        #expect(times.max == longest * 1000, sourceLocation: sourceLocation)
    }

    @Test("from the first send to the outcome, whichever link it comes on")
    func fromTheFirstSend() {
        var run = Run(messages: 5)
        run.open(credit: 10)
        run.pass(30)
        run.accept(1, 2)
        run.pass(20)
        run.receive(.reject(3))
        expect(run.timings.latencies, [30, 30, 50])
        run.loseLink()
        run.reattach(credit: 10)
        run.pass(7)
        let length = run.now - Driver.start
        run.accept(4)
        expect(run.timings.latencies, [30, 30, 50, length])
        run.pass(3)
        run.accept(5)
        expect(run.timings.latencies, [30, 30, 50, length, length + 3])
    }

    @Test("a message that is given up counts to there, and one that was never sent does not")
    func givenUp() {
        var run = Run(sizes: [10, 10, 5000]) { $0.redeliveries = 0 }
        run.start()
        run.receive(.open)
        run.receive(.attach(maxMessageSize: 1000), .flow(10))
        #expect(run.summary.givenUp == 1)
        run.pass(4)
        run.release(1)
        #expect(run.summary.givenUp == 2)
        expect(run.timings.latencies, [4])
    }

    @Test("of a rate, from when it was due")
    func fromWhenItWasDue() {
        var pace = SendPace()
        pace.interval = 0
        pace.rate = 10
        var run = Run(messages: 3, pace: pace)
        run.open(credit: 1)
        run.pass(250)
        run.accept(1)
        // Due after 100 and 200 ms; credit comes after 250 ms.
        run.grantCredit(5)
        #expect(run.sent == [2, 3])
        run.pass(10)
        run.accept(2, 3)
        expect(run.timings.latencies, [250, 160, 60])
    }

    @Test("interruptions, the present one among them")
    func interruptions() {
        var run = Run(messages: 5)
        run.open(credit: 10)
        expect(run.timings.interruptions, [])
        run.loseLink()
        run.pass(500)
        expect(run.timings.interruptions, [500])
        run.reattach(credit: 10)
        let length = run.summary.longestInterruption
        expect(run.timings.interruptions, [length])
        run.pass(100)
        run.loseLink()
        run.pass(5)
        expect(run.timings.interruptions, [length, 5])
    }

    @Test("an interruption ends with its sender")
    func endedSender() {
        let now = Instant(milliseconds: 1_000)
        var recorder = Recorder(sizes: [[], []])
        var run = RunStateMachine(options: RecoveryOptions(), seed: 1)
        for _ in 0...1 {
            _ = run.addSender(
                pace: SendPace(), isPreSettled: false, now: now, with: &recorder)
        }
        func tell(_ event: Event, at time: Instant) {
            run.handle(event, now: time, with: &recorder)
        }
        let (connection, link) = (ConnectionID(1), LinkID(sender: SenderID(0), attach: 1))
        tell(.started, at: now)
        tell(.connection(connection, .opened(peer: "")), at: now)
        tell(.batchEnded(connection), at: now)
        tell(.link(link, .opened(LinkProperties(hasTarget: true, maxMessageSize: 0))), at: now)
        tell(.link(link, .credit(1, isDraining: false)), at: now)
        tell(.batchEnded(connection), at: now)
        tell(.link(link, .detached(ErrorCondition(name: "amqp:link:redirect"))), at: now + 5)
        tell(.batchEnded(connection), at: now + 5)
        expect(run.timings(now: now + 9_000).interruptions, [0])
        #expect(run.summary(now: now + 9_000).longestInterruption == 0)
    }

    @Test("an interruption ends with the run, and not with a link that opens while it closes")
    func endedRun() {
        var run = Run(messages: 1)
        run.open(credit: 1)
        run.loseLink()
        run.stop()
        run.pass(5_000)
        #expect(run.commands.last == "closeConnection 1")
        run.pass(100)
        run.receive(.attach(), .flow(1))
        #expect(run.summary.longestInterruption == 5_000)
        expect(run.timings.interruptions, [5_000])
        run.answerClose()
        #expect(run.end == .stopped)
        expect(run.timings.interruptions, [5_000])
    }

    @Test("what is sent settled has no outcome, and no latency")
    func preSettled() {
        var run = Run(messages: 3) { $0.isPreSettled = true }
        run.open(credit: 10)
        #expect(run.timings.latencies.count == 0)
    }
}
