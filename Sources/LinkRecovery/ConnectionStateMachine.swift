// State machine of the connection.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

/// Decides for the connections of a run, of which at most one lives at a time: connect, open, sessions,
/// close, and the next endpoint.
struct ConnectionStateMachine: Sendable {
    enum State: Sendable {
        /// Before the first connect, and after the end. Leads to `connecting`.
        case idle
        /// The next connect is due at this time. Leads to `connecting`; the run's end leads to `idle`.
        case waiting(until: Instant)
        /// Looking the host's name up, connecting, or waiting for the peer's open. The open leads to `open`,
        /// the deadline or the run's end to `aborting`, a loss to `waiting` or `idle`.
        case connecting(ConnectionID, deadline: Instant, isLookingUp: Bool)
        /// The peer's open came. Our close leads to `closing`, our abort to `aborting`, a loss to `waiting`
        /// or `idle`.
        case open(ConnectionID, Sessions)
        /// Our close was sent, for this reason. The peer's answer leads to `waiting` or `idle`, the deadline
        /// to `aborting`.
        case closing(ConnectionID, ErrorCondition, deadline: Instant)
        /// The transport was closed without the peer, for this reason. The loss, which follows at once, or
        /// the deadline leads to `waiting` or `idle`.
        case aborting(ConnectionID, ErrorCondition, deadline: Instant)
    }

    private let options: RecoveryOptions
    private let endpointCount: Int
    private(set) var state = State.idle
    private(set) var openedCount = 0
    /// The last connection that the peer has opened.
    private var lastOpened: ConnectionID?
    /// A connection of this run has answered an attach: a refused login ends the run no more.
    private(set) var hasEverServed = false

    private var endpoint = 0
    /// The first connection of the round.
    ///
    /// Within a round the next endpoint is tried without a delay.
    private(set) var roundStart = ConnectionID(1)
    /// Connections of the round that refused the login.
    private(set) var refusedLogins = Refusals()
    /// Refused logins in a row, since a connection last served.
    private var loginRefusals = 0
    private var connectedAt = Instant.distantFuture
    private var lastConnection: UInt64 = 0
    private var lastSession: UInt64 = 0

    private static let loginDelayMin: Milliseconds = 5_000
    private static let loginDelayMax: Milliseconds = 60_000

    /// Aborting is local: a loss that was not reported by then never will be.
    private static let abortLimit: Milliseconds = 1_000

    init(options: RecoveryOptions, endpointCount: Int) {
        precondition(endpointCount > 0)
        self.options = options
        self.endpointCount = endpointCount
    }

    var current: ConnectionID? {
        switch state {
        case .idle, .waiting: nil
        case .connecting(let connection, _, _), .open(let connection, _),
            .closing(let connection, _, _), .aborting(let connection, _, _):
            connection
        }
    }

    /// Whether another connection may follow a lost one: with several endpoints always.
    var mayReconnect: Bool { options.mayReconnect || endpointCount > 1 }

    var isOpen: Bool {
        if case .open = state { return true }
        return false
    }

    /// The host's name is being looked up.
    var isLookingUp: Bool {
        if case .connecting(_, _, isLookingUp: true) = state { return true }
        return false
    }

    /// The sessions of an open connection; none while there is none.
    var sessions: Sessions {
        if case .open(_, let sessions) = state { return sessions }
        return Sessions()
    }

    var nextDeadline: Instant {
        switch state {
        case .idle:
            .distantFuture
        case .waiting(let until):
            until
        case .connecting(_, let deadline, _), .closing(_, _, let deadline),
            .aborting(_, _, let deadline):
            deadline
        case .open(_, let sessions):
            sessions.nextDeadline
        }
    }

    // MARK: Connecting

    mutating func connect(now: Instant, with context: inout some RecoveryContext) {
        lastConnection += 1
        connectedAt = now
        let connection = ConnectionID(lastConnection)
        let deadline = options.openTimeout == 0 ? Instant.distantFuture : now + options.openTimeout
        state = .connecting(connection, deadline: deadline, isLookingUp: false)
        context.perform(.connect(connection, endpoint: endpoint))
    }

    /// Notes that the look-up of the host's name begins or has ended.
    mutating func lookUp(isUnderWay: Bool) {
        guard case .connecting(let connection, let deadline, _) = state else { return }
        state = .connecting(connection, deadline: deadline, isLookingUp: isUnderWay)
    }

    /// The peer has opened: opens the session that the senders attach on.
    mutating func opened(
        _ connection: ConnectionID, senders: some Sequence<Int>, now: Instant,
        with context: inout some RecoveryContext
    ) {
        guard case .connecting(connection, _, _) = state else { return }
        state = .open(connection, Sessions(senders: senders, now: now))
        openedCount += 1
        lastOpened = connection
        openDueSessions(now: now, with: &context)
    }

    /// The endpoint of the connection, until its peer has opened; nil from then on.
    var unopenedEndpoint: Int? { lastOpened == newest ? nil : endpoint }

    mutating func served() {
        hasEverServed = true
        loginRefusals = 0
    }

    /// Why the connection was lost: our own reason if we ended it, else the given condition.
    func reason(of condition: ErrorCondition) -> ErrorCondition {
        switch state {
        case .closing(_, let reason, _), .aborting(_, let reason, _): reason
        case .idle, .waiting, .connecting, .open: condition
        }
    }

    /// Whether the next endpoint is tried without a delay, now that a connection is lost: until the round
    /// is over.
    ///
    /// A connection that `hasWorked` begins a round, unless it was shorter than a retry interval: rounds of
    /// such connections would never pause.
    mutating func isWithinRound(hasWorked: Bool, now: Instant) -> Bool {
        if hasWorked, now - connectedAt >= options.retry.interval {
            beginRound(with: ConnectionID(lastConnection))
        }
        let connectsInRound = lastConnection + 1 - roundStart.number
        guard connectsInRound >= endpointCount else { return true }
        beginRound(with: ConnectionID(lastConnection + 1))
        return false
    }

    private mutating func beginRound(with first: ConnectionID) {
        roundStart = first
        refusedLogins.forget(before: first)
    }

    /// Counts a refused login, once per connection; returns whether every endpoint has refused something
    /// for good in this round.
    mutating func refusedLogin() -> Bool {
        refusedLogins.add(ConnectionID(lastConnection))
        return areAllRefusing(refusedLogins)
    }

    /// Whether every endpoint has refused in this round, by the login or by these refusals.
    func areAllRefusing(_ refusals: Refusals) -> Bool {
        refusals.count(since: roundStart, with: refusedLogins) >= endpointCount
    }

    /// The newest connection, which may have been lost already.
    var newest: ConnectionID { ConnectionID(lastConnection) }

    /// Counts a refused login after one that was accepted; returns the shortest delay before the next.
    ///
    /// The service that checks passwords may be down, and a client that retries fast can be locked out.
    mutating func loginDelay() -> Milliseconds {
        loginRefusals += 1
        let doublings = min(loginRefusals - 1, 4)
        return min(Self.loginDelayMin << Int64(doublings), Self.loginDelayMax)
    }

    /// The connection is gone: selects the next endpoint, for a connection at this time; nil: for none.
    mutating func lost(retryAt: Instant?) {
        endpoint = (endpoint + 1) % endpointCount
        state = retryAt.map { .waiting(until: $0) } ?? .idle
    }

    // MARK: Sessions

    /// Opens the sessions that are due; returns whether there was any.
    @discardableResult
    mutating func openDueSessions(now: Instant, with context: inout some RecoveryContext) -> Bool {
        let before = lastSession
        var last = lastSession
        changeSessions {
            $0.openDue(now: now) {
                last += 1
                context.perform(.openSession(SessionID(last)))
                return SessionID(last)
            }
        }
        lastSession = last
        return last > before
    }

    /// Gives a sender its session, and frees the one that the sender before it in this place had for itself.
    mutating func add(_ sender: Int, now: Instant, with context: inout some RecoveryContext) {
        var left: SessionID?
        changeSessions { left = $0.add(sender, now: now) }
        if let left { context.perform(.freeSession(left)) }
        openDueSessions(now: now, with: &context)
    }

    /// Frees the session of a sender and of all that share it; the next is due at `retryAt`.
    mutating func freeSession(
        of sender: Int, retryAt: Instant, with context: inout some RecoveryContext
    ) {
        var freed: SessionID?
        changeSessions { freed = $0.close(of: sender, retryAt: retryAt) }
        if let freed { context.perform(.freeSession(freed)) }
    }

    /// Changes the sessions of an open connection.
    mutating func changeSessions(_ change: (inout Sessions) -> Void) {
        guard case .open(let connection, var sessions) = state else { return }
        change(&sessions)
        state = .open(connection, sessions)
    }

    // MARK: Ending

    mutating func abort(
        for reason: ErrorCondition, now: Instant, with context: inout some RecoveryContext
    ) {
        guard let current else { return }
        if case .aborting = state { return }
        // Events of sessions are ignored from now on: they end with the connection.
        state = .aborting(current, reason, deadline: now + Self.abortLimit)
        context.perform(.abortConnection(current))
    }

    /// Leaves a peer that answers, but refuses: closes the connection, so that another follows.
    mutating func leave(
        for reason: ErrorCondition, now: Instant, with context: inout some RecoveryContext
    ) {
        if !close(for: reason, now: now, with: &context) {
            abort(for: reason, now: now, with: &context)
        }
    }

    /// Closes the connection, for this reason.
    ///
    /// Returns false if no answer will be waited for.
    mutating func close(
        for reason: ErrorCondition = .none, now: Instant, with context: inout some RecoveryContext
    ) -> Bool {
        switch state {
        case .idle, .waiting:
            state = .idle
            return false
        case .connecting:
            abort(for: .none, now: now, with: &context)
            return true
        case .open(let connection, _):
            context.perform(.closeConnection(connection))
            state = .closing(connection, reason, deadline: now + options.drainTimeout)
            return options.drainTimeout > 0
        case .closing, .aborting:
            return true
        }
    }
}

/// Connections on which an endpoint refused something for good.
struct Refusals: Sendable {
    private var connections: [ConnectionID] = []

    /// Adds a connection, once.
    mutating func add(_ connection: ConnectionID) {
        if connections.last != connection { connections.append(connection) }
    }

    /// Counts the connections since this one, with the others that refused something else.
    func count(since start: ConnectionID, with others: Refusals) -> Int {
        func isInRound(_ connection: ConnectionID) -> Bool { connection.number >= start.number }
        let more = others.connections.filter { isInRound($0) && !connections.contains($0) }
        return connections.count(where: isInRound) + more.count
    }

    /// Drops the connections before this one.
    mutating func forget(before start: ConnectionID) {
        connections.removeAll { $0.number < start.number }
    }
}
