// Senders on the sessions of the connection.
// SPDX-License-Identifier: Apache-2.0

package import AMQP

extension RunStateMachine {
    /// The connection that lives, or is pending.
    package var currentConnection: ConnectionID? { connection.current }

    /// Attaches the senders whose session is open and that have no link on it.
    ///
    /// Before the answer to its begin, which says how many links a session may have (§2.7.2), one attaches.
    mutating func attachDetached(now: Instant, with context: inout some RecoveryContext) {
        // It is asked in each turn, and the sessions are copied.
        guard end == nil, connection.isOpen, mayAnyAttach else { return }
        let sessions = connection.sessions
        var unanswered: Set<SessionID> = []
        for index in senders.indices where mayAttach(index) {
            guard let session = sessions.open(for: index),
                !unanswered.contains(session)
            else { continue }
            if !context.isAnswered(session) {
                unanswered.insert(session)
                let others = sessions.companions(of: index)
                guard others.allSatisfy({ senders[$0].isDetached }) else { continue }
            }
            senders[index].attach(on: session, now: now, with: &context)
        }
    }

    private var mayAnyAttach: Bool {
        for index in senders.indices where mayAttach(index) { return true }
        return false
    }

    private func mayAttach(_ index: Int) -> Bool {
        senders[index].isDetached && !senders[index].isEnding
    }

    /// Whether others that go on use the session of a sender.
    func isSharingSession(_ index: Int) -> Bool {
        connection.sessions.companions(of: index).contains {
            $0 != index && senders[$0].end == nil
        }
    }
}
