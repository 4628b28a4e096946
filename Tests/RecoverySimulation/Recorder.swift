// Records what the machines ask for, and tells them of a connection that is not there.
// SPDX-License-Identifier: Apache-2.0

package import AMQP
package import LinkRecovery

/// The context that the machines act on in a simulated run.
package struct Recorder: RecoveryContext {
    /// All that was asked for since it was last taken out.
    package var actions: [Action] = []
    /// Bytes that the peer has not read.
    package var outgoingBytes = 0
    /// Credit that the peer has not taken back.
    package var credit = Int.max
    /// Whether the peer answers sessions.
    package var isSessionAnswered = true

    /// By sender, sizes of the messages that it has still to offer, the next one last.
    package var offered: [[Int]]
    /// By sender, the sequence of the message that was offered last.
    package private(set) var lastOffered: [UInt64]

    /// By sender, the sizes of its messages, in their order.
    package init(sizes: [[Int]] = [[]]) {
        offered = sizes.map { $0.reversed() }
        lastOffered = sizes.map { _ in 0 }
    }

    package func outgoingBytes(on session: SessionID) -> Int { outgoingBytes }
    package func isAnswered(_ session: SessionID) -> Bool { isSessionAnswered }
    package func credit(of link: LinkID) -> Int { credit }

    package mutating func offerMessages(
        to sender: SenderID, while hasRoom: (_ size: Int) -> Bool,
        _ take: (inout Recorder, _ sequence: UInt64, _ size: Int) -> Void
    ) {
        while let size = next(of: sender), hasRoom(size) {
            take(&self, offer(to: sender), size)
        }
    }

    /// The size of the message that is to be offered next.
    package func next(of sender: SenderID) -> Int? { offered[sender.index].last }

    /// Gives a message away; returns its sequence.
    package mutating func offer(to sender: SenderID) -> UInt64 {
        offered[sender.index].removeLast()
        lastOffered[sender.index] += 1
        return lastOffered[sender.index]
    }

    package mutating func perform(_ action: Action) {
        actions.append(action)
    }
}

extension SenderID {
    /// The first sender of a run.
    package static let first = SenderID(0)
}
