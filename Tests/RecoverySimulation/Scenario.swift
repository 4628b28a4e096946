// The parameters of a simulated run.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
package import LinkRecovery

/// All that a seed decides before a run begins.
package struct Scenario {
    package var options = RecoveryOptions()
    package var pace = SendPace()
    package var sizes: [Int] = []
    /// Each sends as many messages, of the same sizes.
    package var senderCount: Int
    var endpointCount: Int
    var plan: FaultPlan
    /// Faults happen before, none from then on.
    var faultsEndAfter: Milliseconds
    var stopAfter: Milliseconds?
    /// Messages come one by one so far apart, and then the end; nil: all are there at once.
    var inputInterval: Milliseconds?
    /// Someone wakes the run every so often without a reason.
    var nudgeInterval: Milliseconds?

    var messageCount: Int { senderCount * sizes.count }

    init(with random: inout RandomSource, senders: ClosedRange<Int>) {
        let noRoom = ErrorCondition.noRoom.name
        func happens(_ percent: UInt64) -> Bool { random.next(upTo: 99) < percent }
        func pick<Value>(_ values: Value...) -> Value {
            values[Int(random.next(upTo: UInt64(values.count - 1)))]
        }
        senderCount = senders.lowerBound + Int(random.next(upTo: UInt64(senders.count - 1)))
        endpointCount = pick(1, 1, 2, 3)
        options.mayReconnect = pick(true, true, true, false)
        options.retry = RetryPolicy(
            interval: pick(50, 500), multiplier: pick(1, 2), maximum: pick(500, 2_000),
            jitter: pick(0, 0, 0.5, 0.9), attempts: pick(-1, -1, -1, -1, 6))
        options.window = pick(1, 2, 5, 20)
        options.windowBytes = pick(0, 50, 200, 100_000)
        options.redeliveries = pick(-1, -1, 0, 3)
        options.isPreSettled = happens(25)
        options.openTimeout = pick(500, 500, 2_000, 2_000, 0)
        options.outcomeTimeout = pick(300, 3_000)
        options.creditNotice = pick(0, 200, 3_000)
        options.creditTimeout = pick(0, 0, 0, 0, 8_000)
        if happens(10) { options.fatalConditions = [pick("qd:link-expiration", noRoom)] }
        if happens(10) { options.retryableConditions = [pick("app:refused", "amqp:not-found")] }
        options.creditReopen = pick(1_000, 5_000)
        options.drainTimeout = pick(300, 1_000, 1_000, 0)
        pace.interval = pick(0, 0, 7, 100)
        pace.burst = pick(1, 3, 50)
        for _ in 0...random.next(upTo: 60) { sizes.append(Int(random.next(upTo: 70))) }
        let mayReconnect = options.mayReconnect || endpointCount > 1
        plan = FaultPlan.drawn(with: &random, mayReconnect: mayReconnect)
        // Without a limit an answer is waited for for ever.
        if options.openTimeout == 0 { plan.allIsAnswered() }
        faultsEndAfter = Milliseconds(random.next(upTo: 30_000))
        nudgeInterval = pick(nil, nil, 13)
        stopAfter = pick(nil, nil, nil, nil, 0, Milliseconds(random.next(upTo: 40_000)))
        inputInterval = pick(nil, nil, nil, nil, 30, 300)
    }
}
