// Messages that were taken and are not final.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

/// Records of each message that was taken and is not final whether it is in flight, in doubt or waiting.
///
/// Each message has a slot. Its bytes stay with the source, which lends them by sequence. Nothing is
/// allocated once the window has been filled for the first time.
struct Ledger {
    enum State {
        /// Sent on the live link, no outcome yet.
        case inFlight
        /// Sent on a link that was lost before an outcome came. To be sent again.
        case inDoubt
        /// No attempt is open: never sent, or returned. To be sent.
        case waiting
        /// As `waiting`, but not before its time.
        case paced
    }

    struct Entry {
        var sequence: UInt64
        var size: Int
        /// When it was first sent, or due.
        var since: Instant
        var state = State.waiting
        /// The tag of the newest attempt; meaningless before the first.
        var tag = DeliveryTag(0)
        /// Attempts of this message have higher numbers; those of the slot's former messages do not.
        var attemptFloor: UInt64
        var attemptCount = 0
        /// Number of times that a living link returned the message.
        var returnCount = 0
        /// An earlier attempt may have arrived: it had no outcome, or was modified.
        var mayHaveArrived = false
        var sentAt = Instant.distantFuture
        /// Bytes that were sent on the link up to the end of this attempt.
        var endOffset = 0
        var dueAt = Instant.distantFuture
        /// Neighbours in the order of sending, while in flight; `next` also chains the free slots.
        var previous = -1
        var next = -1

        /// Begins an attempt, which is the newest in flight.
        fileprivate mutating func begin(
            _ tag: DeliveryTag, endOffset: Int, now: Instant, behind newest: Int
        ) {
            if state == .inDoubt { mayHaveArrived = true }
            self.tag = tag
            state = .inFlight
            attemptCount += 1
            sentAt = now
            self.endOffset = endOffset
            previous = newest
            next = -1
        }

        /// The message is final: no tag of it matches from now on.
        fileprivate mutating func leave(nextFree: Int) {
            attemptFloor = .max
            state = .waiting
            next = nextFree
        }
    }

    /// The message that a tag names.
    enum Match: Equatable {
        /// The newest attempt of the message in this slot.
        case current(slot: Int)
        /// An earlier attempt of the message in this slot.
        case earlier(slot: Int)
        /// A message that is final, or none that was ever sent.
        case unknown
    }

    private struct Ready: Comparable {
        var sequence: UInt64
        var slot: Int
        static func < (left: Ready, right: Ready) -> Bool { left.sequence < right.sequence }
    }

    private struct Due: Comparable {
        var at: Instant
        var sequence: UInt64
        var slot: Int
        static func < (left: Due, right: Due) -> Bool {
            (left.at, left.sequence) < (right.at, right.sequence)
        }
    }

    private var entries: [Entry] = []
    private var firstFree = -1
    private var oldest = -1
    private var newest = -1
    private var lastAttempt: UInt64 = 0
    // Messages that became final or were sent leave their places in these heaps. A place is valid only if the
    // entry confirms it.
    private var ready = Heap<Ready>()
    private var due = Heap<Due>()

    /// Invalid places that `due` may hold before they are dropped.
    private static let stalePlacesMax = 64

    private(set) var count = 0
    private(set) var bytes = 0
    private(set) var inFlightCount = 0
    /// Messages that are not in flight and may have arrived.
    private(set) var doubtCount = 0

    subscript(slot: Int) -> Entry { entries[slot] }

    var isEmpty: Bool { count == 0 }

    /// The oldest delivery in flight.
    var oldestInFlight: Entry? { oldest >= 0 ? entries[oldest] : nil }

    /// Messages that are to be sent, paced ones included.
    var waitingCount: Int { count - inFlightCount }

    // MARK: Taking and settling

    /// Adds a message, ready to be sent.
    mutating func take(sequence: UInt64, size: Int, since: Instant) -> Int {
        let entry = Entry(
            sequence: sequence, size: size, since: since, attemptFloor: lastAttempt)
        let slot: Int
        if firstFree >= 0 {
            slot = firstFree
            firstFree = entries[slot].next
            entries[slot] = entry
        } else {
            slot = entries.count
            precondition(slot < DeliveryTag.slotCountMax)
            entries.append(entry)
        }
        count += 1
        bytes += size
        return slot
    }

    /// Removes a message that is final.
    mutating func remove(_ slot: Int) {
        if isDoubtful(slot) { doubtCount -= 1 }
        unlink(slot)
        count -= 1
        bytes -= entries[slot].size
        entries[slot].leave(nextFree: firstFree)
        firstFree = slot
    }

    /// The slot of the message that any of whose attempts had this tag; nil if it is final, or none was ever
    /// sent.
    func slot(of tag: DeliveryTag) -> Int? {
        let slot = tag.slot
        guard slot < entries.count, tag.attempt > entries[slot].attemptFloor,
            tag.attempt <= entries[slot].tag.attempt
        else { return nil }
        return slot
    }

    func match(_ tag: DeliveryTag) -> Match {
        guard let slot = slot(of: tag) else { return .unknown }
        return entries[slot].tag == tag ? .current(slot: slot) : .earlier(slot: slot)
    }

    // MARK: Sending

    /// Begins an attempt; returns its tag.
    ///
    /// `endOffset` counts the bytes that were sent on the link, this attempt included.
    mutating func beginAttempt(_ slot: Int, endOffset: Int, now: Instant) -> DeliveryTag {
        if isDoubtful(slot) { doubtCount -= 1 }
        lastAttempt += 1
        let tag = DeliveryTag(attempt: lastAttempt, slot: slot)
        entries[slot].begin(tag, endOffset: endOffset, now: now, behind: newest)
        if newest >= 0 { entries[newest].next = slot } else { oldest = slot }
        newest = slot
        inFlightCount += 1
        return tag
    }

    /// The message to be sent again next: the lowest sequence that is not paced.
    var nextReady: Int? {
        mutating get {
            while let first = ready.first {
                if isReady(first) { return first.slot }
                _ = ready.removeFirst()
            }
            return nil
        }
    }

    mutating func removeNextReady() {
        _ = ready.removeFirst()
    }

    // MARK: Returns and losses

    /// The peer returned a delivery: it waits for the next attempt, until this time if it is paced.
    mutating func `return`(_ slot: Int, mayHaveArrived: Bool, pacedUntil: Instant?) {
        unlink(slot)
        if mayHaveArrived { entries[slot].mayHaveArrived = true }
        if entries[slot].mayHaveArrived { doubtCount += 1 }
        if let pacedUntil {
            entries[slot].state = .paced
            entries[slot].dueAt = pacedUntil
            if due.count >= entries.count + Ledger.stalePlacesMax { due.keep(where: isPaced) }
            due.insert(Due(at: pacedUntil, sequence: entries[slot].sequence, slot: slot))
        } else {
            entries[slot].state = .waiting
            ready.insert(Ready(sequence: entries[slot].sequence, slot: slot))
        }
    }

    mutating func countReturn(_ slot: Int) -> Int {
        entries[slot].returnCount += 1
        return entries[slot].returnCount
    }

    /// A late outcome proves that the attempt in doubt did not arrive.
    mutating func resolveDoubt(_ slot: Int) {
        guard entries[slot].state == .inDoubt else { return }
        entries[slot].state = .waiting
        if !entries[slot].mayHaveArrived { doubtCount -= 1 }
    }

    /// The link is gone: deliveries in flight are in doubt, and are to be sent again.
    mutating func loseInFlight() {
        while oldest >= 0 {
            let slot = oldest
            unlink(slot)
            entries[slot].state = .inDoubt
            doubtCount += 1
            ready.insert(Ready(sequence: entries[slot].sequence, slot: slot))
        }
    }

    /// When the next paced message may be sent.
    var nextDue: Instant? {
        mutating get {
            while let first = due.first {
                if isPaced(first) { return first.at }
                _ = due.removeFirst()
            }
            return nil
        }
    }

    /// Ends the wait of paced messages that are due; with the distant future, of all.
    mutating func releasePaced(until now: Instant) {
        while let at = nextDue, at <= now, let first = due.removeFirst() {
            entries[first.slot].state = .waiting
            ready.insert(Ready(sequence: first.sequence, slot: first.slot))
        }
    }

    /// Messages that may have arrived.
    var inDoubtCount: Int { inFlightCount + doubtCount }

    /// The sequences of the messages that may have arrived, in their order.
    var sequencesInDoubt: [UInt64] {
        entries.indices.filter {
            entries[$0].attemptFloor != .max && (entries[$0].state == .inFlight || isDoubtful($0))
        }.map { entries[$0].sequence }.sorted()
    }

    /// Elements that are stored: slots, and places in both heaps.
    var footprint: Int { entries.count + ready.count + due.count }

    // MARK: Inside

    private func isDoubtful(_ slot: Int) -> Bool {
        switch entries[slot].state {
        case .inFlight: false
        case .inDoubt: true
        case .waiting, .paced: entries[slot].mayHaveArrived
        }
    }

    private func isReady(_ place: Ready) -> Bool {
        let entry = entries[place.slot]
        return entry.sequence == place.sequence && entry.attemptFloor != .max
            && (entry.state == .waiting || entry.state == .inDoubt)
    }

    private func isPaced(_ place: Due) -> Bool {
        let entry = entries[place.slot]
        return entry.sequence == place.sequence && entry.attemptFloor != .max
            && entry.state == .paced && entry.dueAt == place.at
    }

    private mutating func unlink(_ slot: Int) {
        guard entries[slot].state == .inFlight else { return }
        let (previous, next) = (entries[slot].previous, entries[slot].next)
        if previous >= 0 { entries[previous].next = next } else { oldest = next }
        if next >= 0 { entries[next].previous = previous } else { newest = previous }
        entries[slot].previous = -1
        entries[slot].next = -1
        inFlightCount -= 1
    }
}
