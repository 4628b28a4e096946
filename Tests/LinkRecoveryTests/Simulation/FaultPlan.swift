// What may go wrong in a simulated run, and how often.
// SPDX-License-Identifier: Apache-2.0

@testable import LinkRecovery

/// Probabilities of faults, in percent of the occasions for them.
struct FaultPlan {
    // An occasion is a connect, an attach, a close.
    var connectFails: UInt64 = 0
    var connectIsIgnored: UInt64 = 0
    var attachIsIgnored: UInt64 = 0
    var attachIsLate: UInt64 = 0
    var attachIsRefused: UInt64 = 0
    var closeIsIgnored: UInt64 = 0
    var abortIsNotReported: UInt64 = 0
    // An occasion is a link that opens.
    var linkIsLost: UInt64 = 0
    var sessionIsLost: UInt64 = 0
    var connectionIsLost: UInt64 = 0
    var creditIsDrained: UInt64 = 0
    // An occasion is a message that is sent.
    var outcomeIsWithheld: UInt64 = 0
    var creditIsWithheld: UInt64 = 0
    var rejected: UInt64 = 0
    var returned: UInt64 = 0
    var routingFails: UInt64 = 0
    // An occasion is a wake-up.
    var bytesAreStuck: UInt64 = 0
    /// Of what is on its way to one who does not listen any more: it arrives all the same.
    var staleArrives: UInt64 = 0

    /// Nothing goes wrong any more.
    static let none = FaultPlan()

    /// A plan in which each fault is off, rare or frequent.
    static func drawn(with random: inout RandomSource, mayReconnect: Bool) -> FaultPlan {
        func often() -> UInt64 { [0, 0, 5, 30][Int(random.next(upTo: 3))] }
        var plan = FaultPlan()
        plan.attachIsIgnored = often()
        plan.attachIsLate = often()
        plan.attachIsRefused = often()
        plan.closeIsIgnored = often()
        plan.abortIsNotReported = often()
        plan.linkIsLost = often()
        plan.sessionIsLost = often()
        plan.creditIsDrained = often()
        plan.outcomeIsWithheld = often()
        plan.creditIsWithheld = often()
        plan.rejected = often()
        plan.returned = often()
        plan.routingFails = often() / 3
        plan.staleArrives = often()
        guard mayReconnect else { return plan }
        // Without another connection these are the end of the run.
        plan.connectFails = often()
        plan.connectIsIgnored = often()
        plan.connectionIsLost = often()
        plan.bytesAreStuck = often()
        return plan
    }
}

/// All that a seed decides before a run begins.
struct Scenario {
    var options = RecoveryOptions()
    var pace = SendPace()
    var sizes: [Int] = []
    var endpointCount: Int
    var plan: FaultPlan
    /// Faults happen before, none from then on.
    var faultsEndAfter: Milliseconds
    var stopAfter: Milliseconds?
    /// Someone wakes the run every so often without a reason.
    var nudgeInterval: Milliseconds?

    init(with random: inout RandomSource) {
        func pick<Value>(_ values: Value...) -> Value {
            values[Int(random.next(upTo: UInt64(values.count - 1)))]
        }
        options.mayReconnect = pick(true, true, true, false)
        options.retry = RetryPolicy(
            interval: pick(50, 500), multiplier: pick(1, 2), maximum: pick(500, 2_000),
            jitter: pick(0, 0.5, 0.9))
        options.window = pick(1, 2, 5, 20)
        options.windowBytes = pick(0, 50, 200, 100_000)
        options.redeliveries = pick(-1, -1, 0, 3)
        options.openTimeout = pick(500, 2_000)
        options.outcomeTimeout = pick(300, 3_000)
        options.creditNotice = pick(0, 200, 3_000)
        options.creditReopen = pick(1_000, 5_000)
        options.drainTimeout = pick(300, 1_000)
        pace.interval = pick(0, 0, 7, 100)
        pace.burst = pick(1, 3, 50)
        for _ in 0...random.next(upTo: 60) { sizes.append(Int(random.next(upTo: 70))) }
        endpointCount = pick(1, 2, 3)
        plan = FaultPlan.drawn(with: &random, mayReconnect: options.mayReconnect)
        faultsEndAfter = Milliseconds(random.next(upTo: 30_000))
        nudgeInterval = pick(nil, nil, 13)
        stopAfter = pick(nil, nil, nil, nil, 0, Milliseconds(random.next(upTo: 40_000)))
    }
}
