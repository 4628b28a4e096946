// Records what the machines ask for, and tells them of a connection that is not there.
// SPDX-License-Identifier: Apache-2.0

package import AMQP
package import LinkRecovery

/// What the machines act on in a simulated run.
package struct Recorder: RecoveryContext {
    /// All that was asked for since it was last taken out.
    package var actions: [Action] = []
    /// Bytes that the peer has not read.
    package var outgoingBytes = 0
    /// Credit that the peer has not taken back.
    package var credit = Int.max
    /// Whether the peer answers sessions.
    package var isSessionAnswered = true

    package init() {}

    package func outgoingBytes(on session: SessionID) -> Int { outgoingBytes }
    package func isAnswered(_ session: SessionID) -> Bool { isSessionAnswered }
    package func credit(of link: LinkID) -> Int { credit }

    package mutating func perform(_ action: Action) {
        actions.append(action)
    }
}

extension SenderID {
    /// The first sender of a run.
    package static let first = SenderID(0)
}
