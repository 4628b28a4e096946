// What is sent, and when nothing more can be.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

extension LinkMachine {
    /// Sends again what waits, in the order of sequence, as fast as credit allows.
    mutating func sendWaiting(now: Instant, into actions: inout [Action]) {
        guard isOpen, !isEnding else { return }
        ledger.releasePaced(until: now)
        while credit > 0, let slot = ledger.nextReady {
            ledger.removeNextReady()
            send(slot, now: now, into: &actions)
        }
    }

    /// Whether the next message, of this encoded size, may be taken and sent now.
    func canTake(size: Int) -> Bool {
        canTakeSomething && pacemaker.allowsMessage && fits(size)
    }

    /// Whether only the pace keeps a message from being taken.
    private var canTakeSomething: Bool {
        hasRoomForNew && isOpen && credit > 0
    }

    private var hasRoomForNew: Bool {
        !isEnding && !isStopping && !isSourceEnded && ledger.count + outgoing.count < window
    }

    /// A larger window than tags can tell apart is cut, not a reason to fail.
    private var window: Int { min(options.window, DeliveryTag.slotCountMax) }

    private func fits(_ size: Int) -> Bool {
        if options.isPreSettled {
            return outgoing.hasRoom(size: size, windowBytes: options.windowBytes)
        }
        return options.windowBytes == 0 || ledger.isEmpty
            || ledger.bytes + size <= options.windowBytes
    }

    mutating func take(
        sequence: UInt64, size: Int, now: Instant, into actions: inout [Action]
    ) {
        precondition(sequence > lastSequence, "sequences rise")
        // With credit left, all that waits was sent before anything new is taken.
        assert(ledger.nextReady == nil)
        lastSequence = sequence
        tally.taken += 1
        pacemaker.take()
        let slot = ledger.take(sequence: sequence, size: size)
        send(slot, now: now, into: &actions)
    }

    private mutating func send(_ slot: Int, now: Instant, into actions: inout [Action]) {
        let size = ledger[slot].size
        if maxMessageSize > 0, UInt64(size) > maxMessageSize {
            giveUp(slot, .tooLarge(size: size, limit: maxMessageSize), into: &actions)
            return
        }
        if ledger[slot].attemptCount > 0 { tally.resent += 1 }
        reading.add(size)
        let tag = ledger.beginAttempt(slot, endOffset: reading.sentBytes, now: now)
        credit -= 1
        sentOnLink += 1
        sentInTurn += 1
        actions.append(.send(sequence: ledger[slot].sequence, tag: tag))
        actions.append(.report(.sent(sent: tally.settled + ledger.inFlightCount)))
        guard options.isPreSettled else { return }
        outgoing.add(size: size, now: now)
        tally.unconfirmed += 1
        finish(slot, .unconfirmed, into: &actions)
    }

    /// Ticks that have come allow new messages, if they could have been used.
    mutating func advancePace(now: Instant) {
        let isUsable = canTakeSomething
        pacemaker.advance(to: now, isUsable: isUsable)
    }

    /// Nothing more can be taken now: answers a drain, and looks at what is left of the credit.
    mutating func endTurn(
        isSourceDelayed: Bool, now: Instant, into actions: inout [Action]
    ) {
        pacemaker.endTurn(isSourceDelayed: isSourceDelayed)
        let hasSent = sentInTurn > 0
        sentInTurn = 0
        guard isOpen else { return }
        if isDraining {
            isDraining = false
            credit = 0
            actions.append(.returnCredit)
        }
        if credit > 0, hasSent { actions.append(.report(.sendable)) }
        noteStarvation(now: now)
    }

    /// Keeps since when credit is missing.
    ///
    /// Time in which it was not wanted does not count, nor, for giving the link up, time in which
    /// an outcome was awaited.
    private mutating func noteStarvation(now: Instant) {
        // Credit that is used up may be all that an orphaned link has; but with no outcome to wait
        // for it is always used up.
        if credit == 0, !options.isPreSettled { provingSince = nil }
        guard credit == 0, wantsCredit else {
            creditlessSince = nil
            creditTimeoutSince = nil
            idleSince = nil
            return
        }
        creditlessSince = creditlessSince ?? now
        creditTimeoutSince = creditTimeoutSince ?? now
        idleSince = ledger.inFlightCount == 0 ? idleSince ?? now : nil
    }

    /// Whether there is something that credit would be used for.
    var wantsCredit: Bool {
        !isEnding && (ledger.waitingCount > 0 || hasRoomForNew)
    }

    /// When the machine has to look again; only while no batch is on its way.
    mutating func nextDeadline() -> Instant {
        if isEnding { return .distantFuture }
        switch state {
        case .detached:
            return creditTimeoutDeadline
        case .waiting(let until):
            return min(until, creditTimeoutDeadline)
        case .attaching(_, let deadline), .closing(_, let deadline):
            return min(deadline, creditTimeoutDeadline)
        case .open:
            return min(openDeadline(), creditTimeoutDeadline)
        }
    }

    private mutating func openDeadline() -> Instant {
        var deadline = min(outcomeDeadline, starvationDeadline, provingDeadline)
        deadline = min(deadline, outgoing.nextLook, outgoingDeadline, readingLookDue)
        if let routeLostDeadline { deadline = min(deadline, routeLostDeadline) }
        if let due = ledger.nextDue, isOpen, credit > 0 { deadline = min(deadline, due) }
        if let tick = pacemaker.nextTick, canTakeSomething { deadline = min(deadline, tick) }
        return deadline
    }
}
