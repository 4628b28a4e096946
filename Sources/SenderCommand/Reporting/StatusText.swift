// The activity of a run, in words.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

extension Status {
    /// A shorter lack of credit is the peer's normal pace.
    static let missedCredit: Milliseconds = 1000

    /// The activity at this time, as text.
    func words(at now: Instant) -> String {
        guard let stopsAt else { return activityWords(at: now) }
        return "stopping within \(seconds(until: stopsAt, from: now)): \(activityWords(at: now))"
    }

    private func activityWords(at now: Instant) -> String {
        switch activity {
        case .starting: "starting"
        case .connecting(0): "connecting"
        case .connecting(let attempt): "reconnecting, attempt \(attempt)"
        case .attaching(0): "opening the link"
        case .attaching(let attempt): "opening the link again, attempt \(attempt)"
        case .waiting(let rung, let attempt, let until):
            "\(rung.word) lost - retry \(attempt) in \(seconds(until: until, from: now))"
        case .givingUp(let rung): "\(rung.word) given up"
        case .noCredit(let since) where isMissed(since, at: now):
            "no credit for \(now.milliseconds(since: since) / 1000) s"
        case .sending, .noCredit: "sending"
        case .awaitingOutcomes: "waiting for outcomes"
        case .closing: "closing"
        }
    }

    /// The activity at this time, as the `state` of events.
    func state(at now: Instant) -> String {
        switch activity {
        case .starting: "starting"
        case .connecting: "connecting"
        case .attaching: "attaching"
        case .waiting(.link, _, _): "link_lost"
        case .waiting(.session, _, _): "session_lost"
        case .waiting(.connection, _, _): "connection_lost"
        case .givingUp: "giving_up"
        case .noCredit(let since): isMissed(since, at: now) ? "no_credit" : "sending"
        case .sending: "sending"
        case .awaitingOutcomes: "awaiting_outcomes"
        case .closing: "closing"
        }
    }

    /// All that ``state(at:)`` gives.
    static let states = [
        "starting", "connecting", "attaching", "sending", "no_credit", "awaiting_outcomes",
        "link_lost", "session_lost", "connection_lost", "giving_up", "closing",
    ]

    /// The number of the current or next attempt; nil for none.
    var attempt: Int? {
        switch activity {
        case .connecting(let attempt), .attaching(let attempt), .waiting(_, let attempt, _):
            attempt
        case .starting, .givingUp, .sending, .noCredit, .awaitingOutcomes, .closing: nil
        }
    }

    /// The time of the next attempt; nil for none.
    var retryAt: Instant? {
        if case .waiting(_, _, let until) = activity { until } else { nil }
    }

    private func isMissed(_ since: Instant, at now: Instant) -> Bool {
        now.milliseconds(since: since) >= Status.missedCredit
    }

    private func seconds(until time: Instant, from now: Instant) -> String {
        let tenths = max(0, (time.milliseconds(since: now) + 99) / 100)
        return "\(decimal(tenths: Int(tenths))) s"
    }
}

extension Status.Rung {
    var word: String {
        switch self {
        case .link: "link"
        case .session: "session"
        case .connection: "connection"
        }
    }
}
