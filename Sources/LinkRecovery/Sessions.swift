// Sessions of a connection, and the senders that share them.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

/// Sessions of one connection: at first a single one, which all senders share.
///
/// A sender moves to another session if the first has no handle left, and to one of its own if an attach on
/// it stays unanswered.
struct Sessions: Sendable {
    enum State: Equatable, Sendable {
        /// The begin is due at this time. It leads to `open`.
        case waiting(until: Instant)
        /// The begin was sent. Its end, by the peer or by us, leads to `waiting`.
        case open(SessionID)
    }

    private struct Place: Sendable {
        var state: State
        var senders: Set<Int>
        /// It is reserved for its one sender.
        var isOwn = false
    }

    private var places: [Place] = []
    private var placeOfSender: [Int: Int] = [:]

    /// Makes the first session of a connection, which is due at once.
    init(senders: some Sequence<Int>, now: Instant) {
        let senders = Set(senders)
        places = [Place(state: .waiting(until: now), senders: senders)]
        for sender in senders { placeOfSender[sender] = 0 }
    }

    init() {}

    var nextDeadline: Instant {
        var deadline = Instant.distantFuture
        for place in places where !place.senders.isEmpty {
            if case .waiting(let until) = place.state { deadline = min(deadline, until) }
        }
        return deadline
    }

    func state(of sender: Int) -> State? {
        placeOfSender[sender].map { places[$0].state }
    }

    /// The open session of a sender.
    func open(for sender: Int) -> SessionID? {
        if case .open(let id)? = state(of: sender) { return id }
        return nil
    }

    /// The senders on an open session; nil when there is no such session.
    func senders(on id: SessionID) -> [Int]? {
        places.first { $0.state == .open(id) }?.senders.sorted()
    }

    /// The senders that share a session with this one, itself among them.
    func companions(of sender: Int) -> [Int] {
        placeOfSender[sender].map { places[$0].senders.sorted() } ?? []
    }

    // MARK: Changes

    /// Opens the sessions that are due, each with an id from `open`.
    mutating func openDue(now: Instant, _ open: () -> SessionID) {
        for index in places.indices where !places[index].senders.isEmpty {
            guard case .waiting(let until) = places[index].state, until <= now else { continue }
            places[index].state = .open(open())
        }
    }

    /// Gives up the session of this sender; returns it if it was open.
    mutating func close(of sender: Int, retryAt: Instant) -> SessionID? {
        guard let place = placeOfSender[sender], case .open(let id) = places[place].state else {
            return nil
        }
        places[place].state = .waiting(until: retryAt)
        return id
    }

    /// Adds a sender to the first session that may have room.
    ///
    /// Returns the open session that the former sender with this index had to itself; the caller frees it.
    mutating func add(_ sender: Int, now: Instant) -> SessionID? {
        let left = leave(sender)
        let place = places.firstIndex { !$0.isOwn } ?? places.count
        if place == places.count { places.append(Place(state: .waiting(until: now), senders: [])) }
        // All senders on it have ended: it was not to be opened again.
        if places[place].state == .waiting(until: .distantFuture) {
            places[place].state = .waiting(until: now)
        }
        put(sender, in: place)
        return left
    }

    /// Moves a sender from a session that it shares to one of its own, which is due at this time.
    mutating func moveToOwn(_ sender: Int, openAt: Instant) {
        _ = leave(sender)
        let place = places.firstIndex { $0.isOwn && $0.senders.isEmpty } ?? places.count
        let own = Place(state: .waiting(until: openAt), senders: [], isOwn: true)
        if place == places.count { places.append(own) } else { places[place] = own }
        put(sender, in: place)
    }

    /// Moves a sender to the next shared session: the present one, which it shares, has no handle left.
    mutating func moveToNext(_ sender: Int, openAt: Instant) {
        let former = placeOfSender[sender] ?? -1
        _ = leave(sender)
        let next = places.indices.first { $0 > former && !places[$0].isOwn } ?? places.count
        if next == places.count {
            places.append(Place(state: .waiting(until: openAt), senders: []))
        }
        put(sender, in: next)
    }

    private mutating func put(_ sender: Int, in place: Int) {
        places[place].senders.insert(sender)
        placeOfSender[sender] = place
    }

    /// Returns the sender's session if it was its own, and open.
    private mutating func leave(_ sender: Int) -> SessionID? {
        guard let place = placeOfSender.removeValue(forKey: sender) else { return nil }
        places[place].senders.remove(sender)
        guard places[place].isOwn, case .open(let id) = places[place].state else { return nil }
        places[place].state = .waiting(until: .distantFuture)
        return id
    }
}
