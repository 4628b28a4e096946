// Several endpoints: no wait within a round, the retry policy's wait between rounds.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

@Suite struct FailoverTests {
    /// A run that has three endpoints and no -r.
    private func failingOver(_ configure: (inout RecoveryOptions) -> Void = { _ in }) -> Run {
        var run = Run(messages: 3, endpoints: 3) {
            $0.retry = RetryPolicy(interval: 1_000, multiplier: 2, maximum: 5_000)
            configure(&$0)
        }
        run.start()
        return run
    }

    /// The wait that follows when the connect fails.
    private func failConnect(_ run: inout Run) -> Milliseconds? {
        run.loseConnection()
        let wait = run.wait
        run.pass(wait ?? 0)
        return wait
    }

    @Test("several endpoints are reason enough to connect again")
    func severalEndpoints() {
        var run = failingOver()
        run.loseConnection()
        #expect(run.end == nil)
        run.wake()
        #expect(run.commands == ["connect 2 to 1"])
    }

    @Test("a round is not waited for, and rounds are, longer each time")
    func rounds() {
        var run = failingOver()
        let waits = (1...10).map { _ in failConnect(&run) }
        #expect(waits == [0, 0, 1_000, 0, 0, 2_000, 0, 0, 4_000, 0])
        #expect(run.commands == ["connect 11 to 1"])
    }

    @Test("every connect is an attempt, waited for or not")
    func attempts() {
        var run = failingOver { $0.retry.attempts = 4 }
        for _ in 1...4 { _ = failConnect(&run) }
        #expect(run.end == nil)
        run.loseConnection()
        #expect(run.end == .attemptsUsedUp(4, .none))
    }

    @Test("an endpoint that has worked begins a round with the one after it")
    func afterService() {
        var run = failingOver()
        _ = failConnect(&run)
        _ = failConnect(&run)
        run.receive(.open)
        run.receive(.attach(), .flow(3))
        run.accept(1)
        run.pass(1_000)
        #expect([failConnect(&run), failConnect(&run), failConnect(&run)] == [0, 0, 1_000])
        #expect(run.commands == ["connect 6 to 2"])
    }

    @Test("endpoints that work for a moment only are not tried without a pause")
    func shortService() {
        var run = Run(messages: 100, endpoints: 2)
        run.start()
        var waits: [Milliseconds?] = []
        for message in 1...4 as ClosedRange<UInt64> {
            run.receive(.open)
            run.receive(.attach(), .flow(1))
            run.accept(message)
            waits.append(failConnect(&run))
        }
        #expect(waits == [0, 2_000, 0, 2_000])
    }

    @Test("an endpoint that refuses for one open timeout is left for the next")
    func refusals() {
        var run = failingOver()
        run.receive(.open)
        run.receive(.attach(hasTarget: false), .detach(.noRoute))
        var refusedAt: [Milliseconds] = [0]
        while !run.commands.contains("closeConnection 1") {
            run.pass(run.wait ?? 0)
            refusedAt.append(run.now - Driver.start)
            run.receive(.attach(hasTarget: false), .detach(.noRoute))
        }
        #expect(refusedAt == [0, 1_000, 3_000, 7_000, 12_000])
        run.receive(.lost(.closed))
        #expect(run.wait == 0)
        run.wake()
        #expect(run.commands == ["connect 2 to 1"])
    }

    @Test("sessions that are ended at once count as refusals")
    func endedSessions() {
        var run = failingOver()
        run.receive(.open)
        for _ in 1...4 {
            run.receive(.end(.notFound))
            run.pass(run.wait ?? 0)
        }
        run.receive(.end(.notFound))
        #expect(run.commands == ["freeLink 5", "closeConnection 1"])
    }

    @Test("a close that is not answered does not keep the run from the next endpoint")
    func unansweredClose() {
        var run = failingOver { $0.drainTimeout = 300 }
        run.receive(.open)
        for _ in 1...4 {
            run.receive(.detach(.noRoute))
            run.pass(run.wait ?? 0)
        }
        run.receive(.detach(.noRoute))
        #expect(run.wait == 300)
        run.pass(300)
        #expect(run.commands == ["abortConnection 1"])
        run.pass(1_000)
        #expect(run.commands == ["connect 2 to 1"])
    }

    @Test("with no time for a close the endpoint is left at once")
    func noCloseTime() {
        var run = failingOver { $0.drainTimeout = 0 }
        run.receive(.open)
        for _ in 1...4 {
            run.receive(.detach(.noRoute))
            run.pass(run.wait ?? 0)
        }
        run.receive(.detach(.noRoute))
        #expect(run.commands == ["freeLink 5", "closeConnection 1", "abortConnection 1"])
    }

    @Test("what was proven is not refused: the time counts anew")
    func proven() {
        var run = failingOver()
        run.receive(.open)
        run.receive(.detach(.noRoute))
        run.pass(1_000)
        run.receive(.attach(), .flow(10))
        run.pass(10_000)
        run.loseLink()
        run.pass(1_000)
        run.receive(.detach(.noRoute))
        #expect(run.lastConnection.number == 1)
        #expect(run.commands == ["freeLink 3"])
    }

    @Test("without a limit, or another endpoint, refusals go on", arguments: [1, 3])
    func noLimit(
        endpoints: Int
    ) {
        var run = Run(messages: 1, endpoints: endpoints) {
            if endpoints > 1 { $0.openTimeout = 0 }
        }
        run.start()
        run.receive(.open)
        for _ in 1...50 {
            run.receive(.detach(.noRoute))
            run.pass(2_000)
        }
        #expect(run.attachCount == 1)
        #expect(run.lastConnection.number == 1)
    }
}
