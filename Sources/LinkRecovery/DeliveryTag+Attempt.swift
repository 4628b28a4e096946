// Attempt and slot in a delivery tag.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

/// A tag holds the number of the attempt and the slot in the ledger, so that an outcome finds its entry
/// without a search.
extension DeliveryTag {
    private static let slotBits: UInt64 = 24
    /// The largest number of slots that a tag can tell apart.
    static let slotCountMax = 1 << Int(slotBits)

    init(attempt: UInt64, slot: Int) {
        self.init(attempt << DeliveryTag.slotBits | UInt64(slot))
    }

    var attempt: UInt64 { number >> DeliveryTag.slotBits }
    var slot: Int { Int(number & (1 << DeliveryTag.slotBits - 1)) }
}
