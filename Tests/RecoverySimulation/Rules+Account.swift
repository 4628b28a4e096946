// Rules 1, 3, 6, 9 and 11: the account, the window, memory, and the end.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery

extension Rules {
    /// Connect, close, open, drop, wake and their reports, in one event.
    static let actionsBesidesMessages = 24
    /// The link that lives or is asked for, and the last one that carried deliveries.
    private static let heldLinksMax = 2
    /// Places that a heap may keep besides, of messages that wait no more.
    private static let stalePlacesMax = 65

    /// Every outcome that is final by the rules was taken so, and no other.
    mutating func checkFinals() {
        for (sequence, final) in expected {
            require(finals[sequence] == final, "rule 5 or 6: final, and not taken so", sequence)
            require(ledger[sequence] == nil, "rule 6: final, and not forgotten", sequence)
            ledger[sequence] = nil
        }
        for (sequence, final) in finals where expected[sequence] == nil {
            require(final == .tooLarge, "rule 5: taken as final, and is not", sequence)
            require(ledger[sequence] == nil, "rule 6: final, and not forgotten", sequence)
        }
    }

    mutating func checkAccount(_ summary: Summary) {
        require(summary.addsUp, "rule 1: the account does not add up")
        require(summary.taken == account.taken, "rule 1: taken is miscounted")
        require(summary.accepted == account.accepted, "rule 1: accepted is miscounted")
        require(summary.rejected == account.rejected, "rule 1: rejected is miscounted")
        require(summary.givenUp == account.givenUp, "rule 1: given up is miscounted")
        require(
            summary.unconfirmed == account.unconfirmed, "rule 1: unconfirmed is miscounted")
        require(summary.resent == account.resent, "rule 1: resent is miscounted")
        require(
            summary.inDoubt + summary.unsent == ledger.count,
            "rule 1: in doubt and unsent are miscounted", UInt64(ledger.count))
        require(
            ledger.count <= options.window, "rule 3: more in the window than it holds",
            UInt64(ledger.count))
        if options.windowBytes > 0, ledger.count > 1 {
            let bytes = ledger.values.reduce(0) { $0 + $1.size }
            require(
                bytes <= options.windowBytes, "rule 3: more bytes in the window than it holds",
                UInt64(bytes))
        }
        guard !batch.isOpen else { return }
        require(summary.lateOutcomes == account.late, "rule 6: late outcomes are miscounted")
        require(summary.released == account.released, "rule 1: released is miscounted")
        let doubts = ledger.values.count { !$0.doubts.isEmpty }
        let doubtsEver = ledger.values.count { !$0.doubts.isEmpty || $0.hadDoubts }
        require(
            (doubts...doubtsEver).contains(summary.inDoubt), "rule 11: in doubt is miscounted",
            UInt64(summary.inDoubt))
    }

    mutating func checkUnresolvedAreReported() {
        guard isFinished || ownEnd != nil else { return }
        require(
            ledger.isEmpty || isUnresolvedReported, "rule 11: the end says nothing of messages",
            UInt64(ledger.count))
    }

    /// The end says of each message whether it may have arrived.
    mutating func checkUnresolved(_ inDoubt: [UInt64]) {
        require(!isUnresolvedReported, "rule 11: the end says twice what is in doubt")
        isUnresolvedReported = true
        require(inDoubt == inDoubt.sorted(), "rule 11: what is in doubt has no order")
        require(
            Set(inDoubt).isSubset(of: ledger.keys), "rule 11: what is final is said to be in doubt")
        for (sequence, message) in ledger {
            let holds =
                inDoubt.contains(sequence)
                ? !message.doubts.isEmpty || message.hadDoubts : message.doubts.isEmpty
            require(holds, "rule 11: the end says the wrong thing of a message", sequence)
        }
    }

    /// Nothing grows, however long a peer stays dead.
    mutating func checkMemory(actions: Int, footprint: Int) {
        let footprintMax = 3 * options.window + Rules.stalePlacesMax + batch.returns.count
        require(footprint <= footprintMax, "rule 9: memory grows", UInt64(footprint))
        require(
            heldLinks.count <= Rules.heldLinksMax, "rule 9: lost links are kept",
            UInt64(heldLinks.count))
        require(actions <= actionLimit, "rule 9: too many actions", UInt64(actions))
    }

    /// All that can be sent has been sent.
    mutating func checkNothingIsHeldBack() {
        guard isUsable else { return }
        require(!isDraining, "rule 3: asked to drain, and the credit was kept")
        guard credit > 0 else { return }
        for (sequence, message) in ledger {
            switch message.state {
            case .new, .ready:
                require(false, "rule 4: not sent again, with credit for it", sequence)
            case .paced(_, let latest):
                // Only the timer says that time has come.
                let isDue = latest <= now && waiting.isTimersTurn
                require(!isDue, "rule 5: not sent again at its time", sequence)
            case .inFlight:
                break
            }
        }
    }

    // MARK: The end

    /// The run ends for this reason, which may be that of another sender.
    private mutating func noteOwnEndOfAll(_ end: End) {
        switch end {
        case .finished, .connectionFailed, .authenticationRefused: noteFinish(end)
        case .stopped:
            // The others may have finished.
            let isDone = ledger.isEmpty && isSourceEnded
            if !isDone { noteFinish(end) }
        case .attemptsUsedUp, .creditTimedOut, .fatalCondition, .unflushed, .settledRefused,
            .unsettledRefused:
            break
        }
    }

    mutating func noteEndOfAll(_ end: End) {
        if ownEnd == nil { noteOwnEndOfAll(end) }
    }

    mutating func noteFinish(_ end: End) {
        checkFlushedEnd(end)
        switch end {
        case .finished:
            require(ledger.isEmpty && isSourceEnded, "rule 11: finished, with work left")
        case .stopped:
            let isDue = stoppedAt.map { ledger.isEmpty || $0 + options.drainTimeout <= now }
            require(isDue ?? false, "rule 11: stopped before its time")
        case .connectionFailed:
            require(
                !options.mayReconnect && endpointCount == 1,
                "rule 11: ended, though it may reconnect")
        case .attemptsUsedUp(let attempts, _):
            require(
                attempts == options.retry.attempts
                    && (ladder.attempts...ladder.attempts + ladder.slack).contains(attempts),
                "rule 8: attempts are miscounted", UInt64(attempts))
        case .creditTimedOut:
            require(waiting.hasCreditTimedOut, "rule 10: ended by a limit that was not reached")
        case .authenticationRefused:
            require(
                hasServed ? !options.mayReconnect && endpointCount == 1 : isRefusedByAll,
                "rule 8: ended, and not refused by all", UInt64(ladder.refusalsInRound))
        case .fatalCondition(let condition) where isRefusal(condition):
            require(
                isRefusedByAll || others.areServed, "rule 8: ended, and not refused by all",
                UInt64(ladder.refusalsInRound))
        case .fatalCondition, .unflushed, .settledRefused, .unsettledRefused:
            break
        }
    }

    private var isRefusedByAll: Bool { ladder.refusalsInRound >= endpointCount }

    /// Whether the run, closing now or not, has to be ending.
    mutating func checkEnd() {
        let isDone = hasWorkEnded && !isFlushing
        let isOver = stoppedAt.map { $0 + options.drainTimeout <= now } ?? false
        guard isDone && isAlone || isOver && waiting.isTimersTurn else { return }
        require(isConnectionEnding, "rule 11: at its end, and goes on")
    }

    /// It closes, for good or for another.
    var isConnectionEnding: Bool {
        guard connection != nil else { return false }
        return switch connectionState {
        case .connecting, .open: false
        case .closing, .aborting: true
        }
    }
}
