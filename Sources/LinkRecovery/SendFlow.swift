// What bounds the sending of one sender over its links.
// SPDX-License-Identifier: Apache-2.0

/// Pace, backlog and the wait for credit of one sender, whichever link it has.
struct SendFlow: Sendable {
    var pacer: Pacer
    var unflushed = UnflushedTransfers()
    private(set) var creditTimeoutSince: Instant?
    private var lastSequence: UInt64 = 0
    private var sentInTurn = 0

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

    /// Nothing more can be taken now; returns whether something was sent since the last turn.
    mutating func endTurn(isSourceDelayed: Bool) -> Bool {
        pacer.endTurn(isSourceDelayed: isSourceDelayed)
        defer { sentInTurn = 0 }
        return sentInTurn > 0
    }

    // MARK: The wait for credit

    /// Credit is missing, whatever stands in its way; since before, if it was missing already.
    mutating func beginCreditTimeout(now: Instant) {
        creditTimeoutSince = creditTimeoutSince ?? now
    }

    mutating func endCreditTimeout() {
        creditTimeoutSince = nil
    }
}
