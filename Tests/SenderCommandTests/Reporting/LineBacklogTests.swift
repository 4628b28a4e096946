// The bounded backlog of lines.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import SenderCommand

@Suite final class LineBacklogTests {
    private var lines = LineBacklog()

    /// A line of this many bytes, its end included.
    private func line(_ byteCount: Int, _ letter: String = "x") -> [UInt8] {
        Array((String(repeating: letter, count: byteCount - 1) + "\n").utf8)
    }

    /// Says whether the writer must be woken.
    @discardableResult
    private func append(_ bytes: [UInt8]) -> Bool {
        var bytes = bytes
        return lines.append(&bytes)
    }

    private func taken() -> [UInt8]? {
        var chunk: [UInt8] = Array("left over".utf8)
        return lines.take(&chunk) == .taken ? chunk : nil
    }

    @Test("all that waits is taken at once and in order")
    func order() {
        append(line(3, "a"))
        append(line(4, "b"))
        #expect(taken() == Array("aa\nbbb\n".utf8))
        #expect(taken() == nil)
    }

    @Test("a writer that waits is woken once")
    func wakeUp() {
        #expect(!append(line(3)))
        _ = taken()
        #expect(taken() == nil)
        #expect(append(line(3)))
        #expect(!append(line(3)))
    }

    @Test("lines beyond the limit are dropped whole and counted")
    func dropped() throws {
        let limit = LineBacklog.byteCountMax
        append(line(limit - 10, "a"))
        append(line(4, "b") + line(7, "c") + line(2, "d"))
        append(line(2, "e"))
        let text = String(decoding: try #require(taken()), as: UTF8.self)
        #expect(
            text.dropFirst(limit - 10)
                == "bbb\nsender: 3 lines dropped here, the reader did not keep up\n")
        // Lines that were taken and are not written still wait.
        append(line(2, "f"))
        #expect(taken() == Array("sender: 1 line dropped here, the reader did not keep up\n".utf8))
        _ = lines.wrote(byteCount: 100)
        append(line(2, "g"))
        #expect(taken() == line(2, "g"))
    }

    @Test("lines are taken again when less than half waits")
    func half() throws {
        let limit = LineBacklog.byteCountMax
        append(line(limit, "a"))
        let first = try #require(taken())
        append(line(2, "b"))
        _ = lines.wrote(byteCount: first.count / 2 - 1)
        append(line(2, "c"))
        _ = lines.wrote(byteCount: 1)
        append(line(2, "d"))
        #expect(
            taken()
                == Array("sender: 2 lines dropped here, the reader did not keep up\nd\n".utf8))
    }

    @Test("exactly the limit fits")
    func exactLimit() {
        append(line(LineBacklog.byteCountMax / 2))
        append(line(LineBacklog.byteCountMax / 2))
        #expect(taken()?.count == LineBacklog.byteCountMax)
    }

    @Test("a batch larger than the limit is cut at a line")
    func largeBatch() {
        let batch = (1...3).flatMap { _ in line(100 * 1024) }
        append(batch)
        let isCutThere = taken().map { $0.prefix(200 * 1024) == batch[..<(200 * 1024)] }
        #expect(isCutThere == true)
    }

    @Test("more than half holds up until it is written")
    func heldUp() {
        let half = LineBacklog.byteCountMax / 2
        append(line(half))
        #expect(!lines.isHoldingUp)
        append(line(10))
        #expect(lines.isHoldingUp)
        _ = taken()
        #expect(lines.isHoldingUp)
        let first = lines.wrote(byteCount: 9)
        #expect(!first && lines.isHoldingUp)
        let second = lines.wrote(byteCount: 1)
        #expect(second && !lines.isHoldingUp)
        let third = lines.wrote(byteCount: half)
        #expect(!third)
    }

    @Test("after an error that stays nothing waits", arguments: [EPIPE, EBADF])
    func lastingError(_ number: Int32) throws {
        append(line(LineBacklog.byteCountMax))
        let chunk = try #require(taken())
        append(line(3))
        let result = lines.fail(SystemError(number: number), unwritten: chunk[...])
        #expect(result.hasFallen && !result.mayTryAgain && !lines.isHoldingUp)
        append(line(3))
        #expect(taken() == nil)
        #expect(lines.failure == SystemError(number: number))
        // A reader that has left misses nothing of what comes later.
        #expect(lines.missingLineCount == (number == EPIPE ? 2 : 3))
    }

    @Test("lines that can't be written are kept up to the limit, and hold nothing up")
    func failed() throws {
        let full = SystemError(number: ENOSPC)
        append(line(LineBacklog.byteCountMax - 10, "a"))
        #expect(lines.isHoldingUp)
        let chunk = try #require(taken())
        let first = lines.fail(full, unwritten: chunk[...])
        #expect(first.hasFallen && first.mayTryAgain)
        append(line(6, "b"))
        append(line(6, "c") + line(2, "d"))
        append(line(2, "e"))
        #expect(!lines.isHoldingUp && lines.missingLineCount == 5)
        let again = lines.fail(full, unwritten: chunk[...])
        #expect(!again.hasFallen && again.mayTryAgain)

        let hasFallen = lines.wrote(byteCount: 10)
        #expect(!hasFallen)
        // Waiting lines count again, and dropped ones are noted when there is room.
        #expect(lines.failure == nil && lines.isHoldingUp && lines.missingLineCount == 0)
        let hasFallenThen = lines.wrote(byteCount: chunk.count - 10)
        #expect(hasFallenThen)
        append(line(2, "f"))
        #expect(
            taken()
                == Array(
                    ("bbbbb\nsender: 3 lines dropped here, they could not be written: "
                        + "No space left on device\nf\n").utf8))
    }

    @Test("when no more lines can come the attempts are counted")
    func lastTries() throws {
        let full = SystemError(number: ENOSPC)
        append(line(3, "a") + line(3, "b"))
        let chunk = try #require(taken())
        for _ in 1...100 {
            let result = lines.fail(full, unwritten: chunk[...])
            #expect(result.mayTryAgain)
        }
        lines.isClosed = true
        for count in 1...LineBacklog.lastTriesMax {
            let result = lines.fail(full, unwritten: chunk[...])
            #expect(result.mayTryAgain == (count < LineBacklog.lastTriesMax))
        }
        #expect(lines.missingLineCount == 2)
        _ = lines.wrote(byteCount: 3)
        let result = lines.fail(full, unwritten: chunk[3...])
        #expect(result.mayTryAgain && lines.missingLineCount == 1)
    }

    @Test("a closed queue gives what it has and takes no more")
    func closed() {
        append(line(3, "a"))
        lines.isClosed = true
        append(line(3, "b"))
        #expect(taken() == line(3, "a"))
        var chunk: [UInt8] = []
        let end = lines.take(&chunk)
        #expect(end == .closed)
    }
}
