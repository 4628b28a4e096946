// The pace of new messages: a burst at every tick, and no tick is made up for.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery

extension Rules {
    struct BeatModel {
        private(set) var nextTick: Instant?
        /// Messages that the tick at hand allows, in this turn only, or as soon as the source gives
        /// them.
        private(set) var left = 0

        mutating func start(now: Instant, pace: SendPace) {
            guard pace.interval > 0, nextTick == nil else { return }
            nextTick = now + pace.interval
            left = pace.burst
        }

        /// A turn begins; a tick that could not be used, as things were, allows nothing.
        mutating func beginTurn(now: Instant, pace: SendPace, isUsable: Bool) {
            guard let tick = nextTick, tick <= now else { return }
            nextTick = tick + ((now - tick) / pace.interval + 1) * pace.interval
            left = isUsable ? pace.burst : 0
        }

        /// Takes a message; returns whether it may be taken.
        mutating func take() -> Bool {
            left -= 1
            return left >= 0
        }

        mutating func endTurn() {
            left = 0
        }
    }

    /// A tick that came, and could be used, was used.
    mutating func checkBeat(nextSize: Int?, isSourceDelayed: Bool) {
        defer { if !isSourceDelayed { beat.endTurn() } }
        guard beat.left > 0, canTakeSomething, let nextSize else { return }
        let bytes = ledgerBytes + (options.isPreSettled ? 0 : others.bytes)
        let isOutgoingFull =
            unflushed.count > 0 && unflushed.bytes + nextSize > UnflushedModel.bytesMax
        let all = ledger.count + unflushed.count
        let fits =
            !isOutgoingFull
            && (options.windowBytes == 0 || all == 0
                || bytes + unflushed.bytes + nextSize <= options.windowBytes)
        require(!fits, "rule 10: a tick came, and nothing was taken")
    }
}
