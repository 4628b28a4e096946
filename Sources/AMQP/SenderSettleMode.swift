// Settle modes.
// SPDX-License-Identifier: Apache-2.0

/// Whether a sender sends its messages settled (§2.8.2).
public enum SenderSettleMode: UInt8, Sendable, Hashable {
    /// Every message is sent unsettled.
    case unsettled = 0
    /// Every message is sent settled.
    case settled = 1
    /// The sender decides for each message.
    case mixed = 2
}
