// Backlog of transfers that were sent settled.
// SPDX-License-Identifier: Apache-2.0

/// Messages that were sent settled and, as far as is known, have not left for the socket.
///
/// No outcome comes for them: they are final, and not in the ledger. The backlog is bounded instead. Proton
/// does not signal a flush, so it is polled.
struct UnflushedTransfers {
    private(set) var count = 0
    private(set) var bytes = 0
    /// When the first message of the backlog was sent.
    private(set) var since = Instant.distantFuture
    /// When the backlog is polled next.
    private(set) var nextLook = Instant.distantFuture

    /// A larger backlog would gain nothing, since the kernel's buffer is larger, and would blur the limit on
    /// its flush.
    static let bytesMax = 65_536
    private static let lookInterval: Milliseconds = 10

    /// Whether a message of this encoded size may be added; one larger than the limit goes alone.
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

    /// Takes a poll's result: the bytes that have not left, 0 if all have.
    mutating func look(outgoingBytes: Int, now: Instant) {
        guard count > 0 else { return }
        if outgoingBytes == 0 {
            self = UnflushedTransfers()
        } else {
            nextLook = now + UnflushedTransfers.lookInterval
        }
    }
}
