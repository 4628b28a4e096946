// Properties of a link that the peer's attach decides.
// SPDX-License-Identifier: Apache-2.0

/// The peer's attach.
public struct LinkProperties: Sendable, Hashable {
    /// Whether the attach has a target; without one the link is refused, and a detach follows (§2.6.3).
    public var hasTarget: Bool
    /// Largest message that the peer accepts (§2.7.3).
    ///
    /// 0: no limit.
    /// - Units: bytes.
    public var maxMessageSize: UInt64
    /// The messages that the peer wants settled (§2.8.2).
    public var settleMode: SenderSettleMode

    /// Makes the properties.
    public init(hasTarget: Bool, maxMessageSize: UInt64, settleMode: SenderSettleMode = .mixed) {
        self.hasTarget = hasTarget
        self.maxMessageSize = maxMessageSize
        self.settleMode = settleMode
    }
}
