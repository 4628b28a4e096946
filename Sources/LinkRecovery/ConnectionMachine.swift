// Decides for the connection and its session: connect, open, end, try the next peer.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

/// The decisions for one connection after the other, of which at most one lives, each with at most
/// one session.
struct ConnectionMachine {
    enum State: Equatable {
        /// Before the first connect, and after the end.
        case idle
        /// The next connect is due at this time.
        case waiting(until: Instant)
        /// Connect and open were asked for; no answer yet.
        case connecting(ConnectionID, deadline: Instant)
        /// The peer's open came.
        case open(ConnectionID)
        /// Our close was sent, for this reason, and is not answered yet.
        case closing(ConnectionID, ErrorCondition, deadline: Instant)
        /// We ended it without the peer, for this reason; the loss is reported in a moment.
        case aborting(ConnectionID, ErrorCondition, deadline: Instant)
    }

    enum SessionState: Equatable {
        case none
        /// The next session is due at this time.
        case waiting(until: Instant)
        case open(SessionID)
    }

    private let options: RecoveryOptions
    private let endpointCount: Int
    private(set) var state = State.idle
    private(set) var session = SessionState.none
    private(set) var openedCount = 0
    /// The peer of the current connection has opened.
    private var hasOpened = false
    /// The connection has no peer yet, but a name that is looked up.
    var isLookingUp = false
    /// A connection of this run has answered an attach: who we are is no reason to end any more.
    private(set) var hasEverServed = false

    private var endpoint = 0
    /// Connects since one was last waited for; the endpoints left in the round are not waited for.
    private var connectsInRound = 0
    /// Of these, endpoints that refused for good who we are or what we want.
    private var refusalsInRound = 0
    private var isRefusalCounted = false
    /// Refused logins in a row, since a connection last served.
    private var loginRefusals = 0
    private var connectedAt = Instant.distantFuture
    private var lastConnection: UInt64 = 0
    private var lastSession: UInt64 = 0

    private static let loginDelayMin: Milliseconds = 5_000
    private static let loginDelayMax: Milliseconds = 60_000

    /// Aborting is local; a loss that is not reported in this time never will be.
    private static let abortLimit: Milliseconds = 1_000

    init(options: RecoveryOptions, endpointCount: Int) {
        precondition(endpointCount > 0)
        self.options = options
        self.endpointCount = endpointCount
    }

    var current: ConnectionID? {
        switch state {
        case .idle, .waiting: nil
        case .connecting(let connection, _), .open(let connection),
            .closing(let connection, _, _), .aborting(let connection, _, _):
            connection
        }
    }

    /// A list of endpoints is there to be tried.
    var mayReconnect: Bool { options.mayReconnect || endpointCount > 1 }

    var isOpen: Bool {
        if case .open = state { return true }
        return false
    }

    var nextDeadline: Instant {
        switch state {
        case .idle:
            .distantFuture
        case .waiting(let until):
            until
        case .connecting(_, let deadline), .closing(_, _, let deadline),
            .aborting(_, _, let deadline):
            deadline
        case .open:
            if case .waiting(let until) = session { until } else { .distantFuture }
        }
    }

    // MARK: Connecting

    mutating func connect(now: Instant, into actions: inout [Action]) {
        lastConnection += 1
        connectsInRound += 1
        isRefusalCounted = false
        connectedAt = now
        let connection = ConnectionID(lastConnection)
        let deadline = options.openTimeout == 0 ? Instant.distantFuture : now + options.openTimeout
        state = .connecting(connection, deadline: deadline)
        session = .none
        isLookingUp = false
        hasOpened = false
        actions.append(.connect(connection, endpoint: endpoint))
    }

    mutating func opened(_ connection: ConnectionID, into actions: inout [Action]) {
        guard case .connecting(connection, _) = state else { return }
        state = .open(connection)
        openedCount += 1
        hasOpened = true
        openSession(into: &actions)
    }

    /// The endpoint that is connected to, while its peer has not opened.
    var unopenedEndpoint: Int? { hasOpened ? nil : endpoint }

    mutating func served() {
        hasEverServed = true
        loginRefusals = 0
    }

    /// Why the connection was lost: our own reason when we ended it, else what the wire said.
    func reason(of condition: ErrorCondition) -> ErrorCondition {
        switch state {
        case .closing(_, let reason, _), .aborting(_, let reason, _): reason
        case .idle, .waiting, .connecting, .open: condition
        }
    }

    /// Says whether the next endpoint is tried without a wait, now that a connection is lost.
    ///
    /// It is as long as the round lasts. A connection that `hasWorked` begins a round, unless it
    /// was so short that a round of such connections would not pause at all.
    mutating func isWithinRound(hasWorked: Bool, now: Instant) -> Bool {
        if hasWorked, now - connectedAt >= options.retry.interval {
            connectsInRound = 1
            refusalsInRound = isRefusalCounted ? 1 : 0
        }
        guard connectsInRound >= endpointCount else { return true }
        connectsInRound = 0
        refusalsInRound = 0
        return false
    }

    /// Counts that this endpoint refuses for good, once a connection.
    ///
    /// Returns whether every endpoint has refused in this round.
    mutating func countRefusal() -> Bool {
        if !isRefusalCounted { refusalsInRound += 1 }
        isRefusalCounted = true
        return refusalsInRound >= endpointCount
    }

    /// The wait after a refused login that others before it have not met: what checks passwords may be
    /// down, and a client that asks fast can be locked out.
    mutating func loginDelay() -> Milliseconds {
        loginRefusals += 1
        let doublings = min(loginRefusals - 1, 4)
        return min(Self.loginDelayMin << Int64(doublings), Self.loginDelayMax)
    }

    /// The connection is gone; the next one is to the next endpoint.
    mutating func lost(retryAt: Instant?) {
        session = .none
        endpoint = (endpoint + 1) % endpointCount
        state = retryAt.map { .waiting(until: $0) } ?? .idle
    }

    // MARK: Session

    private mutating func openSession(into actions: inout [Action]) {
        lastSession += 1
        session = .open(SessionID(lastSession))
        actions.append(.openSession(SessionID(lastSession)))
    }

    /// The session is of no use any more, by the peer's word or by ours.
    mutating func dropSession(retryAt: Instant, into actions: inout [Action]) {
        guard case .open(let id) = session else { return }
        actions.append(.dropSession(id))
        session = .waiting(until: retryAt)
    }

    /// Opens what is due.
    ///
    /// Returns whether a session was opened, to attach on.
    mutating func openDueSession(now: Instant, into actions: inout [Action]) -> Bool {
        guard isOpen, case .waiting(let until) = session, until <= now else { return false }
        openSession(into: &actions)
        return true
    }

    // MARK: Ending

    mutating func abort(for reason: ErrorCondition, now: Instant, into actions: inout [Action]) {
        guard let current else { return }
        if case .aborting = state { return }
        // What the session still says is of no interest: it ends with the connection.
        session = .none
        state = .aborting(current, reason, deadline: now + ConnectionMachine.abortLimit)
        actions.append(.abortConnection(current))
    }

    /// Closes the connection for another one: the peer answers, but is of no use.
    mutating func leave(for reason: ErrorCondition, now: Instant, into actions: inout [Action]) {
        session = .none
        if !close(for: reason, now: now, into: &actions) {
            abort(for: reason, now: now, into: &actions)
        }
    }

    /// Closes the connection, for this reason.
    ///
    /// Returns false when there is nothing to wait for.
    mutating func close(
        for reason: ErrorCondition = .none, now: Instant, into actions: inout [Action]
    ) -> Bool {
        switch state {
        case .idle, .waiting:
            state = .idle
            return false
        case .connecting:
            abort(for: .none, now: now, into: &actions)
            return true
        case .open(let connection):
            actions.append(.closeConnection(connection))
            state = .closing(connection, reason, deadline: now + options.drainTimeout)
            return options.drainTimeout > 0
        case .closing, .aborting:
            return true
        }
    }
}
