// The pace of new messages.
// SPDX-License-Identifier: Apache-2.0

/// Allows a burst of new messages at every tick, or a rate of them.
///
/// A tick that could not be used is skipped. A message of a rate that could not be sent when it was due stays due.
struct Pacer {
    private let pace: SendPace
    private let isFlatOut: Bool
    private var nextTickAt: Instant?
    /// Messages that may be taken.
    private var left = 0
    /// Of a rate: when its first message was due, and how many have become due since.
    private var beganAt: Instant?
    private var dueCount = 0
    /// Of a rate: what was left when the source last had nothing for it; nil once it has had a message again.
    private var leftWhileDry: Int?
    private var dryAt: Instant?

    /// Bounds what becomes due while nothing can be sent.
    private static let dueCountMax = 1e15

    init(pace: SendPace) {
        self.pace = pace
        // A computed rate may be negative, infinite or NaN, and an interval negative.
        isFlatOut = pace.rate == .infinity || pace.interval <= 0 && !(pace.rate > 0)
    }

    var hasRate: Bool { pace.rate > 0 && !isFlatOut }

    private var burst: Int { max(1, pace.burst) }

    /// Whether a new message may be taken in this turn.
    var allowsMessage: Bool { isFlatOut || left > 0 }

    /// The next tick; nil before the start, without an interval, and while a message of a rate waits for the
    /// source.
    var nextTick: Instant? { isWaitingForSource ? nil : nextTickAt }

    /// Of a rate: a message may be taken, and the source has none.
    private var isWaitingForSource: Bool { leftWhileDry != nil && left > 0 }

    /// Starts the ticks, the first of which is now, or for a rate after its delay.
    mutating func start(now: Instant) {
        guard !isFlatOut, nextTickAt == nil else { return }
        guard !hasRate else {
            beganAt = now + pace.rateDelay
            return countDue(by: now)
        }
        nextTickAt = now + pace.interval
        left = burst
    }

    /// Advances to this time: ticks that have come allow one burst if they could be used, else none; of a rate, all
    /// that has become due, but for what became due while a message waited for the source.
    mutating func advance(to now: Instant, isUsable: Bool) {
        guard let tick = nextTickAt, tick <= now else { return }
        guard !hasRate else {
            return isWaitingForSource ? skipDue(by: now) : countDue(by: now)
        }
        let missed = (now - tick) / pace.interval
        nextTickAt = tick + (missed + 1) * pace.interval
        left = isUsable ? burst : 0
    }

    private mutating func countDue(by now: Instant) {
        guard let beganAt else { return }
        if now >= beganAt {
            let passed = Double(now.microseconds(since: beganAt)) * pace.rate / 1e6
            let due = 1 + Int(min(passed, Self.dueCountMax))
            left += max(0, due - dueCount)
            dueCount = max(dueCount, due)
        }
        // A wake-up must not find the same time again.
        let soon = now.microseconds.addingReportingOverflow(1)
        nextTickAt =
            soon.overflow
            ? .distantFuture
            : max(dueTime(dueCount, from: beganAt), Instant(microseconds: soon.partialValue))
    }

    /// Lets lapse what has become due.
    private mutating func skipDue(by now: Instant) {
        let left = left
        countDue(by: now)
        self.left = left
    }

    /// When the message of a rate is due that has as many before it.
    private func dueTime(_ count: Int, from beganAt: Instant) -> Instant {
        let wait = (Double(count) * 1e6 / pace.rate).rounded(.up)
        let microseconds = Double(beganAt.microseconds) + wait
        return microseconds < Double(Int64.max)
            ? Instant(microseconds: beganAt.microseconds + Int64(wait)) : .distantFuture
    }

    /// When the message that is taken next was due: now, unless there is a rate.
    ///
    /// It was not due before the source had it.
    func dueTime(now: Instant) -> Instant {
        guard hasRate, let beganAt, leftWhileDry == nil else { return now }
        let due = dueTime(dueCount - left, from: beganAt)
        return min(now, dryAt.map { max($0, due) } ?? due)
    }

    mutating func take() {
        if left > 0 { left -= 1 }
    }

    /// Ends the turn: the rest of the burst lapses, unless the source only delays its next message.
    ///
    /// Of a rate, what becomes due while the source is dry lapses; so does all but one message once all are final
    /// (`isIdle`).
    mutating func endTurn(_ source: SourceState, isIdle: Bool, now: Instant) {
        guard hasRate else {
            if source != .isDelayed { left = 0 }
            return
        }
        guard source == .isDry, left > 0 else {
            if source != .isDelayed { leftWhileDry = nil }
            return
        }
        left = isIdle ? 1 : min(left, leftWhileDry ?? left)
        leftWhileDry = left
        dryAt = now
    }
}

/// The messages that a source had for a sender in a turn.
enum SourceState {
    /// As many as the sender could take, as far as is known.
    case hasMessages
    /// Fewer than the sender could take.
    case isDry
    /// Its next message will be offered in a moment.
    case isDelayed
}
