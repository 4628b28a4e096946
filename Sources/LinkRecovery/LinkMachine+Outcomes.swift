// What an outcome means for the message, and for the link.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

extension LinkMachine {
    /// An acceptance is final whichever attempt it is for, and whether its link lives or not.
    mutating func accept(
        _ tag: DeliveryTag, on link: LinkID, ladder: inout RetryLadder, into actions: inout [Action]
    ) {
        switch ledger.match(tag) {
        case .unknown:
            tally.late += 1
        case .current(let slot), .earlier(let slot):
            tally.accepted += 1
            sizeExceededCount = 0
            if isCurrent(link) { prove(&ladder) }
            finish(slot, .accepted, into: &actions)
        }
    }

    /// The batch is over: says what its returns mean.
    ///
    /// `isLost` when it took the link with it.
    mutating func settleReturns(
        isLost: Bool, ladder: inout RetryLadder, now: Instant, into actions: inout [Action]
    ) {
        guard !returns.isEmpty else { return }
        // A route that is found lost makes every rejection of the batch one of a lost route.
        if returns.contains(where: { isCurrent($0.link) && isRoutingFailure($0.outcome) }) {
            loseRoute(now: now, into: &actions)
        }
        for (tag, outcome, link) in returns {
            let isLive = !isLost && isCurrent(link) && routeLostDeadline == nil
            settle(tag, outcome, isLive: isLive, ladder: &ladder, now: now, into: &actions)
        }
        returns.removeAll(keepingCapacity: true)
    }

    private mutating func settle(
        _ tag: DeliveryTag, _ outcome: Outcome, isLive: Bool, ladder: inout RetryLadder,
        now: Instant,
        into actions: inout [Action]
    ) {
        let slot: Int
        switch ledger.match(tag) {
        case .unknown:
            tally.late += 1
            return
        case .earlier:
            // Another attempt is in flight or will be: this one changes nothing.
            tally.late += 1
            return
        case .current(let found):
            slot = found
        }
        guard ledger[slot].state == .inFlight else {
            // In doubt since a loss, and now known not to have arrived, or known not to be known.
            // A repeated outcome finds the message waiting and changes nothing.
            if ledger[slot].state == .inDoubt, !mayHaveArrived(outcome) {
                ledger.resolveDoubt(slot)
            }
            tally.late += 1
            return
        }
        guard isLive else {
            giveBack(slot, outcome, pacedUntil: nil, into: &actions)
            return
        }
        switch outcome {
        case .rejected(let condition) where conditions.rejection(condition) == .final:
            tally.rejected += 1
            prove(&ladder)
            finish(slot, .rejected(condition), into: &actions)
        case .modified(_, undeliverableHere: true):
            tally.released += 1
            giveUp(slot, .undeliverableHere, into: &actions)
        case .accepted, .rejected, .released, .modified, .none, .unknown:
            noteUnknownState(outcome, into: &actions)
            sendAgainLater(slot, outcome, ladder: &ladder, now: now, into: &actions)
        }
    }

    /// A state that is no outcome means endless copies: it is said, once.
    private mutating func noteUnknownState(_ outcome: Outcome, into actions: inout [Action]) {
        guard case .unknown(let descriptor) = outcome, !isUnknownStateNoticed else { return }
        isUnknownStateNoticed = true
        actions.append(.report(.notice(.unknownState(descriptor: descriptor))))
    }

    private mutating func sendAgainLater(
        _ slot: Int, _ outcome: Outcome, ladder: inout RetryLadder, now: Instant,
        into actions: inout [Action]
    ) {
        let returnCount = ledger.countReturn(slot)
        if options.redeliveries >= 0, returnCount > options.redeliveries {
            tally.released += 1
            giveUp(slot, .redeliveriesUsedUp, into: &actions)
            return
        }
        let delay = ladder.returnDelay(returnCount: returnCount)
        giveBack(slot, outcome, pacedUntil: delay == 0 ? nil : now + delay, into: &actions)
    }

    private mutating func giveBack(
        _ slot: Int, _ outcome: Outcome, pacedUntil: Instant?, into actions: inout [Action]
    ) {
        tally.released += 1
        ledger.return(slot, mayHaveArrived: mayHaveArrived(outcome), pacedUntil: pacedUntil)
        report(ledger[slot].sequence, .returned, into: &actions)
    }

    mutating func giveUp(_ slot: Int, _ reason: GivenUpReason, into actions: inout [Action]) {
        tally.givenUp += 1
        finish(slot, .givenUp(reason), into: &actions)
    }

    mutating func finish(
        _ slot: Int, _ kind: OutcomeReport.Kind, into actions: inout [Action]
    ) {
        let sequence = ledger[slot].sequence
        ledger.remove(slot)
        // First the report: whoever watches may still want the message's bytes.
        report(sequence, kind, into: &actions)
        actions.append(.forget(sequence: sequence))
    }

    private func report(
        _ sequence: UInt64, _ kind: OutcomeReport.Kind, into actions: inout [Action]
    ) {
        actions.append(
            .report(
                .outcome(
                    OutcomeReport(
                        sequence: sequence, kind: kind, accepted: tally.accepted,
                        rejected: tally.rejected, released: tally.released))))
    }

    /// Whether a message with this outcome may be at the broker all the same.
    private func mayHaveArrived(_ outcome: Outcome) -> Bool {
        switch outcome {
        case .released, .rejected: false
        case .accepted, .modified, .none, .unknown: true
        }
    }

    private func isRoutingFailure(_ outcome: Outcome) -> Bool {
        if case .rejected(let condition) = outcome {
            return conditions.rejection(condition) == .routeLost
        }
        return false
    }

    private func isCurrent(_ link: LinkID) -> Bool {
        if case .open(link) = state { return true }
        return false
    }

    /// The link does what it is for: the next wait is the first again.
    private mutating func prove(_ ladder: inout RetryLadder) {
        ladder.reset()
        outcomeDoublings = 0
        isProven = true
        provingSince = nil
    }

    /// Nothing more is sent on this link.
    ///
    /// Its detach is awaited for one retry interval.
    private mutating func loseRoute(now: Instant, into actions: inout [Action]) {
        guard routeLostDeadline == nil else { return }
        routeLostDeadline = now + options.retry.interval
        provingSince = nil
        actions.append(.report(.notice(.routeLost)))
    }
}
