// The messages that the peer of a run received, and the outcomes that it gave them.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
internal import LinkRecovery
internal import RawPeer

/// The outcome that a state gives a message.
enum Verdict: Hashable {
    case accepted
    /// In a way that not every reader knows.
    case perhapsAccepted
    /// With this description of the condition; nil: whatever is left of a state that is damaged.
    case rejected(String?)
    case released
    case modified(isUndeliverable: Bool)
    /// No outcome, or none that is known.
    case nothing
}

/// A record of one run, by which its reports are judged.
struct Testimony {
    /// A session of the client's: one of a connection's begins.
    struct SessionID: Hashable {
        var connection: Int
        var number: Int
    }

    /// A disposition that was sent.
    private struct Statement {
        var sessions: [SessionID]
        var range: ClosedRange<UInt32>
        var verdict: Verdict
    }

    private struct Delivery: Hashable {
        var session: SessionID
        var id: UInt32
    }

    private var sequences: [Delivery: UInt64] = [:]
    /// One more than the largest id of each session.
    private var ends: [SessionID: UInt32] = [:]
    private var tags: [[UInt8]: Delivery] = [:]
    private var statements: [Statement] = []
    private(set) var breaches: [String] = []
    /// Connections that have come.
    var connectionCount = 0
    /// Number of times that the peer did what it should not.
    var strayCount = 0
    /// Whether it closed a connection: that may be without a reason.
    var hasClosed = false

    // MARK: What came

    /// Notes the first frame of a delivery.
    mutating func note(
        delivery id: UInt32, tag: [UInt8], sequence: UInt64?, in session: SessionID
    ) {
        let delivery = Delivery(session: session, id: id)
        guard let sequence else {
            breaches.append("delivery \(id) has bytes of no message")
            return
        }
        if let other = tags.updateValue(delivery, forKey: tag), other != delivery {
            breaches.append("the tag \(tag) came twice")
        }
        sequences[delivery] = sequence
        ends[session] = max(ends[session] ?? 0, id &+ 1)
    }

    mutating func noteBreach(_ breach: String) {
        breaches.append(breach)
    }

    // MARK: What was said

    /// Notes a disposition; an impossible range says nothing.
    mutating func note(
        _ verdict: Verdict, first: UInt32, last: UInt32, in sessions: [SessionID]
    ) {
        // Serial numbers (RFC 1982): a range may go past the largest.
        guard last &- first <= UInt32(Int32.max) else { return }
        let ranges = first <= last ? [first...last] : [first...UInt32.max, 0...last]
        for range in ranges {
            statements.append(Statement(sessions: sessions, range: range, verdict: verdict))
        }
    }

    // MARK: Judging

    /// Whether the peer said something of this message that makes a report of this outcome right.
    ///
    /// Nil: of a message that it had not received yet, and that may be this one.
    func isJustified(_ kind: OutcomeReport.Kind, of sequence: UInt64) -> Bool? {
        let deliveries = sequences.filter { $0.value == sequence }.keys
        let fitting = statements.filter { $0.verdict.justifies(kind) }
        let isSaid = fitting.contains { statement in
            deliveries.contains {
                statement.sessions.contains($0.session) && statement.range.contains($0.id)
            }
        }
        if isSaid { return true }
        return fitting.contains(where: isOfUnread) ? nil : false
    }

    /// Whether a statement is of deliveries that had not come from the client yet.
    ///
    /// It may have sent them by then; which message that was, is not known here.
    private func isOfUnread(_ statement: Statement) -> Bool {
        statement.sessions.contains { statement.range.upperBound >= ends[$0] ?? 0 }
    }
}

extension Verdict {
    fileprivate func justifies(_ kind: OutcomeReport.Kind) -> Bool {
        switch (kind, self) {
        case (.final(.accepted), .accepted), (.final(.accepted), .perhapsAccepted): true
        case (.final(.rejected(let condition)), .rejected(let description)):
            description == nil || condition.description == description
        case (.returned, .released), (.returned, .modified), (.returned, .nothing),
            (.returned, .rejected), (.returned, .perhapsAccepted):
            true
        case (.final(.givenUp(.undeliverableHere)), .modified(let isUndeliverable)): isUndeliverable
        case (.final(.givenUp(.redeliveriesUsedUp)), let verdict): verdict != .accepted
        default: false
        }
    }
}
