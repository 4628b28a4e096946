// Events that were read together.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

/// Gathers losses, returned messages and credit: what they mean depends on the rest of the batch.
struct Batch: Sendable {
    /// An outcome that is no acceptance.
    typealias Return = (tag: DeliveryTag, outcome: Outcome, link: LinkID)

    /// The part that concerns one sender.
    struct Part: Sendable {
        var sender = 0
        /// The condition of the link's detach.
        var detach: ErrorCondition?
        var credit: (link: LinkID, credit: Int, isDraining: Bool)?
        var returns: [Return] = []
        /// The end, if the peer refuses the sender's settle mode.
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

    /// Ends the batch; what was gathered stays until ``clear()``.
    mutating func close() {
        isOpen = false
    }

    /// Discards what was gathered.
    mutating func clear() {
        connectionLoss = nil
        sessionLosses.removeAll()
        parts.removeAll(keepingCapacity: true)
    }

    /// Whether the batch holds more than outcomes and credit.
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

    /// Whether the batch ends this session, or the connection.
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
