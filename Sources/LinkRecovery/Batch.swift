// Events that were read together.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

/// Gathers what can only be understood when all that was read together is known: losses, returned messages,
/// and credit.
struct Batch: Sendable {
    /// An outcome that is no acceptance.
    typealias Return = (tag: DeliveryTag, outcome: Outcome, link: LinkID)

    /// What concerns one sender.
    struct Part: Sendable {
        var sender = 0
        /// The link that was lost, and the condition.
        var detach: ErrorCondition?
        var credit: (link: LinkID, credit: Int, isDraining: Bool)?
        var returns: [Return] = []
        /// The end that the peer's mode of settling means.
        var refusedMode: End?
        /// The session has no handle left for the link.
        var handlesUsedUp: ErrorCondition?
    }

    private(set) var isOpen = false
    private(set) var connectionLoss: (loss: ConnectionLoss, condition: ErrorCondition)?
    private(set) var sessionLosses: [(id: SessionID, condition: ErrorCondition)] = []
    private(set) var parts: [Part] = []

    mutating func open() {
        isOpen = true
    }

    /// No more belongs to the batch.
    mutating func close() {
        isOpen = false
    }

    /// Forgets what was gathered.
    mutating func clear() {
        connectionLoss = nil
        sessionLosses.removeAll()
        parts.removeAll(keepingCapacity: true)
    }

    /// Whether there is more to it than outcomes and credit.
    var hasLosses: Bool {
        connectionLoss != nil || !sessionLosses.isEmpty
            || parts.contains {
                $0.detach != nil || $0.refusedMode != nil || $0.handlesUsedUp != nil
            }
    }

    mutating func lose(_ loss: ConnectionLoss, _ condition: ErrorCondition) {
        connectionLoss = (loss, condition)
    }

    mutating func lose(_ session: SessionID, _ condition: ErrorCondition) {
        guard connectionLoss == nil else { return }
        sessionLosses.append((session, condition))
    }

    /// Whether this session has gone, or the connection.
    func isLost(_ session: SessionID?) -> Bool {
        connectionLoss != nil || sessionLosses.contains { $0.id == session }
    }

    /// Changes what concerns a sender.
    mutating func update(_ sender: Int, _ body: (inout Part) -> Void) {
        let index = parts.firstIndex { $0.sender == sender } ?? parts.count
        if index == parts.count { parts.append(Part(sender: sender)) }
        body(&parts[index])
    }

    func part(of sender: Int) -> Part? {
        parts.first { $0.sender == sender }
    }
}
