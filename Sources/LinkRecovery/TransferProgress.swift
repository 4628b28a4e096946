// Progress of the bytes of a link.
// SPDX-License-Identifier: Apache-2.0

/// The bytes that were sent on one link, and those of them that have left.
///
/// A peer that still reads the oldest message in flight can't have an outcome for it yet. Proton does not
/// signal a flush, so it is polled.
struct TransferProgress {
    private(set) var sentBytes = 0
    private var leftBytes = 0
    /// `sentBytes` at the last poll.
    private var sentAtLook = 0
    /// When a poll last showed that bytes of the oldest message in flight had left.
    private(set) var progressAt: Instant?

    mutating func add(_ size: Int) {
        sentBytes += size
    }

    /// Whether no poll has covered a message that ends at this offset.
    func isUnknown(endOffset: Int) -> Bool { endOffset > sentAtLook }

    /// Takes a poll's result: the bytes that have not left.
    ///
    /// `oldestEnd` is the offset at which the oldest message in flight ends.
    mutating func look(outgoingBytes: Int, oldestEnd: Int, now: Instant) {
        let left = max(leftBytes, sentBytes - outgoingBytes)
        let wasSeenLeaving = oldestEnd <= sentAtLook && oldestEnd > leftBytes
        if left > leftBytes, wasSeenLeaving { progressAt = now }
        leftBytes = left
        sentAtLook = sentBytes
    }
}
