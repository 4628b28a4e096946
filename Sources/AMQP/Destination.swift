// Destination of a sender.
// SPDX-License-Identifier: Apache-2.0

/// The target of a sending link, and how it is sent to.
public struct Destination: Sendable, Hashable {
    /// Address of the target.
    public var address: String
    /// Durability asked of the target (§3.5.5).
    ///
    /// - Default: unsettled-state.
    public var durability = TerminusDurability.unsettledState
    /// Capabilities asked of the target.
    ///
    /// - Default: queue.
    public var capabilities = ["queue"]
    /// Messages are sent settled: no outcome comes (§2.8.2).
    ///
    /// - Default: false.
    public var isPreSettled = false

    /// Makes a destination with the defaults.
    public init(address: String) {
        self.address = address
    }
}
