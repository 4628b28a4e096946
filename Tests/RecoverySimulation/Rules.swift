// The rules that hold after every event of a run, checked from the outside.
// SPDX-License-Identifier: Apache-2.0

package import AMQP
package import LinkRecovery

/// Follows events and actions with a model of its own, and notes where one of the eleven rules of
/// `RunStateMachine` is broken.
///
/// It knows nothing of the machines' inside, so that it can't be wrong in the same way.
package struct Rules {
    package private(set) var violations: [String] = []

    let sender: SenderID
    /// The only sender of the run: then all that happens to the connection is its own doing.
    let isAlone: Bool
    var others = SharedRules.Others()
    /// Another was served before the event at hand.
    var wereOthersServed = false
    /// It has ended before the run.
    var ownEnd: End?
    /// The end has said which messages are in doubt.
    var isUnresolvedReported = false
    let options: RecoveryOptions
    let pace: SendPace
    let endpointCount: Int
    var now = Instant(milliseconds: 0)

    // The endpoints on the wire.
    package internal(set) var connection: ConnectionID?
    var connectionState = ConnectionState.open
    package internal(set) var session: SessionID?
    /// It gets no answer on its session, and leaves it to the others if there are any.
    var isLeavingSession = false
    /// The event at hand is the timer's, and the loss of a link by it leads to another session.
    var doesTimerChangeSession = false
    /// With more senders: the sessions of all of them.
    var openSessions: Set<SessionID> = []
    package internal(set) var link: LinkID?
    var linkState = LinkState.open
    package internal(set) var credit = 0
    var isDraining = false
    var routeLostAt: Instant?
    var maxMessageSize: UInt64 = 0
    var hasHadCredit = false
    var isProven = false
    /// Messages that were sent settled on it.
    var sentOnLink = 0
    var unflushed = UnflushedModel()
    /// The link that was closed at the end of pre-settled messages.
    var flushedLink: LinkID?
    var flushFailed = false
    /// Links that were asked for and not dropped.
    var heldLinks: Set<LinkID> = []

    // The messages that were taken and are not final, by sequence.
    package internal(set) var ledger: [UInt64: Message] = [:]
    package internal(set) var sequenceOfTag: [DeliveryTag: UInt64] = [:]
    var account = Account()
    var losses = Losses()
    var isSourceEnded = false

    // The batch and the event at hand.
    var batch = Batch()
    /// A link was attached in this run: who we are is no reason to end any more.
    var hasServed = false
    var hasHeldCredit = false
    /// The event at hand ends a batch that took the link with it.
    var isLossAtHand = false
    var levelBefore = 0
    var expected: [UInt64: Final] = [:]
    var finals: [UInt64: Final] = [:]
    var isTimerStale = false
    /// The event at hand says that an answer, an outcome or credit was waited for in vain.
    var isGivingUp = false
    var actionLimit = 0

    // Numbers that were used.
    var lastConnection: UInt64 = 0
    var lastSession: UInt64 = 0
    var lastLink: UInt64 = 0
    var lastEndpoint = -1

    var ladder = LadderModel()
    var waiting = WaitingModel()
    var beat = BeatModel()

    package internal(set) var armedAt: Instant?
    package internal(set) var end: End?
    package internal(set) var stoppedAt: Instant?

    package var isAttaching: Bool { link != nil && !isAttached }
    package var isFinished: Bool { end != nil }
    package var isAttached: Bool {
        guard link != nil else { return false }
        if case .attaching = linkState { return false }
        return true
    }

    init(
        of sender: SenderID, isAlone: Bool, options: RecoveryOptions, pace: SendPace,
        endpointCount: Int
    ) {
        self.sender = sender
        self.isAlone = isAlone
        self.options = options
        self.pace = pace
        self.endpointCount = endpointCount
    }

    /// The number says of what: a message, a link, a count.
    @inline(__always)
    mutating func require(_ holds: Bool, _ sentence: StaticString, _ number: UInt64 = 0) {
        if !holds { violations.append("\(sentence) (\(number))") }
    }

    /// To be told before the machines are.
    package mutating func begin(_ event: Event, now: Instant, _ recorder: Recorder) {
        begin(now: now)
        follow(event, recorder)
    }

    /// To be told of the messages that a sender has taken, and not sent as far as is known here.
    package mutating func begin(
        _ sizes: [Int], through last: UInt64, of sender: SenderID, now: Instant
    ) {
        begin(now: now)
        guard sender == self.sender else { return }
        var sequence = last - UInt64(sizes.count)
        for size in sizes {
            sequence += 1
            takeMessage(sequence, size)
        }
    }

    private mutating func begin(now: Instant) {
        require(now >= self.now, "time goes back")
        self.now = now
        isLossAtHand = false
        wereOthersServed = others.areServed
        ladder.isLoginRefused = false
        isTimerStale = false
        doesTimerChangeSession = false
        isGivingUp = false
        actionLimit = Rules.actionsBesidesMessages
        expected.removeAll(keepingCapacity: true)
        finals.removeAll(keepingCapacity: true)
        if !batch.isOpen { levelBefore = level }
    }

    /// To be told when they have handled it, with what they want.
    package mutating func end(_ actions: [Action], _ summary: Summary, footprint: Int) {
        let actionCount = actions.indices.count { concerns(actions[$0]) }
        checkFinals()
        checkUnresolvedAreReported()
        checkAccount(summary)
        checkLosses(summary)
        checkMemory(actions: actionCount, footprint: footprint)
        checkTimer(actions: actionCount)
        if !batch.isOpen, !isFinished, ownEnd == nil { followLadder() }
        if isLeavingSession, !isAlone { session = nil }
        isLeavingSession = false
    }

    /// To be told when a turn is over: what can be done has been done.
    ///
    /// `nextSize` is that of the message that is left at the source.
    package mutating func endTurn(nextSize: Int?, isSourceDelayed: Bool) {
        guard !isFinished else { return }
        guard ownEnd == nil else {
            waiting.armedInTurn = 0
            waiting.isTimersTurn = false
            return
        }
        checkBeat(nextSize: nextSize, isSourceDelayed: isSourceDelayed)
        checkNothingIsHeldBack()
        checkFlush()
        checkUnflushed()
        followCredit()
        checkEnd()
        checkWaiting()
    }
}

// MARK: What the model is made of

extension Rules {
    enum ConnectionState: Equatable {
        case connecting(since: Instant)
        case open
        case closing(since: Instant)
        case aborting(since: Instant)
    }

    enum LinkState: Equatable {
        case attaching(since: Instant)
        case open
        case closing(since: Instant)
    }

    /// A message that was taken and is not final.
    package struct Message {
        enum State: Equatable {
            case new
            case inFlight(DeliveryTag, since: Instant)
            /// To be sent again.
            case ready
            /// To be sent again, at the earliest and at the latest.
            case paced(Instant, Instant)
        }

        var size: Int
        var state = State.new
        var attempts = 0
        var endOffset = 0
        var returnCount = 0
        /// Attempts that may have arrived.
        var doubts: Set<DeliveryTag> = []
        /// One of them may have; what came later about an attempt that was repeated is forgotten.
        var hadDoubts = false

        package var inFlight: DeliveryTag? {
            if case .inFlight(let tag, _) = state { return tag }
            return nil
        }
    }

    enum Final { case accepted, rejected, givenUp, tooLarge, unconfirmed }

    struct Account {
        var taken = 0
        var accepted = 0
        var rejected = 0
        var givenUp = 0
        var unconfirmed = 0
        var late = 0
        var resent = 0
        var released = 0
    }

    struct Batch {
        var isOpen = false
        var isLinkLost = false
        var isLoginRefused = false
        var linkLoss = ErrorCondition.none
        var isSessionLost = false
        var isConnectionLost = false
        var returns: [(tag: DeliveryTag, outcome: Outcome, link: LinkID)] = []

        var isLost: Bool { isLinkLost || isSessionLost || isConnectionLost }
    }

    /// The ladder's rung: what has to be opened next, 3 when nothing has to.
    var level: Int {
        guard connection != nil else { return 0 }
        guard connectionState == .open else { return 3 }
        // The session that a sender is on is known when it attaches.
        if session == nil, isAlone { return 1 }
        return link == nil ? 2 : 3
    }

    /// A connection is not given up for the sake of other senders.
    var isServed: Bool { isUsable && ownEnd == nil && (credit > 0 || isProven) }

    var ledgerBytes: Int { ledger.values.reduce(0) { $0 + $1.size } }

    /// A link on which can be sent.
    var isUsable: Bool {
        link != nil && linkState == .open && routeLostAt == nil && connectionState == .open
    }
}
