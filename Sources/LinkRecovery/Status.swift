// Where a run stands, for whoever watches it.
// SPDX-License-Identifier: Apache-2.0

/// The account of a run that goes on, and what it is doing.
public struct Status: Sendable, Hashable {
    /// What stands between the run and its next message.
    public enum Rung: Sendable, Hashable {
        case link
        case session
        case connection
    }

    /// What the run is doing.
    ///
    /// An attempt is counted from the last success; 0 is the first of all, which is no retry.
    public enum Activity: Sendable, Hashable {
        /// Nothing was asked for yet.
        case starting
        /// Connect and open were asked for.
        case connecting(attempt: Int)
        /// The attach was sent.
        case attaching(attempt: Int)
        /// This is lost, and what replaces it is asked for at this time.
        case waiting(Rung, attempt: Int, until: Instant)
        /// This was given up, and its end is awaited.
        case givingUp(Rung)
        /// The link is open, and there is credit or nothing to use it for.
        case sending
        /// Credit is wanted, and there has been none since then.
        case noCredit(since: Instant)
        /// Nothing is left to be sent.
        case awaitingOutcomes
        /// The run is at its end: the connection is closed.
        case closing
    }

    /// The account so far; `inDoubt` counts messages in flight, too.
    public var summary: Summary
    /// Messages sent on the live link that have no outcome yet.
    public var inFlight: Int
    /// What the run is doing.
    public var activity: Activity
    /// When the run ends without what is missing, if a stop was asked for.
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
    /// Messages that can't have arrived and are to be sent again.
    public var waiting: Int { summary.unsent }
}

extension Recovery {
    /// Where the run stands.
    ///
    /// Costs the same whatever the window: it may be asked for in every turn.
    public func status(now: Instant) -> Status {
        Status(
            summary: summary(now: now), inFlight: link.ledger.inFlightCount, activity: activity,
            stopsAt: end == nil ? stopDeadline : nil)
    }

    private var activity: Status.Activity {
        if end != nil { return .closing }
        switch connection.state {
        case .idle: return .starting
        case .waiting(let until):
            return .waiting(.connection, attempt: ladder.attempts, until: until)
        case .connecting: return .connecting(attempt: ladder.attempts)
        case .closing, .aborting: return .givingUp(.connection)
        case .open: break
        }
        if case .waiting(let until) = connection.session {
            return .waiting(.session, attempt: ladder.attempts, until: until)
        }
        return link.activity(attempt: ladder.attempts)
    }
}

extension LinkMachine {
    fileprivate func activity(attempt: Int) -> Status.Activity {
        switch state {
        case .waiting(let until): return .waiting(.link, attempt: attempt, until: until)
        case .detached, .attaching: return .attaching(attempt: attempt)
        case .closing: return .givingUp(.link)
        case .open: break
        }
        if routeLostDeadline != nil { return .givingUp(.link) }
        if let creditlessSince { return .noCredit(since: creditlessSince) }
        let isDone = isSourceEnded || isStopping
        return isDone && ledger.waitingCount == 0 ? .awaitingOutcomes : .sending
    }
}
