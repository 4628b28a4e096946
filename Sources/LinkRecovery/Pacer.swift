// The pace of new messages.
// SPDX-License-Identifier: Apache-2.0

/// Keeps the beat of new messages: a burst at every tick.
///
/// A tick that could not be used is not made up for.
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

    /// The next tick; nil before the start and when there is no beat.
    var nextTick: Instant? { nextTickAt }

    /// The first tick is now.
    mutating func start(now: Instant) {
        guard !isFlatOut, nextTickAt == nil else { return }
        nextTickAt = now + pace.interval
        left = pace.burst
    }

    /// Time has passed.
    ///
    /// Ticks that have come allow one burst if they could be used, else none.
    mutating func advance(to now: Instant, isUsable: Bool) {
        guard let tick = nextTickAt, tick <= now else { return }
        let missed = (now - tick) / pace.interval
        nextTickAt = tick + (missed + 1) * pace.interval
        left = isUsable ? pace.burst : 0
    }

    mutating func take() {
        if left > 0 { left -= 1 }
    }

    /// The turn is over: what was not taken is not made up for, unless it is about to come.
    mutating func endTurn(isSourceDelayed: Bool) {
        if !isSourceDelayed { left = 0 }
    }
}
