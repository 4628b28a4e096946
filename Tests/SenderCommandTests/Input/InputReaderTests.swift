// The reading thread, its queue and its source.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import ReliableSender
import TestSupport
import Testing

@testable import SenderCommand

@Suite(.endsIfItHangs) struct InputReaderTests {
    private let pipe: ReaderPipe

    init() throws {
        pipe = try ReaderPipe()
    }

    private func file(_ text: String, offset: Int = 0) throws -> FileHandle {
        let handle = try unlinkedFile(text)
        try handle.seek(toOffset: UInt64(offset))
        return handle
    }

    @Test("a line is there before the next one is written")
    func promptLine() throws {
        let reading = try RunningReader(pipe.readEnd)
        for (sequence, text) in [(UInt64(1), "a"), (2, ""), (3, "b")] {
            pipe.write("\(text)\n")
            let (taken, value) = try #require(reading.take())
            #expect(taken == sequence && value == .string(text))
        }
        pipe.write("last")
        pipe.close()
        #expect(reading.takeAll() == ["last"])
        #expect(reading.end() == InputEnd())
        #expect(!reading.reader.queue.isWithinLine)
    }

    @Test("a byte-order mark that JSON begins with is passed over, in a file and in a pipe")
    func byteOrderMarkOfJSON() throws {
        let pairs: [(MessageEncoder.Reading, String)] = [
            (.json, #"{"body":"a"}"#), (.body(.value), #""a""#),
        ]
        for (reading, line) in pairs {
            let text = "\u{FEFF}\n\(line)\n"
            let file = try file("\u{FEFF}\(line)\n\n\(line)")
            let ofFile = try RunningReader(file.fileDescriptor, reading: reading)
            #expect(ofFile.takeAll() == ["a", "a"])
            #expect(ofFile.end() == InputEnd())
            let pipe = try ReaderPipe()
            pipe.write(text)
            pipe.close()
            let ofPipe = try RunningReader(pipe.readEnd, reading: reading)
            #expect(ofPipe.takeAll() == ["a"])
            #expect(ofPipe.end() == InputEnd())
        }
        // Only at the beginning of the input.
        let inside = try file("{}\n\u{FEFF}{}\n", offset: 3)
        #expect(
            try RunningReader(inside.fileDescriptor, reading: .json).endAfterAll().fault
                == .badLine(2, reason: "is not JSON that can be sent: at byte 1 a value is missing")
        )
    }

    @Test("a byte-order mark that text begins with is data, and named")
    func byteOrderMarkOfText() throws {
        let file = try file("\u{FEFF}a\nb\n")
        let reading = try RunningReader(file.fileDescriptor)
        #expect(reading.takeAll() == ["\u{FEFF}a", "b"])
        var expected = InputEnd()
        expected.hasByteOrderMark = true
        let end = reading.end()
        #expect(end == expected && end.notTakenCount == 0)
        #expect(
            end.sentences == [
                "standard input began with a byte-order mark, which is the beginning of message 1"
            ])
    }

    @Test("nothing is read while lines are not taken")
    func untaken() throws {
        let line = String(repeating: "x", count: 999) + "\n"
        let reading = try RunningReader(pipe.readEnd)
        #expect(reading.source.next == nil)
        // The queue fills up, then the pipe, then whoever writes has to wait.
        var count = 0
        while count < 5000, pipe.takesMore(within: 5_000) {
            pipe.write(line)
            count += 1
        }
        let inQueue = InputQueue.byteCountMax + InputReader.chunkByteCount
        #expect(count * 1000 > InputQueue.countMax * 900)
        #expect(count * 1000 < inQueue + 3 * 64 * 1024)
        pipe.close()
        #expect(reading.takeAll().count == count)
        #expect(reading.end() == InputEnd())
    }

    /// Whatever the loop has fetched, and however long the lines are.
    @Test(
        "no more than 1 MiB and 64 KiB of a pipe are read ahead", arguments: [10, 70_000, 999_999])
    func readAhead(lineByteCount: Int) throws {
        let line = String(repeating: "x", count: lineByteCount - 1) + "\n"
        let text = Array(String(repeating: line, count: 4 << 20 / lineByteCount).utf8)
        let reading = try RunningReader(pipe.readEnd)
        let written = pipe.writeWhileTaken(text) { _ = reading.source.next }
        let bound = InputQueue.byteCountMax + InputReader.chunkByteCount
        #expect(written - pipe.unreadByteCount <= bound)
        #expect(written - pipe.unreadByteCount >= min(900_000, lineByteCount * 900))
        pipe.close()
        // All that was written comes, and nothing stands still.
        var count = 0
        while reading.take() != nil { count += 1 }
        #expect(count == (written + lineByteCount - 1) / lineByteCount)
    }

    @Test("lines that were read and not taken are counted")
    func readUntaken() throws {
        let reading = try RunningReader(pipe.readEnd)
        pipe.write("a\nb\nc\npart")
        _ = reading.take()
        let end = reading.end()
        #expect(end == InputEnd(isStopped: true, lostCount: 2, lostPartByteCount: 4))
        #expect(
            end.sentences == [
                "2 messages and the first 4 bytes of a line had been read from standard input "
                    + "and were not taken"
            ])
        #expect(end.notTakenCount == 3)
        #expect(InputEnd().sentences == [] && InputEnd().notTakenCount == 0)
    }

    @Test("a stop ends the reader while it waits")
    func stopWhileWaiting() throws {
        let reading = try RunningReader(pipe.readEnd)
        #expect(reading.end() == InputEnd(isStopped: true))
        // The pipe is open still, and more may come.
        #expect(!reading.source.isAtEnd)
    }

    @Test("a stop before anything is read is not the end of the input")
    func stopBeforeReading() throws {
        let file = try file("a\nb\nc\n")
        let place = ReadingPlan.Place(sequence: 1, offset: 0, byteCount: 2)
        for plan in [
            ReadingPlan(), ReadingPlan(again: [place], firstSequence: 2, lastSequence: 1),
        ] {
            let input = try StandardInput(descriptor: file.fileDescriptor)
            let reader = try InputReader(
                input, options: InputOptions(),
                encoder: MessageEncoder(
                    reading: .body(.string), prototype: Message(), duplicateID: nil),
                plan: plan)
            let source = StandardInputSource(reader.queue, isRegularFile: true)
            reader.queue.close()
            try reader.start()
            #expect(reader.stop(within: 60_000))
            #expect(source.next == nil && !source.isAtEnd)
        }
    }

    @Test("nothing is read behind the last message that is wanted")
    func lastWanted() throws {
        let file = try file("a\nb\nc\n")
        let reading = try RunningReader(file.fileDescriptor, plan: ReadingPlan(lastSequence: 2))
        #expect(reading.takeAll() == ["a", "b"])
        #expect(reading.source.takenEnd == 4)
        #expect(reading.end() == InputEnd())
    }

    @Test("nothing is read when nothing is wanted")
    func nothingWanted() throws {
        let reading = try RunningReader(pipe.readEnd, plan: ReadingPlan(lastSequence: 0))
        #expect(reading.source.isAtEnd)
    }

    @Test("a non-blocking input is waited for")
    func nonBlocking() throws {
        #expect(fcntl(pipe.readEnd, F_SETFL, O_NONBLOCK) == 0)
        let reading = try RunningReader(pipe.readEnd)
        pipe.write("a\n")
        #expect(reading.take()?.1 == .string("a"))
        pipe.write("b\n")
        pipe.close()
        #expect(reading.takeAll() == ["b"])
    }

    @Test("bad data ends the input and names the line")
    func badData() throws {
        let reading = try RunningReader(pipe.readEnd, reading: .json)
        pipe.write("{\"body\":\"a\"}\n\n{\"body\":\"b\"}\n{]\n{\"body\":\"c\"}\n")
        #expect(reading.takeAll() == ["a", "b"])
        let end = reading.end()
        #expect(
            end.fault
                == .badLine(
                    4, reason: "is not JSON that can be sent: at byte 2 a key in quotes is missing")
        )
        #expect(end.lostCount == 1)
    }

    @Test("lines behind bad data are counted")
    func behindBadData() throws {
        let reading = try RunningReader(pipe.readEnd, reading: .json)
        pipe.write("{}\n{]\n{}\n\n{}\n[\n{}\npart")
        while reading.take() != nil {}
        let end = reading.end()
        #expect((end.lostCount, end.lostLineCount, end.lostPartByteCount) == (3, 1, 4))
        #expect(end.notTakenCount == 6)
        #expect(
            end.sentences == [
                "3 messages, 1 line and the first 4 bytes of a line had been read from standard "
                    + "input and were not taken"
            ])
        #expect(reading.reader.queue.isWithinLine)
    }

    @Test("lines behind the last message that is wanted are counted")
    func behindLastWanted() throws {
        let reading = try RunningReader(pipe.readEnd, plan: ReadingPlan(lastSequence: 2))
        pipe.write("a\nb\nc\nd\n")
        #expect(reading.takeAll() == ["a", "b"])
        #expect(reading.end() == InputEnd(lostLineCount: 2))
    }

    @Test("lines behind one that is too long are counted")
    func behindTooLong() throws {
        var options = InputOptions()
        options.lineByteCountMax = 5
        let reading = try RunningReader(pipe.readEnd, options)
        pipe.write("123456\na\n1234567\nb\n12345678")
        #expect(reading.take() == nil)
        let end = reading.end()
        #expect((end.lostCount, end.lostLineCount, end.lostPartByteCount) == (2, 2, 0))
        #expect(reading.reader.queue.isWithinLine)
    }

    @Test("the rest of a line that began before the run is dropped")
    func droppedRest() throws {
        let reading = try RunningReader(pipe.readEnd, plan: ReadingPlan(beginsWithinLine: true))
        pipe.write("re")
        pipe.write("st\na\n")
        #expect(reading.take()?.1 == .string("a"))
        #expect(!reading.reader.queue.isWithinLine)
        pipe.close()
        #expect(reading.take() == nil)
        let end = reading.end()
        #expect(end == InputEnd(restByteCount: 5))
        #expect(end.notTakenCount == 1)
        #expect(
            end.sentences == [
                "the rest of a line, 5 bytes, was dropped: an earlier run had read its beginning "
                    + "from the same pipe"
            ])
    }

    @Test("the end of the pipe ends a line that is dropped")
    func droppedToTheEnd() throws {
        let reading = try RunningReader(pipe.readEnd, plan: ReadingPlan(beginsWithinLine: true))
        pipe.write("rest")
        pipe.close()
        #expect(reading.take() == nil)
        #expect(reading.end() == InputEnd(restByteCount: 4))
        #expect(!reading.reader.queue.isWithinLine)
    }

    @Test("a line without an end is held back where the file may grow")
    func heldBack() throws {
        for (text, options, held) in [
            ("{}\n{\"bo", MessageEncoder.Reading.json, 4), ("{}\n  ", .json, 0),
            ("{}\n  ", .body(.string), 2), ("{}\n", .body(.string), 0),
        ] {
            let file = try file(text)
            let reading = try RunningReader(
                file.fileDescriptor, reading: options, plan: ReadingPlan(holdsUnended: true))
            #expect(reading.take()?.0 == 1)
            #expect(reading.take() == nil)
            let end = reading.end()
            #expect(end == InputEnd(heldByteCount: held))
            #expect(end.notTakenCount == min(held, 1))
            #expect(end.sentences.count == min(held, 1))
        }
    }

    @Test("a line that is too long is bad data")
    func tooLong() throws {
        var options = InputOptions()
        options.lineByteCountMax = 5
        let reading = try RunningReader(pipe.readEnd, options)
        pipe.write("12345\n123456")
        #expect(reading.takeAll() == ["12345"])
        #expect(
            reading.end().fault
                == .badLine(2, reason: "is longer than the 5 bytes that --max-line-bytes allows"))
    }

    @Test("lines of a file are counted from its beginning")
    func lineNumbers() throws {
        let file = try file("head\na\n{\n", offset: 5)
        let reading = try RunningReader(
            file.fileDescriptor, reading: .body(.value), plan: ReadingPlan(offset: 7))
        #expect(reading.take() == nil)
        #expect(
            reading.end().fault
                == .badLine(
                    3,
                    reason: "is not JSON that can be sent: at byte 2 it ends where a key in quotes "
                        + "is missing; --body-type string sends any text"))
    }

    @Test("lines that an earlier run has left in a file come first")
    func leftover() throws {
        let file = try file("a\nb\nc\nd")
        let plan = ReadingPlan(
            again: [
                .init(sequence: 1, offset: 0, byteCount: 2),
                .init(sequence: 3, offset: 4, byteCount: 2),
            ],
            firstSequence: 4, offset: 6)
        let reading = try RunningReader(file.fileDescriptor, plan: plan)
        for (sequence, text) in [(UInt64(1), "a"), (3, "c"), (4, "d")] {
            let (taken, value) = try #require(reading.take())
            #expect(taken == sequence && value == .string(text))
        }
        #expect(reading.take() == nil)
    }

    @Test("an input that can't be read is wrong usage")
    func unreadable() throws {
        let directory = open("/", O_RDONLY)
        let writeOnly = open("/dev/null", O_WRONLY)
        defer {
            close(directory)
            close(writeOnly)
        }
        for (descriptor, words) in [
            (directory, "is a directory"), (writeOnly, "can only be written"),
            (Int32(9999), "is closed"),
        ] {
            do throws(UsageError) {
                _ = try StandardInput(descriptor: descriptor)
                Issue.record("it was taken")
            } catch {
                #expect(error.sentence.contains(words))
            }
        }
    }
}
