// The numbered messages of the command.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender
import Testing

@Suite struct CountedMessagesTests {
    private func bytes(_ source: CountedMessages, _ sequence: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        source.withEncoded(sequence: sequence) { bytes = Array($0) }
        return bytes
    }

    @Test("the size that is reported is the message's own")
    func size() throws {
        for id in [nil, DuplicateID(runID: "run"), DuplicateID(property: "p", runID: "r")] {
            let source = try CountedMessages(count: 1001, prototype: Message(), duplicateID: id)
            for sequence in 1...1001 as ClosedRange<UInt64> {
                let next = try #require(source.next)
                #expect(next.sequence == sequence)
                #expect(bytes(source, sequence).count == next.size)
                source.take()
            }
            #expect(source.isAtEnd && source.next == nil)
        }
    }

    @Test("a message is the same however often it is made")
    func repeatable() throws {
        let source = try CountedMessages(
            count: 100, prototype: Message(), duplicateID: DuplicateID(runID: "run"))
        let first = bytes(source, 9)
        let second = bytes(source, 10)
        #expect(bytes(source, 9) == first)
        #expect(bytes(source, 10) == second)
        #expect(second.count == first.count + 1)
    }

    @Test("the duplicate ID is made of run ID and sequence")
    func duplicateID() throws {
        let id = DuplicateID(runID: "run")
        #expect(id.property == "_AMQ_DUPL_ID")
        #expect(id.value(sequence: 12) == "run-12")
        let source = try CountedMessages(count: 12, prototype: Message(), duplicateID: id)
        let text = String(decoding: bytes(source, 12), as: UTF8.self)
        #expect(text.contains("_AMQ_DUPL_ID") && text.contains("run-12"))
        let without = try CountedMessages(count: 12, prototype: Message())
        #expect(!String(decoding: bytes(without, 12), as: UTF8.self).contains("_AMQ_DUPL_ID"))
    }
}
