// Outcomes of deliveries.
// SPDX-License-Identifier: Apache-2.0

/// The terminal state of a delivery, as the peer gives it (§3.4).
public enum Outcome: Sendable, Hashable {
    /// The peer has taken responsibility.
    case accepted
    /// The peer refuses the message.
    case rejected(ErrorCondition)
    /// The peer did not and will not process it.
    case released
    /// The peer may have processed it.
    case modified(deliveryFailed: Bool, undeliverableHere: Bool)
    /// The peer settled without a state: nothing is known.
    case none
    /// The peer settled with a state that is no outcome of the specification, of this descriptor.
    case unknown(descriptor: String)
}
