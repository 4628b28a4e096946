// Whether a slow peer is still reading a message.
// SPDX-License-Identifier: Apache-2.0

/// The bytes that were sent on one link, and how many of them have left.
///
/// A peer that still reads the oldest message in flight can't have an outcome for it yet. Proton does not
/// signal that bytes have left, so it is polled.
struct TransferProgress {
    private(set) var sentBytes = 0
    private var leftBytes = 0
    /// What had been sent at the last look.
    private var sentAtLook = 0
    /// When bytes of the oldest message in flight were last seen to leave.
    private(set) var progressAt: Instant?

    mutating func add(_ size: Int) {
        sentBytes += size
    }

    /// Whether nothing is known yet of a message that ends at this offset.
    func isUnknown(endOffset: Int) -> Bool { endOffset > sentAtLook }

    /// Looks at the bytes that have not left; `oldestEnd` is the offset at which the oldest message in
    /// flight ends.
    mutating func look(outgoingBytes: Int, oldestEnd: Int, now: Instant) {
        let left = max(leftBytes, sentBytes - outgoingBytes)
        let wasSeenLeaving = oldestEnd <= sentAtLook && oldestEnd > leftBytes
        if left > leftBytes, wasSeenLeaving { progressAt = now }
        leftBytes = left
        sentAtLook = sentBytes
    }
}
