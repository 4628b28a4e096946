// Rule 9: with a dead peer nothing grows, however long it stays dead.
// SPDX-License-Identifier: Apache-2.0

import RecoverySimulation
import Testing

@testable import LinkRecovery

@Suite struct DeadPeerTests {
    /// A run with a full window in doubt.
    private func bereaved() -> Run {
        var run = Run(messages: 1_000) {
            $0.mayReconnect = true
            $0.window = 500
        }
        run.open(credit: 500)
        run.loseConnection()
        return run
    }

    @Test("ten thousand connects that fail leave everything as it was")
    func failedConnects() {
        var run = bereaved()
        let footprint = run.footprint
        for _ in 1...10_000 {
            run.pass(2_000)
            run.loseConnection()
            run.forgetLog()
        }
        #expect(run.footprint == footprint)
        #expect(run.summary.inDoubt == 500)
    }

    @Test(
        "links that are refused, and links that take everything and are lost, leave everything as it was"
    )
    func failedLinks() {
        var run = bereaved()
        run.pass(2_000)
        run.receive(.open)
        let footprint = run.footprint
        for round in 1...1_000 {
            let isRefused = round.isMultiple(of: 2)
            run.receive(.attach(hasTarget: !isRefused), .flow(isRefused ? 0 : 100))
            run.loseLink()
            // A message in doubt is kept once, however often it was sent.
            #expect(run.footprint <= footprint)
            run.pass(2_000)
        }
        #expect(run.summary.inDoubt == 500)
        #expect(run.summary.resent == 50_000)
    }
}
