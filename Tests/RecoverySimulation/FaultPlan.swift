// The faults of a simulated run, and their frequency.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery

/// Probabilities of faults, in percent of the occasions for them.
struct FaultPlan {
    // An occasion is a connect, an attach, a close.
    var connectFails: UInt64 = 0
    var connectIsIgnored: UInt64 = 0
    var attachIsIgnored: UInt64 = 0
    var attachIsLate: UInt64 = 0
    var attachIsRefused: UInt64 = 0
    var authenticationFails: UInt64 = 0
    var closeIsIgnored: UInt64 = 0
    var abortIsNotReported: UInt64 = 0
    // An occasion is a link that opens.
    var linkIsLost: UInt64 = 0
    var sessionIsLost: UInt64 = 0
    var connectionIsLost: UInt64 = 0
    var creditIsDrained: UInt64 = 0
    var messageSizeIsLimited: UInt64 = 0
    /// Of a link that is lost: with a condition that may be the end.
    var lossIsFatal: UInt64 = 0
    // An occasion is a message that is sent.
    var outcomeIsWithheld: UInt64 = 0
    var creditIsWithheld: UInt64 = 0
    var creditComesInBursts: UInt64 = 0
    var rejected: UInt64 = 0
    var returned: UInt64 = 0
    var routingFails: UInt64 = 0
    var outcomeIsRepeated: UInt64 = 0
    // An occasion is a wake-up.
    var bytesAreStuck: UInt64 = 0
    // An occasion is a link that opens.
    var readingStops: UInt64 = 0
    /// Of what is on its way to one who does not listen any more: it arrives all the same.
    var staleArrives: UInt64 = 0

    /// Nothing goes wrong any more.
    static let none = FaultPlan()

    /// No silence where it would be waited for without a limit.
    mutating func allIsAnswered() {
        attachIsIgnored = 0
        connectIsIgnored = 0
    }

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
        plan.messageSizeIsLimited = often()
        plan.lossIsFatal = often() / 2
        plan.outcomeIsWithheld = often()
        plan.creditIsWithheld = often()
        plan.creditComesInBursts = often()
        plan.rejected = often()
        plan.returned = often()
        plan.routingFails = often() / 3
        plan.outcomeIsRepeated = often()
        plan.staleArrives = often()
        plan.authenticationFails = often() / 5
        guard mayReconnect else { return plan }
        // Without another connection these are the end of the run.
        plan.connectFails = often()
        plan.connectIsIgnored = often()
        plan.connectionIsLost = often()
        plan.bytesAreStuck = often()
        plan.readingStops = often()
        return plan
    }
}
