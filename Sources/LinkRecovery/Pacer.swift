// The pace of new messages.
// SPDX-License-Identifier: Apache-2.0

/// Allows a burst of new messages at every tick.
///
/// A tick that could not be used is skipped.
struct Pacer {
    private let pace: SendPace
    private var nextTickAt: Instant?
    private var left = 0

    init(pace: SendPace) {
        self.pace = pace
    }

    private var isFlatOut: Bool { pace.interval == 0 }

    /// Whether a new message may be taken in this turn.
    var allowsMessage: Bool { isFlatOut || left > 0 }

    /// The next tick; nil before the start, and without an interval.
    var nextTick: Instant? { nextTickAt }

    /// Starts the ticks, the first of which is now.
    mutating func start(now: Instant) {
        guard !isFlatOut, nextTickAt == nil else { return }
        nextTickAt = now + pace.interval
        left = pace.burst
    }

    /// Advances to this time: ticks that have come allow one burst if they could be used, else none.
    mutating func advance(to now: Instant, isUsable: Bool) {
        guard let tick = nextTickAt, tick <= now else { return }
        let missed = (now - tick) / pace.interval
        nextTickAt = tick + (missed + 1) * pace.interval
        left = isUsable ? pace.burst : 0
    }

    mutating func take() {
        if left > 0 { left -= 1 }
    }

    /// Ends the turn: the rest of the burst lapses, unless the source only delays its next message.
    mutating func endTurn(isSourceDelayed: Bool) {
        if !isSourceDelayed { left = 0 }
    }
}
