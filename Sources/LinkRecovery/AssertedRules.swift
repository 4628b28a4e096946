// The rules 1, 3 and 7, which debug builds assert after every event.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

/// The figures of one sender that the asserted rules are about.
///
/// Each is at hand: nothing is counted for it, so that a debug build with a large window stays fast.
struct AssertedFigures {
    // Rule 1.
    var taken = 0
    var settled = 0
    var inLedger = 0
    var inFlight = 0
    /// Not in flight, and may have arrived.
    var doubts = 0

    // Rule 3.
    var credit = 0
    var window = 1
    /// 0: no bound.
    var windowBytes = 0
    var ledgerBytes = 0
    /// Sent settled, and not seen to have left.
    var unflushed = 0

    // Rule 7.
    /// The link that lives, or is pending.
    var link: LinkID?
    /// A former link, kept for its late outcomes.
    var keptLink: LinkID?
    /// The session of the link.
    var linkSession: SessionID?
    /// The session that the connection has for the sender; nil without an open one.
    var openSession: SessionID?
    var isConnectionOpen = false
}

extension AssertedFigures {
    /// Rule 1: each message that was taken is final or in the ledger.
    ///
    /// Returns what is wrong; nil when nothing is.
    func breachOfConservation() -> String? {
        if taken != settled + inLedger {
            return "rule 1: \(taken) taken, but \(settled) settled and \(inLedger) in the ledger"
        }
        if inFlight < 0 || doubts < 0 || inFlight + doubts > inLedger {
            return "rule 1: \(inFlight) in flight and \(doubts) in doubt of \(inLedger)"
        }
        return nil
    }

    /// Rule 3: credit is not overdrawn, and the ledger holds no more than the window.
    ///
    /// Returns what is wrong; nil when nothing is.
    func breachOfBounds() -> String? {
        if credit < 0 { return "rule 3: credit of \(credit)" }
        if inLedger + unflushed > window {
            return "rule 3: \(inLedger) messages and \(unflushed) in a window of \(window)"
        }
        // A message larger than the window goes alone.
        if windowBytes > 0, inLedger > 1, ledgerBytes > windowBytes {
            return "rule 3: \(ledgerBytes) bytes in a window of \(windowBytes)"
        }
        return nil
    }

    /// Rule 7: the one link that lives is on the session that the connection has for it.
    ///
    /// Returns what is wrong; nil when nothing is.
    func breachOfOneLink() -> String? {
        guard let link else { return nil }
        if link == keptLink { return "rule 7: link \(link.number) lives, and is kept as lost" }
        guard isConnectionOpen, linkSession != openSession else { return nil }
        return "rule 7: link \(link.number) lives on a session that is not open"
    }

    /// Rule 7: the end of a turn arms one wake-up, and no other event arms any.
    ///
    /// Returns what is wrong; nil when nothing is.
    static func breachOfOneWakeUp(armed: Int, isTurnOver: Bool) -> String? {
        armed == (isTurnOver ? 1 : 0) ? nil : "rule 7: \(armed) wake-ups armed by one event"
    }
}

extension RunStateMachine {
    /// Returns the breach of an asserted rule behind an event; nil if there is none.
    ///
    /// An event of one sender leads to a look at that sender only.
    func breach(after event: Event) -> String? {
        var isTurnOver = false
        switch event {
        case .sourceEnded(let sender): return breach(of: sender.index)
        case .link(let link, _) where senders.indices.contains(link.sender.index):
            return breach(of: link.sender.index)
        case .turnEnded: isTurnOver = !batch.isOpen && !isFinished
        case .link, .started, .connection, .sessionLost, .batchEnded, .timeCame, .stopRequested:
            break
        }
        for index in senders.indices {
            if let breach = breach(of: index) { return breach }
        }
        return AssertedFigures.breachOfOneWakeUp(armed: wakeUpCount, isTurnOver: isTurnOver)
    }

    /// Returns a sender's breach of an asserted rule; nil if there is none.
    func breach(of index: Int) -> String? {
        var figures = senders[index].figures
        if figures.link != nil {
            figures.openSession = connection.sessions.open(for: index)
            figures.isConnectionOpen = connection.isOpen
        }
        let breach =
            figures.breachOfConservation() ?? figures.breachOfBounds() ?? figures.breachOfOneLink()
        return breach.map { "sender \(index): \($0)" }
    }
}

extension LinkStateMachine {
    /// The figures that the sender has itself.
    fileprivate var figures: AssertedFigures {
        var figures = AssertedFigures()
        figures.taken = deliveries.tally.taken
        figures.settled = deliveries.tally.settled
        figures.inLedger = deliveries.ledger.count
        figures.inFlight = deliveries.ledger.inFlightCount
        figures.doubts = deliveries.ledger.doubtCount
        figures.ledgerBytes = deliveries.ledger.bytes
        figures.window = window
        figures.windowBytes = options.windowBytes
        figures.unflushed = flow.unflushed.count
        figures.keptLink = keptLink
        guard let attachment = state.attachment else { return figures }
        figures.credit = attachment.credit
        figures.link = attachment.link
        figures.linkSession = attachment.session
        return figures
    }
}
