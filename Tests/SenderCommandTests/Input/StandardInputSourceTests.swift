// The source fed by the reader's queue.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender
import Testing

@testable import SenderCommand

@Suite struct StandardInputSourceTests {
    @Test("the journal gets the places of a file's lines, and the messages of a pipe")
    func journaled() throws {
        // A blank line stands before the third.
        let messages = [
            EncodedMessage(sequence: 1, encoded: [1], offset: 0, byteCount: 3),
            EncodedMessage(sequence: 2, encoded: [2], offset: 3, byteCount: 11),
            EncodedMessage(sequence: 3, encoded: [3], offset: 16, byteCount: 2),
        ]
        func source(isRegularFile: Bool) throws -> StandardInputSource {
            let queue = try InputQueue()
            queue.push(messages)
            queue.end(InputEnd())
            return StandardInputSource(queue, isRegularFile: isRegularFile, stored: [])
        }
        let file = try source(isRegularFile: true)
        #expect(
            file.upcoming(countMax: 9) == [
                .placed(first: 1, offset: 0, lengths: [3, 11]),
                .placed(first: 3, offset: 16, lengths: [2]),
            ])
        #expect(file.upcoming(countMax: 1) == [.placed(first: 1, offset: 0, lengths: [3])])
        file.take()
        file.skip(through: 2)
        #expect(file.next?.sequence == 3)
        let end = file.close()
        #expect(end == InputEnd(waitingCount: 1))
        // Another run finds it where it is.
        #expect(end.notTakenCount == 1 && end.sentences == [])

        let pipe = try source(isRegularFile: false)
        #expect(
            pipe.upcoming(countMax: 2) == [
                .payload(sequence: 1, bytes: [1]), .payload(sequence: 2, bytes: [2]),
            ])
        pipe.take()
        #expect(pipe.close() == InputEnd(lostCount: 2))
        // They are there for the journal still.
        #expect(pipe.upcoming(countMax: .max).count == 2)
    }

    @Test("stored messages come before those that are read")
    func storedFirst() throws {
        let queue = try InputQueue()
        queue.push([
            EncodedMessage(sequence: 9, encoded: [9], offset: 0, byteCount: 1)
        ])
        queue.end(InputEnd())
        let source = StandardInputSource(
            queue, isRegularFile: false,
            stored: [
                (3, EncodedLine(encoded: [3])), (5, EncodedLine(encoded: [5, 5], address: "q")),
            ])
        #expect(!source.isUnaddressed && source.nextAddress == nil)
        var taken: [NextMessage] = []
        while let next = source.next {
            taken.append(next)
            #expect(source.nextAddress == (next.sequence == 5 ? "q" : nil))
            source.take()
        }
        #expect(source.isUnaddressed)
        #expect(taken.map(\.sequence) == [3, 5, 9] && taken.map(\.size) == [1, 2, 1])
        #expect(source.isAtEnd)
    }
}
