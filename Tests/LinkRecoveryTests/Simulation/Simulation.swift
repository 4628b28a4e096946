// One simulated run from a seed: faults for a while, then none, and it must come to its end.
// SPDX-License-Identifier: Apache-2.0

@testable import LinkRecovery

/// Runs the machines against a simulated peer, in virtual time.
struct Simulation {
    var run: Run
    private(set) var peer: SimulatedPeer
    let scenario: Scenario
    /// What went wrong, besides the rules that the run checks itself.
    private(set) var failures: [String] = []
    private var random: RandomSource
    private var answered = 0
    private var accepted: Set<UInt64> = []
    private let startedAt: Instant

    /// More wake-ups and batches than any run needs.
    private static let stepLimit = 100_000
    /// Longer than all limits of a scenario together can put the end off.
    private static let timeLimit: Milliseconds = 1_000_000

    init(seed: UInt64) {
        random = RandomSource(seed: seed)
        scenario = Scenario(with: &random)
        let scenario = scenario
        run = Run(
            sizes: scenario.sizes, pace: scenario.pace, endpoints: scenario.endpointCount,
            seed: random.next()
        ) { $0 = scenario.options }
        startedAt = run.now
        peer = SimulatedPeer(
            plan: scenario.plan, faultsEndAt: startedAt + scenario.faultsEndAfter,
            random: RandomSource(seed: random.next()))
    }

    /// Runs to the end, or to what is longer than an end can take.
    mutating func simulate() {
        run.start()
        answer()
        var steps = 0
        var stopAt = scenario.stopAfter.map { startedAt + $0 }
        while !run.isFinished, failures.isEmpty, run.rules.violations.isEmpty {
            steps += 1
            guard steps < Simulation.stepLimit, run.now - startedAt < Simulation.timeLimit else {
                failures.append("no end after \(steps) steps, \(run.now - startedAt) ms")
                break
            }
            guard let next = nextMoment(stopAt: stopAt) else {
                failures.append("nothing is armed and nothing to come")
                break
            }
            let nudge = scenario.nudgeInterval.map { run.now + $0 } ?? .distantFuture
            run.now = max(run.now, min(next, nudge))
            if run.now >= peer.faultsEndAt { peer.plan = .none }
            if let at = stopAt, at <= run.now {
                stopAt = nil
                run.stop()
            } else if let arrivals = peer.arrivals(until: run.now) {
                receive(arrivals.frames, on: arrivals.connection)
            } else {
                run.beginStep()
                run.outgoingBytes = peer.unreadBytes()
                run.wake()
            }
            answer()
        }
        judge()
    }

    private func nextMoment(stopAt: Instant?) -> Instant? {
        let armed = run.rules.armedAt.flatMap { $0 < .distantFuture ? $0 : nil }
        return [armed, peer.nextArrival, stopAt].compactMap { $0 }.min()
    }

    private mutating func receive(_ frames: [SimulatedPeer.Frame], on connection: ConnectionID) {
        run.beginStep()
        var granted: [LinkID: Int] = [:]
        var isDraining = false
        for frame in frames {
            switch frame.kind {
            case .open: run.handle(.connection(connection, .opened(peer: "simulated")))
            case .attach(let link, let hasTarget):
                run.handle(.link(link, .opened(hasTarget: hasTarget, maxMessageSize: 0)))
            case .flow(let link, let credit, let drain):
                granted[link, default: 0] += credit
                isDraining = drain
            case .outcome(let link, let tag, let outcome):
                run.handle(.link(link, .outcome(tag, outcome)))
            case .detach(let link): run.handle(.link(link, .lost(.routedLinkLost)))
            case .end(let session): run.handle(.sessionLost(session, .none))
            case .lost(let loss): run.handle(.connection(connection, .lost(loss, .none)))
            }
        }
        if let link = run.rules.link, run.rules.isAttached, run.rules.connection == connection {
            let credit = run.rules.credit + granted[link, default: 0]
            run.handle(.link(link, .credit(credit, isDraining: isDraining)))
        }
        run.handle(.batchEnded(connection))
        run.turn()
    }

    /// Lets the peer see what was asked for.
    private mutating func answer() {
        for action in run.log[answered...] {
            peer.answer(action, now: run.now)
            if case .report(.outcome(let outcome)) = action, outcome.kind == .accepted {
                accepted.insert(outcome.sequence)
            }
        }
        answered = run.log.count
    }

    private mutating func judge() {
        guard let end = run.end else { return }
        let summary = run.summary
        if end == .finished {
            if summary.taken != scenario.sizes.count { failures.append("not all were taken") }
            if summary.inDoubt + summary.unsent > 0 { failures.append("finished, and not final") }
        } else if end != .stopped || scenario.stopAfter == nil {
            failures.append("ended with \(end)")
        }
        if accepted.count != summary.accepted { failures.append("accepted is miscounted") }
        if !accepted.isSubset(of: peer.kept) { failures.append("accepted, and not at the broker") }
    }
}
