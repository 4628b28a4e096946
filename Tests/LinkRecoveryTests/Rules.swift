// What holds after every event of a run, checked from the outside.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery

/// Follows events and actions with a model of its own, and notes where a rule is broken.
///
/// It knows nothing of the machines' inside, so that it can't be wrong in the same way.
struct Rules {
    private(set) var violations: [String] = []

    // What was taken and is not final, by sequence.
    private(set) var ledger: [UInt64: Message] = [:]
    private(set) var takenCount = 0
    private(set) var sequenceOfTag: [Tag: UInt64] = [:]
    /// What a loss has left to be sent again before anything new.
    private(set) var toResend: Set<UInt64> = []

    private(set) var connection: ConnectionID?
    private(set) var link: LinkID?
    private(set) var isAttached = false
    private(set) var credit = 0
    private(set) var armedAt: Instant?
    private(set) var isFinished = false

    private let options: RecoveryOptions
    private var isBatchOpen = false
    private var isLinkLost = false
    private var isConnectionLost = false
    /// The event at hand ends a batch that took the link with it.
    private var isLossAtHand = false
    private var isClosing = false
    private var isRouteLost = false
    private var isDraining = false
    private var lastConnection: UInt64 = 0
    private var lastSession: UInt64 = 0
    private var lastLink: UInt64 = 0
    private var returnedTags: [Tag] = []

    struct Message {
        var size: Int
        var attempts = 0
        /// The tag of the attempt on the live link that has no outcome.
        var inFlight: Tag?
    }

    init(options: RecoveryOptions) {
        self.options = options
    }

    /// The number says of what: a message, a link, a count.
    mutating func require(_ holds: Bool, _ sentence: StaticString, _ number: UInt64 = 0) {
        if !holds { violations.append("\(sentence) (\(number))") }
    }

    // MARK: Events

    /// To be told before the machines are.
    mutating func willHandle(_ event: Event) {
        isLossAtHand = false
        switch event {
        case .link(let id, let event):
            isBatchOpen = true
            willHandle(event, on: id)
        case .connection(let id, let event):
            guard id == connection else { return }
            isBatchOpen = true
            if case .lost = event { isConnectionLost = true }
        case .sessionLost(let id, _):
            isBatchOpen = true
            if id.number == lastSession { isLinkLost = true }
        case .batchEnded:
            endBatch()
        case .message(let sequence, let size):
            takenCount += 1
            ledger[sequence] = Message(size: size)
        case .started, .sourceEnded, .timeCame, .turnEnded, .stopRequested:
            break
        }
    }

    /// To be told when a turn is over: what can be done has been done.
    mutating func didEndTurn() {
        guard isAttached, !isClosing, !isRouteLost, !isFinished else { return }
        require(credit == 0 || toResend.isEmpty, "rule 4: not sent again, with credit for it")
        require(!isDraining, "rule 3: asked to drain, and the credit was kept")
    }

    private mutating func willHandle(_ event: LinkEvent, on id: LinkID) {
        switch event {
        case .opened:
            if id == link { isAttached = true }
        case .credit(let credit, let isDraining):
            guard id == link else { return }
            self.credit = credit
            self.isDraining = isDraining
        case .lost:
            if id == link { isLinkLost = true }
        case .outcome(_, .accepted):
            break
        case .outcome(let tag, _):
            returnedTags.append(tag)
        }
    }

    private mutating func endBatch() {
        for tag in returnedTags {
            guard let sequence = sequenceOfTag[tag], ledger[sequence]?.inFlight == tag else {
                continue
            }
            ledger[sequence]?.inFlight = nil
        }
        returnedTags.removeAll()
        isLossAtHand = isLinkLost || isConnectionLost
        if isLossAtHand { loseLink() }
        if isConnectionLost { connection = nil }
        (isBatchOpen, isLinkLost, isConnectionLost) = (false, false, false)
    }

    private mutating func loseLink() {
        if link != nil { toResend.formUnion(ledger.keys) }
        for sequence in ledger.keys { ledger[sequence]?.inFlight = nil }
        link = nil
        (isAttached, isClosing, isRouteLost, isDraining) = (false, false, false, false)
        credit = 0
    }

    // MARK: Actions

    mutating func note(_ action: Action) {
        require(!isFinished, "the end is the last action")
        switch action {
        case .connect, .closeConnection, .abortConnection:
            noteConnection(action)
        case .openSession(let id):
            require(id.number > lastSession, "rule 2: a session number is used again", id.number)
            lastSession = id.number
        case .dropSession:
            loseLink()
        case .openLink, .closeLink, .dropLink:
            noteLink(action)
        case .send(let sequence, let tag):
            noteSend(sequence, tag)
        case .returnCredit:
            credit = 0
            isDraining = false
        case .forget(let sequence):
            require(ledger[sequence] != nil, "rule 6: a message is final twice", sequence)
            ledger[sequence] = nil
            toResend.remove(sequence)
        case .wake(let at):
            armedAt = at
        case .report(let report):
            noteReport(report)
        case .finish:
            isFinished = true
        }
    }

    private mutating func noteConnection(_ action: Action) {
        if case .connect(let id, _) = action {
            require(connection == nil, "two connections live", id.number)
            require(
                id.number > lastConnection, "rule 2: a connection number is used again", id.number)
            connection = id
            lastConnection = id.number
        } else {
            loseLink()
            // Whether its loss is told or not, nothing is heard of it any more.
            if case .abortConnection = action { connection = nil }
        }
    }

    private mutating func noteLink(_ action: Action) {
        switch action {
        case .openLink(let id):
            require(link == nil, "rule 7: a link is opened while another lives", id.number)
            require(id.number > lastLink, "rule 2: a link number is used again", id.number)
            link = id
            lastLink = id.number
        case .closeLink(let id) where id == link:
            toResend.formUnion(ledger.keys)
            for sequence in ledger.keys { ledger[sequence]?.inFlight = nil }
            isClosing = true
        case .dropLink(let id) where id == link:
            loseLink()
        default:
            break
        }
    }

    private mutating func noteReport(_ report: Report) {
        switch report {
        case .notice(.routeLost):
            // Said of a link that is lost already, it means nothing for the next.
            isRouteLost = link != nil
        case .outcome(let outcome):
            switch outcome.kind {
            case .rejected, .givenUp(.undeliverableHere), .givenUp(.redeliveriesUsedUp):
                require(
                    !isLossAtHand && !isRouteLost, "rule 5: final by the word of a lost link",
                    outcome.sequence)
            case .accepted, .returned, .givenUp(.tooLarge):
                break
            }
        default:
            break
        }
    }

    private mutating func noteSend(_ sequence: UInt64, _ tag: Tag) {
        require(!isBatchOpen, "rule 4: sent within a batch", sequence)
        require(link != nil && isAttached && !isClosing, "rule 4: sent to no link", sequence)
        require(credit > 0, "rule 3: sent without credit", sequence)
        require(sequenceOfTag[tag] == nil, "rule 2: a tag is used again", tag.number)
        guard let message = ledger[sequence] else {
            require(false, "rule 6: sent and not in the ledger", sequence)
            return
        }
        require(message.inFlight == nil, "in flight twice on one link", sequence)
        if message.attempts == 0 {
            require(
                toResend.subtracting([sequence]).isEmpty,
                "rule 4: new, and sent before what was lost", sequence)
        } else if toResend.contains(sequence) {
            require(toResend.min() == sequence, "rule 4: sent again out of order", sequence)
        }
        toResend.remove(sequence)
        sequenceOfTag[tag] = sequence
        ledger[sequence]?.attempts += 1
        ledger[sequence]?.inFlight = tag
        credit -= 1
    }

    // MARK: After every event

    mutating func didHandle(_ summary: Summary) {
        require(summary.addsUp, "rule 1: the account does not add up")
        require(summary.taken == takenCount, "rule 1: taken is miscounted", UInt64(takenCount))
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
    }
}
