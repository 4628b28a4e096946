// Durability of a terminus.
// SPDX-License-Identifier: Apache-2.0

/// State that a terminus keeps while no link is attached to it (§3.5.5).
///
/// The raw value is the name that the specification has for it.
public enum TerminusDurability: String, Sendable, Hashable, CaseIterable {
    /// Nothing is kept.
    case none
    /// The existence and the configuration of the terminus are kept.
    case configuration
    /// The state of unsettled deliveries is kept as well.
    case unsettledState = "unsettled-state"
}
