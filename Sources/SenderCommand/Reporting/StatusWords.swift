// What a run is doing, in words.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery

extension Status {
    /// Credit that is missing for less is the peer's normal pace.
    static let missedCredit: Milliseconds = 1000

    /// What the run is doing at this time, for a person.
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
            "no credit for \((now - since) / 1000) s"
        case .sending, .noCredit: "sending"
        case .awaitingOutcomes: "waiting for outcomes"
        case .closing: "closing"
        }
    }

    /// What the run is doing at this time, for a program.
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

    /// Which attempt is made or waited for; nil when none is.
    var attempt: Int? {
        switch activity {
        case .connecting(let attempt), .attaching(let attempt), .waiting(_, let attempt, _):
            attempt
        case .starting, .givingUp, .sending, .noCredit, .awaitingOutcomes, .closing: nil
        }
    }

    /// When the next attempt is made; nil when none is waited for.
    var retryAt: Instant? {
        if case .waiting(_, _, let until) = activity { until } else { nil }
    }

    private func isMissed(_ since: Instant, at now: Instant) -> Bool {
        now - since >= Status.missedCredit
    }

    private func seconds(until time: Instant, from now: Instant) -> String {
        let tenths = max(0, (time - now + 99) / 100)
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
