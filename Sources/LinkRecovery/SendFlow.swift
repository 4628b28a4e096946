// Pace, backlog and wait for credit of one sender.
// SPDX-License-Identifier: Apache-2.0

/// Bounds the sending of one sender, over all of its links.
struct SendFlow: Sendable {
    var pacer: Pacer
    var unflushed = UnflushedTransfers()
    private(set) var creditTimeoutSince: Instant?
    private var lastSequence: UInt64 = 0
    private var sentInTurn = 0
    /// In this turn the source had less than could be taken.
    var isSourceDry = false

    init(pace: SendPace) {
        pacer = Pacer(pace: pace)
    }

    /// A new message is taken.
    mutating func take(sequence: UInt64) {
        precondition(sequence > lastSequence, "sequences rise")
        lastSequence = sequence
        pacer.take()
    }

    mutating func countSent() {
        sentInTurn += 1
    }

    /// Ends the turn; returns whether something was sent in it.
    mutating func endTurn(isSourceDelayed: Bool, isIdle: Bool, now: Instant) -> Bool {
        let source: SourceState =
            isSourceDelayed ? .isDelayed : isSourceDry ? .isDry : .hasMessages
        pacer.endTurn(source, isIdle: isIdle, now: now)
        isSourceDry = false
        defer { sentInTurn = 0 }
        return sentInTurn > 0
    }

    // MARK: The wait for credit

    /// Begins the wait for credit, unless it goes on already.
    mutating func beginCreditTimeout(now: Instant) {
        creditTimeoutSince = creditTimeoutSince ?? now
    }

    mutating func endCreditTimeout() {
        creditTimeoutSince = nil
    }
}
