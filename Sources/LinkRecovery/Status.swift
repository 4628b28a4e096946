// Status of a run.
// SPDX-License-Identifier: Apache-2.0

package import AMQP

/// The account of a run so far, and what it is doing.
public struct Status: Sendable, Hashable {
    /// The part that was lost and is to be replaced.
    public enum Rung: Sendable, Hashable {
        /// The link is lost, or refused.
        case link
        /// The session is lost.
        case session
        /// The connection is lost.
        case connection
    }

    /// The present activity of a run.
    ///
    /// An attempt is counted from the last success; 0 is the first of all, which is no retry.
    public enum Activity: Sendable, Hashable {
        /// The run has not connected yet.
        case starting
        /// Connecting, or waiting for the peer's open.
        case connecting(attempt: Int)
        /// The attach was sent.
        case attaching(attempt: Int)
        /// This was lost; the next attempt is due at this time.
        case waiting(Rung, attempt: Int, until: Instant)
        /// This was given up; the answer to its close is awaited.
        case givingUp(Rung)
        /// The link is open, and has credit or no use for it.
        case sending
        /// There has been no credit since then, though it would be used.
        case noCredit(since: Instant)
        /// All is sent; outcomes are missing.
        case awaitingOutcomes
        /// The run is ending: the connection is being closed.
        case closing
    }

    /// The account so far; its `inDoubt` includes messages in flight.
    public var summary: Summary
    /// Messages sent on the live link that have no outcome yet.
    public var inFlight: Int
    /// The present activity of the run.
    public var activity: Activity
    /// When the run ends at the latest; nil unless a stop was requested.
    public var stopsAt: Instant?

    /// Describes a run.
    public init(
        summary: Summary = Summary(), inFlight: Int = 0, activity: Activity = .starting,
        stopsAt: Instant? = nil
    ) {
        self.summary = summary
        self.inFlight = inFlight
        self.activity = activity
        self.stopsAt = stopsAt
    }

    /// Messages that may have arrived and are to be sent again.
    public var inDoubt: Int { summary.inDoubt - inFlight }
    /// Messages that can't have arrived and are to be sent.
    public var waiting: Int { summary.unsent }
}

extension RunStateMachine {
    /// The status of the run.
    ///
    /// It costs the same whatever the window, so that it may be read in every turn.
    package func status(now: Instant) -> Status {
        let inFlight = senders.reduce(0) { $0 + $1.deliveries.ledger.inFlightCount }
        return Status(
            summary: summary(now: now), inFlight: inFlight, activity: activity,
            stopsAt: end == nil ? stopDeadline : nil)
    }

    /// The status of one sender.
    package func status(of sender: SenderID, now: Instant) -> Status {
        let machine = senders[sender.index]
        return Status(
            summary: summary(of: sender, now: now),
            inFlight: machine.deliveries.ledger.inFlightCount, activity: activity(of: machine),
            stopsAt: end == nil ? stopDeadline : nil)
    }

    /// The activity of the sender that has got furthest.
    private var activity: Status.Activity {
        guard let first = senders.first else { return end == nil ? .starting : .closing }
        var furthest = activity(of: first)
        for sender in senders.dropFirst() where sender.end == nil {
            let activity = activity(of: sender)
            if activity == .sending { return activity }
            if first.end != nil { furthest = activity }
        }
        return furthest
    }

    private func activity(of sender: LinkStateMachine) -> Status.Activity {
        if end != nil { return .closing }
        // In nearly every turn, without a copy of the sessions.
        if connection.isOpen, !sender.isDetached { return sender.activity }
        let attempt = sender.attempts
        switch connection.state {
        case .idle: return .starting
        case .waiting(let until): return .waiting(.connection, attempt: attempt, until: until)
        case .connecting: return .connecting(attempt: attempt)
        case .closing, .aborting: return .givingUp(.connection)
        case .open: break
        }
        if case .waiting(let until) = connection.sessions.state(of: sender.id.index) {
            return .waiting(.session, attempt: attempt, until: until)
        }
        return sender.activity
    }
}

extension LinkStateMachine {
    fileprivate var activity: Status.Activity {
        let attempt = ladder.attempts
        switch state {
        case .waiting(let until): return .waiting(.link, attempt: attempt, until: until)
        case .detached, .attaching: return .attaching(attempt: attempt)
        case .closing, .flushing, .routeLost: return .givingUp(.link)
        case .open(let attachment):
            if let since = attachment.creditlessSince { return .noCredit(since: since) }
            let isDone = isSourceEnded || isStopping
            return isDone && deliveries.ledger.waitingCount == 0 ? .awaitingOutcomes : .sending
        }
    }
}
