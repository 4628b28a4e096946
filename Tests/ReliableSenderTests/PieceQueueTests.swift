// Messages that are sent in pieces.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Testing

@testable import ReliableSender

@Suite struct PieceQueueTests {
    private func link(_ sender: Int) -> LinkID { LinkID(sender: SenderID(sender), attach: 1) }

    /// Messages of ten bytes: 1 and 2 of one link, 3 of another.
    private func makeQueue() -> PieceQueue {
        var queue = PieceQueue()
        for (sequence, sender) in [(1, 0), (2, 0), (3, 1)] as [(UInt64, Int)] {
            queue.append(
                PieceQueue.Transfer(
                    sequence: sequence, size: 10, tag: DeliveryTag(sequence), link: link(sender),
                    session: SessionID(1)))
        }
        return queue
    }

    @Test("a message waits for the one before it on its link, and for no other")
    func order() {
        var queue = makeQueue()
        #expect(queue.first { _ in true }?.sequence == 1)
        #expect(queue.first { $0.sequence != 1 }?.sequence == 3)
        queue.advance(DeliveryTag(1), on: link(0), by: 4)
        #expect(queue.first { $0.hasBegun }?.sentBytes == 4)
        #expect(queue.count(on: link(0)) == 2 && queue.byteCount(on: SessionID(1)) == 26)
        queue.advance(DeliveryTag(1), on: link(0), by: 6)
        #expect(queue.first { _ in true }?.sequence == 2)
        #expect(queue.count(on: link(0)) == 1 && queue.byteCount(on: SessionID(2)) == 0)
    }

    @Test("of messages that are final those are to be aborted that have begun")
    func final() {
        var queue = makeQueue()
        queue.advance(DeliveryTag(1), on: link(0), by: 1)
        #expect(queue.removeFinal([1, 2, 3], of: SenderID(0)).map(\.sequence) == [1])
        #expect(queue.first { _ in true }?.sequence == 3)
        queue.remove(DeliveryTag(3), on: link(1))
        #expect(queue.isEmpty)
    }
}
