// What was sent settled: nothing comes back for it, so that it left is all that can be known.
// SPDX-License-Identifier: Apache-2.0

/// Messages that were sent settled since all of them had left.
///
/// They are final and not in the ledger. What keeps their number bounded is that no more are taken
/// while these have not left.
struct UnflushedTransfers {
    private(set) var count = 0
    private(set) var bytes = 0
    /// When the first of them was sent.
    private(set) var since = Instant.distantFuture
    /// Nobody says when they have left: the next look is due at this time.
    private(set) var nextLook = Instant.distantFuture

    /// More would only make the limit on their leaving less sharp: the kernel's buffer is larger.
    static let bytesMax = 65_536
    private static let lookInterval: Milliseconds = 10

    /// Whether a message of this encoded size may join them; a larger one goes alone.
    func hasRoom(size: Int, windowBytes: Int) -> Bool {
        let limit =
            windowBytes == 0
            ? UnflushedTransfers.bytesMax : min(windowBytes, UnflushedTransfers.bytesMax)
        return count == 0 || bytes + size <= limit
    }

    mutating func add(size: Int, now: Instant) {
        if count == 0 {
            since = now
            nextLook = now + UnflushedTransfers.lookInterval
        }
        count += 1
        bytes += size
    }

    /// A look at them: 0 when all have left.
    mutating func look(outgoingBytes: Int, now: Instant) {
        guard count > 0 else { return }
        if outgoingBytes == 0 {
            self = UnflushedTransfers()
        } else {
            nextLook = now + UnflushedTransfers.lookInterval
        }
    }
}
