// Deliveries of one sender: their outcomes, and the account.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

/// The messages that a sender took, the effect of their outcomes, and the account.
///
/// It outlives links, sessions and connections.
struct Deliveries {
    private let sender: SenderID
    private let options: RecoveryOptions
    let conditions: ConditionTable
    private(set) var ledger = Ledger()
    private(set) var tally = Tally()
    /// Messages that were sent, and of which no report tells yet.
    private(set) var unreportedCount = 0
    /// Those of them that were sent settled.
    private var unreportedSettled: [UInt64] = []
    private var random: RandomSource
    private var isUnknownStateNoticed = false
    private var isRejectionNoticed = false
    private var isUnresolvedReported = false
    /// By slot, the sequence of the message that was last sent again because the login had ended.
    var loginRefusals: [Int: UInt64] = [:]

    init(of sender: SenderID, options: RecoveryOptions, seed: UInt64) {
        self.sender = sender
        self.options = options
        conditions = ConditionTable(options: options)
        random = RandomSource(seed: seed)
    }

    // MARK: Sending

    /// Adds a message whose latency counts from this time on; returns its slot.
    mutating func take(sequence: UInt64, size: Int, since: Instant) -> Int {
        // Waiting messages are sent before a new one is taken.
        assert(ledger.nextReady == nil)
        tally.taken += 1
        return ledger.take(sequence: sequence, size: size, since: since)
    }

    /// Removes the message that is to be sent next from those that wait; returns its slot.
    mutating func takeNextReady() -> Int? {
        guard let slot = ledger.nextReady else { return nil }
        ledger.removeNextReady()
        return slot
    }

    /// Sends a message on a link; `endOffset` counts the bytes that were sent on it, this message included.
    ///
    /// ``reportSent(with:)`` follows, for all that were sent in a row.
    mutating func send(
        _ slot: Int, on link: LinkID, endOffset: Int, now: Instant,
        with context: inout some RecoveryContext
    ) {
        if ledger[slot].attemptCount > 0 { tally.resent += 1 }
        let tag = ledger.beginAttempt(slot, endOffset: endOffset, now: now)
        let (sequence, size) = (ledger[slot].sequence, ledger[slot].size)
        context.send(sequence: sequence, size: size, tag: tag, on: link)
        unreportedCount += 1
        guard options.isPreSettled else { return }
        tally.unconfirmed += 1
        ledger.remove(slot)
        unreportedSettled.append(sequence)
    }

    /// Reports what was sent since the last report.
    mutating func reportSent(with context: inout some RecoveryContext) {
        guard unreportedCount > 0 else { return }
        let total = tally.settled + ledger.inFlightCount
        context.report(.sent(total: total, count: unreportedCount), of: sender)
        unreportedCount = 0
        guard !unreportedSettled.isEmpty else { return }
        let sequences = unreportedSettled
        unreportedSettled.removeAll(keepingCapacity: true)
        finish(sequences, .unconfirmed, with: &context)
    }

    /// Ends the wait of returned messages that are due; with the distant future, of all.
    mutating func releasePaced(until now: Instant) {
        ledger.releasePaced(until: now)
    }

    /// When the next returned message may be sent again.
    mutating func nextDue() -> Instant? { ledger.nextDue }

    // MARK: Losses

    /// The link is gone: deliveries in flight are in doubt, and are sent again.
    mutating func loseInFlight() {
        ledger.loseInFlight()
    }

    mutating func countLinkLoss() {
        tally.linkLosses += 1
    }

    // MARK: Outcomes

    /// Handles acceptances, which are final for any attempt, on a living or lost link.
    ///
    /// Returns false if all messages were final before.
    mutating func accept(
        _ tags: [DeliveryTag], now: Instant, recording latencies: inout Histogram,
        with context: inout some RecoveryContext
    ) -> Bool {
        var sequences: [UInt64] = []
        sequences.reserveCapacity(tags.count)
        // Messages that were sent together mostly end together.
        var (since, sinceCount) = (now, 0)
        for tag in tags {
            guard let slot = ledger.slot(of: tag) else { continue }
            sequences.append(ledger[slot].sequence)
            if ledger[slot].since != since {
                if sinceCount > 0 {
                    latencies.add(now.microseconds(since: since), count: sinceCount)
                }
                (since, sinceCount) = (ledger[slot].since, 0)
            }
            sinceCount += 1
            ledger.remove(slot)
        }
        if sinceCount > 0 { latencies.add(now.microseconds(since: since), count: sinceCount) }
        tally.late += tags.count - sequences.count
        guard !sequences.isEmpty else { return false }
        tally.accepted += sequences.count
        finish(sequences, .accepted, with: &context)
        return true
    }

    /// Handles any other outcome; `isLive`: its link has survived the batch.
    ///
    /// Returns whether it is a final rejection on a living link.
    mutating func settle(
        _ tag: DeliveryTag, _ outcome: Outcome, isLive: Bool, now: Instant,
        recording latencies: inout Histogram, with context: inout some RecoveryContext
    ) -> Bool {
        guard case .current(let slot) = ledger.match(tag) else {
            // The message is final, or a later attempt decides: this outcome changes nothing.
            tally.late += 1
            return false
        }
        guard ledger[slot].state == .inFlight else {
            // In doubt since the loss. Released or rejected proves that it did not arrive; any other outcome
            // proves nothing. A repeated outcome finds the message waiting and changes nothing.
            if ledger[slot].state == .inDoubt, !mayHaveArrived(outcome) {
                ledger.resolveDoubt(slot)
            }
            tally.late += 1
            return false
        }
        guard isLive else {
            giveBack(slot, outcome, pacedUntil: nil, with: &context)
            return false
        }
        let (since, settledCount) = (ledger[slot].since, tally.settled)
        let isRejected = settleLive(slot, outcome, now: now, with: &context)
        if tally.settled > settledCount { latencies.add(now.microseconds(since: since)) }
        return isRejected
    }

    /// Handles an outcome on a living link; returns whether it is a final rejection.
    private mutating func settleLive(
        _ slot: Int, _ outcome: Outcome, now: Instant, with context: inout some RecoveryContext
    ) -> Bool {
        switch outcome {
        case .rejected(let condition) where conditions.rejection(condition) == .final:
            tally.rejected += 1
            finish(slot, .rejected(condition), with: &context)
            return true
        case .modified(_, undeliverableHere: true):
            tally.released += 1
            giveUp(slot, .undeliverableHere, with: &context)
        case .accepted, .rejected, .released, .modified, .none, .unknown:
            noteOddOutcome(outcome, with: &context)
            sendAgainLater(slot, outcome, now: now, with: &context)
        }
        return false
    }

    /// Whether the outcome says that the router has lost the route behind the link.
    func isRoutingFailure(_ outcome: Outcome) -> Bool {
        guard case .rejected(let condition) = outcome else { return false }
        return conditions.rejection(condition) == .routeLost
    }

    /// Gives a message up: it is not sent again.
    mutating func giveUp(
        _ slot: Int, _ reason: GivenUpReason, with context: inout some RecoveryContext
    ) {
        reportSent(with: &context)
        tally.givenUp += 1
        finish(slot, .givenUp(reason), with: &context)
    }

    /// Reports, once each, a state that is no outcome and a rejection that is not final: their messages may
    /// be repeated without end.
    private mutating func noteOddOutcome(
        _ outcome: Outcome, with context: inout some RecoveryContext
    ) {
        switch outcome {
        case .unknown(let descriptor) where !isUnknownStateNoticed:
            isUnknownStateNoticed = true
            context.report(.notice(.unknownState(descriptor: descriptor)), of: sender)
        case .rejected(let condition)
        where !isRejectionNoticed && conditions.rejection(condition) == .returned:
            isRejectionNoticed = true
            context.report(.notice(.rejectionReturned(condition)), of: sender)
        default: break
        }
    }

    private mutating func sendAgainLater(
        _ slot: Int, _ outcome: Outcome, now: Instant, with context: inout some RecoveryContext
    ) {
        let returnCount = ledger.countReturn(slot)
        if options.redeliveries >= 0, returnCount > options.redeliveries {
            tally.released += 1
            giveUp(slot, .redeliveriesUsedUp, with: &context)
            return
        }
        // At once the first time, then at the retry policy's pace.
        let delay =
            returnCount <= 1
            ? 0 : options.retry.delay(attempt: returnCount - 1, using: &random)
        giveBack(slot, outcome, pacedUntil: delay == 0 ? nil : now + delay, with: &context)
    }

    private mutating func giveBack(
        _ slot: Int, _ outcome: Outcome, pacedUntil: Instant?,
        with context: inout some RecoveryContext
    ) {
        tally.released += 1
        ledger.return(slot, mayHaveArrived: mayHaveArrived(outcome), pacedUntil: pacedUntil)
        report([ledger[slot].sequence], .returned, with: &context)
    }

    private mutating func finish(
        _ slot: Int, _ outcome: FinalOutcome, with context: inout some RecoveryContext
    ) {
        let sequence = ledger[slot].sequence
        ledger.remove(slot)
        finish([sequence], outcome, with: &context)
    }

    private func finish(
        _ sequences: [UInt64], _ outcome: FinalOutcome, with context: inout some RecoveryContext
    ) {
        // The report comes first: an observer may still need the messages' bytes.
        report(sequences, .final(outcome), with: &context)
        context.free(sequences, of: sender)
    }

    private func report(
        _ sequences: [UInt64], _ kind: OutcomeReport.Kind,
        with context: inout some RecoveryContext
    ) {
        let report = OutcomeReport(
            sequences: sequences, kind: kind, accepted: tally.accepted, rejected: tally.rejected,
            released: tally.released)
        context.report(.outcome(report), of: sender)
    }

    /// Whether a message with this outcome may be at the broker nevertheless.
    private func mayHaveArrived(_ outcome: Outcome) -> Bool {
        switch outcome {
        case .released: false
        case .rejected(let condition): condition.saysQueueIsUnavailable
        case .accepted, .modified, .none, .unknown: true
        }
    }

    // MARK: Account

    /// Reports which messages without a final outcome may have arrived, if there is any; once.
    mutating func reportUnresolved(with context: inout some RecoveryContext) {
        guard ledger.count > 0, !isUnresolvedReported else { return }
        isUnresolvedReported = true
        context.report(.unresolved(inDoubt: ledger.sequencesInDoubt), of: sender)
    }

    /// The account so far.
    var summary: Summary {
        var summary = Summary()
        summary.taken = tally.taken
        summary.accepted = tally.accepted
        summary.rejected = tally.rejected
        summary.givenUp = tally.givenUp
        summary.unconfirmed = tally.unconfirmed
        summary.inDoubt = ledger.inDoubtCount
        summary.unsent = ledger.count - summary.inDoubt
        summary.resent = tally.resent
        summary.lateOutcomes = tally.late
        summary.released = tally.released
        summary.linkLosses = tally.linkLosses
        return summary
    }
}
