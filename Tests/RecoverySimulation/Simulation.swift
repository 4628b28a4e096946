// One simulated run from a seed: faults for a while, then none, and it must come to its end.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
import LinkRecovery

/// Runs the machines against a simulated peer, in virtual time.
package struct Simulation {
    package private(set) var driver: Driver
    package let scenario: Scenario
    private var peer: SimulatedPeer
    /// When something comes from the input next.
    private var inputAt: Instant?
    /// Sizes of the messages that are to come for each sender, the next one last.
    private var input: [Int] = []
    private var stopAt: Instant?
    private var accepted: Set<SimulatedPeer.Kept> = []
    /// Notices, outcomes and ends that came, by name: what the run has been through.
    package private(set) var marks: Set<String> = []

    /// More wake-ups and batches than any run needs.
    private static let stepsMax = 100_000
    /// Longer than all limits of a scenario together can put the end off.
    private static let elapsedMax: Milliseconds = 1_000_000

    package init(
        seed: UInt64, senders: ClosedRange<Int> = 1...3, breach: Breach? = nil,
        isTraced: Bool = false
    ) {
        var random = RandomSource(seed: seed)
        scenario = Scenario(with: &random, senders: breach?.senders ?? senders)
        inputAt = scenario.inputInterval.map { Driver.start + $0 }
        stopAt = scenario.stopAfter.map { Driver.start + $0 }
        driver = Driver(
            options: scenario.options, pace: scenario.pace, endpointCount: scenario.endpointCount,
            sizes: Array(
                repeating: inputAt == nil ? scenario.sizes : [], count: scenario.senderCount),
            seed: random.next(), breach: breach)
        if inputAt != nil {
            input = scenario.sizes.reversed()
            driver.isSourceOpen = true
        }
        driver.isTraced = isTraced
        peer = SimulatedPeer(
            isPreSettled: scenario.options.isPreSettled, plan: scenario.plan,
            faultsEndAt: Driver.start + scenario.faultsEndAfter,
            random: RandomSource(seed: random.next()))
    }

    /// The faults found in the run of this seed; empty when there were none.
    package static func violations(
        seed: UInt64, senders: ClosedRange<Int> = 1...3, breach: Breach? = nil
    ) -> [String] {
        var simulation = Simulation(seed: seed, senders: senders, breach: breach)
        simulation.simulate()
        return simulation.driver.violations
    }

    /// Runs a seed again and prints it: what it is made of, every event, and what was wrong.
    package static func replay(seed: UInt64, senders: ClosedRange<Int> = 1...3) {
        var simulation = Simulation(seed: seed, senders: senders, isTraced: true)
        print("seed \(seed)")
        print(simulation.scenario)
        simulation.simulate()
        print(simulation.driver.summary)
        for violation in simulation.driver.violations { print("seed \(seed): \(violation)") }
    }

    /// Runs to the end, to the first violation, or to what is longer than an end can take.
    package mutating func simulate() {
        driver.begin()
        answer()
        var steps = 0
        while !driver.isFinished, !driver.isBroken {
            steps += 1
            guard steps < Simulation.stepsMax, driver.elapsed < Simulation.elapsedMax else {
                driver.fail("no end after \(steps) steps, \(driver.elapsed) ms")
                break
            }
            guard let next = nextMoment() else {
                driver.fail("nothing is armed and nothing to come")
                break
            }
            advance(to: next)
            step()
            answer()
        }
        if let end = driver.rules.end, !driver.isBroken { judge(end) }
    }

    private func nextMoment() -> Instant? {
        let armed = driver.rules.armedAt.flatMap { $0 < .distantFuture ? $0 : nil }
        return [armed, peer.nextArrival, inputAt, stopAt].compactMap { $0 }.min()
    }

    private mutating func advance(to next: Instant) {
        let nudge = scenario.nudgeInterval.map { driver.now + $0 } ?? .distantFuture
        driver.now = max(driver.now, min(next, nudge))
        if driver.now >= peer.faultsEndAt { peer.plan = .none }
    }

    private mutating func step() {
        if let at = stopAt, at <= driver.now {
            stopAt = nil
            driver.stop()
        } else if let at = inputAt, at <= driver.now {
            takeInput()
        } else if let arrivals = peer.arrivals(until: driver.now) {
            receive(arrivals.frames, on: arrivals.connection)
        } else {
            driver.outgoingBytes = peer.unreadBytes(now: driver.now)
            driver.wake()
        }
    }

    private mutating func takeInput() {
        driver.outgoingBytes = peer.unreadBytes(now: driver.now)
        guard let size = input.popLast() else {
            inputAt = nil
            driver.isSourceOpen = false
            driver.wake()
            return
        }
        inputAt = scenario.inputInterval.map { driver.now + $0 }
        driver.offer(1, size: size)
    }

    /// Acceptances that follow one another on a link are one event.
    private mutating func tellAccepted(_ accepted: inout (link: LinkID, tags: [DeliveryTag])?) {
        guard let run = accepted else { return }
        accepted = nil
        driver.handle(.link(run.link, .accepted(run.tags)))
    }

    private mutating func receive(
        _ frames: [SimulatedPeer.Frame], on connection: ConnectionID
    ) {
        var granted: [LinkID: Int] = [:]
        var isDraining: [LinkID: Bool] = [:]
        var accepted: (link: LinkID, tags: [DeliveryTag])?
        for frame in frames {
            if case .outcome(let link, let tag, .accepted) = frame.kind {
                if accepted?.link != link { tellAccepted(&accepted) }
                accepted = (link, (accepted?.tags ?? []) + [tag])
                continue
            }
            tellAccepted(&accepted)
            if case .flow(let link, let credit, let drain) = frame.kind {
                granted[link, default: 0] += credit
                isDraining[link] = drain
            } else {
                driver.handle(frame.event)
            }
        }
        tellAccepted(&accepted)
        for sender in driver.allRules.indices {
            guard let link = driver.allRules[sender].link, driver.allRules[sender].isAttached,
                driver.allRules[sender].connection == connection
            else { continue }
            let credit = driver.allRules[sender].credit + granted[link, default: 0]
            driver.handle(.link(link, .credit(credit, isDraining: isDraining[link] ?? false)))
        }
        driver.outgoingBytes = peer.unreadBytes(now: driver.now)
        driver.endBatch(connection)
    }

    /// Lets the peer see what was asked for.
    private mutating func answer() {
        for action in driver.log {
            peer.answer(action, now: driver.now)
            switch action {
            case .report(.link(let sender, .outcome(let outcome))):
                if outcome.kind == .final(.accepted) {
                    for sequence in outcome.sequences {
                        accepted.insert(.init(sender: sender, sequence: sequence))
                    }
                }
                if case .final(.givenUp(let reason)) = outcome.kind { mark(reason) }
            case .report(.notice(let notice)), .report(.link(_, .notice(let notice))),
                .report(.link(_, .givenUp(let notice, _))):
                mark(notice)
            case .finish(let end):
                mark(end)
            case .report(.link(_, .ended(let end))):
                mark(end)
            default:
                break
            }
        }
        driver.log.removeAll(keepingCapacity: true)
    }

    private mutating func mark(_ value: some Any) {
        marks.insert(String("\(value)".prefix { $0 != "(" }))
    }

    private mutating func judge(_ end: End) {
        let summary = driver.summary
        switch end {
        case .finished:
            if summary.taken != scenario.messageCount { driver.fail("not all were taken") }
        case .stopped:
            if scenario.stopAfter == nil { driver.fail("stopped, and nobody asked") }
        case .fatalCondition, .authenticationRefused:
            if !peer.hasBeenFatal { driver.fail("ended with \(end)") }
        case .attemptsUsedUp, .creditTimedOut:
            break
        case .unflushed:
            if !scenario.options.isPreSettled { driver.fail("ended with \(end)") }
            if scenario.senderCount == 1, summary.taken != scenario.messageCount {
                driver.fail("not all were taken")
            }
        case .connectionFailed, .settledRefused, .unsettledRefused:
            driver.fail("ended with \(end)")
        }
        if accepted.count != summary.accepted { driver.fail("accepted is miscounted") }
        if !accepted.isSubset(of: peer.kept) { driver.fail("accepted, and not at the broker") }
    }
}

extension SimulatedPeer.Frame {
    /// The event for the machines; credit is told at the end of a batch.
    fileprivate var event: Event {
        switch kind {
        case .open: .connection(connection, .opened(peer: "simulated"))
        case .attach(let link, let hasTarget, let size):
            .link(link, .opened(LinkProperties(hasTarget: hasTarget, maxMessageSize: size)))
        case .flow: preconditionFailure("credit is told at the end of the batch")
        case .outcome(let link, let tag, let outcome): .link(link, .outcome(tag, outcome))
        case .detach(let link, let condition): .link(link, .detached(condition))
        case .end(let session): .sessionLost(session, .none)
        case .lost(let loss, let condition): .connection(connection, .lost(loss, condition))
        }
    }
}
