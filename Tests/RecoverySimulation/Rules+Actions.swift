// Checks the actions of the machines against the rules.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
import LinkRecovery

extension Rules {
    /// Whether an action is about this sender, or about all.
    func concerns(_ action: Action) -> Bool {
        switch action {
        case .openLink(let id, _), .closeLink(let id), .freeLink(let id), .returnCredit(let id),
            .send(_, _, let id):
            id.sender == sender
        case .free(_, let id), .report(.link(let id, _)): id == sender
        default: true
        }
    }

    mutating func note(_ action: Action) {
        guard concerns(action) else { return }
        require(!isFinished, "rule 11: the end is the last action")
        switch action {
        case .connect(let id, let endpoint):
            noteConnect(id, endpoint: endpoint)
        case .closeConnection:
            checkFlushBeforeClose()
            noteClose()
        case .abortConnection:
            require(
                isAbortDue || others.isAbortDue, "rule 10: a connection is aborted without a reason"
            )
            if isLeavingSession, !isAlone { ladder.slack += 1 }
            connectionState = .aborting(since: now)
            cutFlushOff()
            noteInterruption()
            session = nil
        case .openSession(let id) where !isAlone:
            require(id.number > lastSession, "rule 2: a session number is used again", id.number)
            lastSession = id.number
            openSessions.insert(id)
        case .freeSession(let id) where !isAlone:
            require(
                openSessions.remove(id) != nil, "rule 7: a session is given up twice", id.number)
            guard id == session else { break }
            loseLink()
            heldLinks.removeAll()
            session = nil
            // Its next link waits for another session, whatever it waited for before.
            levelBefore = 3
        case .openSession(let id):
            require(id.number > lastSession, "rule 2: a session number is used again", id.number)
            require(session == nil, "rule 7: a second session is opened", id.number)
            requirePause()
            lastSession = id.number
            session = id
            unflushed = UnflushedModel()
        case .freeSession:
            require(
                isLossAtHand || isGivingUp, "rule 10: a session is given up without a reason")
            loseLink()
            heldLinks.removeAll()
            session = nil
        case .openLink, .closeLink, .freeLink:
            noteLink(action)
        case .send(let sequence, let tag, _):
            noteSend(sequence, tag)
        case .returnCredit:
            credit = 0
            isDraining = false
        case .free(let sequence, _):
            require(ledger[sequence] != nil, "rule 6: a message is final twice", sequence)
            ledger[sequence] = nil
        case .wake(let at):
            armedAt = at
            waiting.armedInTurn += 1
        case .report(let report):
            noteReport(report)
        case .finish(let end):
            self.end = end
            if isAlone { noteFinish(end) } else { noteEndOfAll(end) }
        }
    }

    // MARK: Connection and link

    private mutating func noteConnect(_ id: ConnectionID, endpoint: Int) {
        require(connection == nil, "rule 7: two connections live", id.number)
        require(id.number > lastConnection, "rule 2: a connection number is used again", id.number)
        require(
            endpoint == (lastEndpoint + 1) % endpointCount,
            "rule 8: the endpoints are not tried in turn", UInt64(endpoint))
        requirePause()
        require(!ladder.hasLeftTooSoon, "rule 10: an endpoint was left too soon", id.number)
        lastConnection = id.number
        lastEndpoint = endpoint
        connection = id
        connectionState = .connecting(since: now)
        session = nil
        if ownEnd != nil { ladder.pause = nil }
        ladder.connected(now: now)
    }

    private mutating func noteClose() {
        // It is closed for another sender, and this one has counted an attempt for its link.
        if isLossAtHand, !isAlone, !isLeavingDue { ladder.slack += 1 }
        connectionState = .closing(since: now)
        cutFlushOff()
        noteInterruption()
        // At the end of a run no other connection follows.
        ladder.hasLeftTooSoon = !isLeavingDue && !others.isLeavingDue
    }

    private mutating func noteLink(_ action: Action) {
        switch action {
        case .openLink(let id, let session):
            require(link == nil, "rule 7: a link is opened while another lives", id.number)
            if !isAlone, self.session != session {
                require(
                    openSessions.contains(session), "rule 7: a link is opened on no session",
                    id.number)
                self.session = session
                unflushed = UnflushedModel()
                heldLinks.removeAll()
            }
            require(self.session != nil, "rule 7: a link is opened on no session", id.number)
            require(id.number > lastLink, "rule 2: a link number is used again", id.number)
            requirePause()
            lastLink = id.number
            openLink(id)
        case .closeLink(let id) where id == link:
            require(isCloseDue, "rule 10: a link is closed without a reason", id.number)
            let isFlush = options.isPreSettled && hasWorkEnded
            if isFlush { flushedLink = id } else { noteInterruption() }
            doubtInFlight()
            linkState = .closing(since: now)
            (credit, isDraining, routeLostAt) = (0, false, nil)
            ladder.creditSince = nil
        case .freeLink(let id):
            if id == link {
                if doesTimerChangeSession { isLeavingSession = true }
                loseLink()
            }
            heldLinks.remove(id)
        default:
            break
        }
    }

    private mutating func openLink(_ id: LinkID) {
        link = id
        linkState = .attaching(since: now)
        heldLinks.insert(id)
        credit = 0
        hasHadCredit = false
        isProven = false
        sentOnLink = 0
        waiting.sentBytes = 0
        waiting.leftBytes = 0
        waiting.sentAtLook = 0
        waiting.readAt = nil
        maxMessageSize = 0
        waiting.isNoticed = false
        waiting.creditTimeoutSince = waiting.creditTimeoutSince ?? now
    }

    // MARK: Messages

    mutating func takeMessage(_ sequence: UInt64, _ size: Int) {
        require(stoppedAt == nil, "rule 11: taken after a stop was asked for", sequence)
        require(!isSourceEnded, "rule 11: taken after the end of the source", sequence)
        require(
            options.isPreSettled || options.windowBytes == 0 || ledger.isEmpty
                || ledgerBytes + others.bytes + size <= options.windowBytes,
            "rule 3: taken, and no room in the window of all", sequence)
        account.taken += 1
        ledger[sequence] = Message(size: size)
        if pace.interval > 0 {
            let isInTime = beat.take()
            require(isInTime, "rule 3: taken before its tick", sequence)
        }
    }

    private mutating func noteSend(_ sequence: UInt64, _ tag: DeliveryTag) {
        actionLimit += 2
        require(!batch.isOpen, "rule 4: sent within a batch", sequence)
        require(isUsable, "rule 4: sent on no living link", sequence)
        require(credit > 0, "rule 3: sent without credit", sequence)
        require(sequenceOfTag[tag] == nil, "rule 2: a tag is used again", tag.number)
        credit -= 1
        guard let message = ledger[sequence], expected[sequence] == nil else {
            require(false, "rule 6: sent and final", sequence)
            return
        }
        require(
            maxMessageSize == 0 || UInt64(message.size) <= maxMessageSize,
            "rule 3: sent, and larger than the link takes", sequence)
        let firstReady = ledger.min { rank($0) < rank($1) }?.key
        switch message.state {
        case .new:
            require(
                !ledger.values.contains { $0.state == .ready },
                "rule 4: new, and sent before what was lost", sequence)
        case .ready:
            require(firstReady == sequence, "rule 4: sent again out of order", sequence)
        case .paced(let earliest, _):
            require(now >= earliest, "rule 5: sent again before its time", sequence)
        case .inFlight:
            require(false, "rule 7: in flight twice on one link", sequence)
        }
        beginAttempt(sequence, tag)
    }

    private func rank(_ entry: (key: UInt64, value: Message)) -> UInt64 {
        entry.value.state == .ready ? entry.key : .max
    }

    private mutating func beginAttempt(_ sequence: UInt64, _ tag: DeliveryTag) {
        sequenceOfTag[tag] = sequence
        guard var message = ledger[sequence] else { return }
        // The machines keep no record of attempts before the last: their doubt stays.
        if !message.doubts.isEmpty { message.hadDoubts = true }
        if message.attempts > 0 { account.resent += 1 }
        message.attempts += 1
        waiting.sentBytes += message.size
        message.endOffset = waiting.sentBytes
        message.doubts.insert(tag)
        message.state = .inFlight(tag, since: now)
        ledger[sequence] = message
        if options.isPreSettled { noteSettled(sequence, size: message.size) }
    }

    // MARK: Reports

    private mutating func noteReport(_ report: Report) {
        switch report {
        case .link(_, let report): noteReport(report)
        case .notice(let notice): checkNotice(notice)
        case .ending: noteLastInterruption()
        case .connectionOpened, .connectionLost, .sessionLost: break
        }
    }

    /// Notes what the silence of the peer means for the session.
    private mutating func noteSilence(_ notice: Notice) {
        switch notice {
        case .closeUnanswered, .sessionGivenUp: isLeavingSession = true
        // The next attach is on the same session, but for bytes that do not leave.
        case .attachUnanswered, .beginUnanswered:
            doesTimerChangeSession = waiting.unreadBytes > 0
        default: break
        }
    }

    private mutating func noteReport(_ report: LinkReport) {
        switch report {
        case .outcome(let outcome):
            for sequence in outcome.sequences { noteOutcome(outcome.kind, of: sequence) }
        case .notice(let notice), .givenUp(let notice, _):
            checkNotice(notice)
            noteSilence(notice)
        case .ended(let end):
            require(!isAlone && ownEnd == nil, "rule 11: a sender ends twice, or alone")
            noteFinish(end)
            ownEnd = end
            noteLastInterruption()
        case .unresolved(let inDoubt):
            checkUnresolved(inDoubt)
        default:
            break
        }
    }

    private mutating func noteOutcome(_ kind: OutcomeReport.Kind, of sequence: UInt64) {
        switch kind {
        case .final(.accepted): finals[sequence] = .accepted
        case .final(.rejected): finals[sequence] = .rejected
        case .final(.givenUp(.tooLarge(let size, let limit))):
            finals[sequence] = .tooLarge
            account.givenUp += 1
            actionLimit += 2
            require(
                limit == maxMessageSize && limit > 0 && UInt64(size) > limit,
                "rule 3: given up, and not too large", sequence)
        case .final(.givenUp): finals[sequence] = .givenUp
        case .final(.unconfirmed): finals[sequence] = .unconfirmed
        case .returned: break
        }
    }
}
