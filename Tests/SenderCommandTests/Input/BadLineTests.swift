// Lines that can't become messages, and what is done with them.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import ReliableSender
import TestSupport
import Testing

@testable import SenderCommand

@Suite(.endsIfItHangs) struct BadLineTests {
    private let folder: TemporaryFolder
    private var rejected: URL { folder.file("rejected") }

    init() throws {
        folder = try TemporaryFolder()
    }

    private func options(_ action: OnBadData, lineByteCountMax: Int = 1000) -> InputOptions {
        var options = InputOptions()
        options.onBadData = action
        options.lineByteCountMax = lineByteCountMax
        return options
    }

    /// The lines of the rejected file, without the time.
    private func kept() throws -> [[String: String]] {
        try Data(contentsOf: rejected).split(separator: UInt8(ascii: "\n")).map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
            return (object ?? [:]).filter { $0.key != "time" }.mapValues { "\($0)" }
        }
    }

    @Test("a skipped line leaves no gap in the numbers, and is counted")
    func skipped() throws {
        let pipe = try ReaderPipe()
        let badLines = BadLines(keptIn: nil)
        let reading = try RunningReader(
            pipe.readEnd, options(.skip), reading: .json, badLines: badLines)
        pipe.write("[\n{\"body\":\"a\"}\n\n{]\n7\n{\"body\":\"b\"}\n{")
        pipe.close()
        #expect(reading.take()?.0 == 1)
        #expect(badLines.count == 1)
        #expect(reading.take()?.0 == 2)
        #expect(reading.take() == nil)
        let end = reading.end()
        #expect(end == InputEnd(badLineCount: 4))
        #expect(end.notTakenCount == 4)
        #expect(end.sentences == ["4 lines of standard input were bad data and skipped"])
    }

    @Test(
        "a kept line is in the file before what is behind it, as it came, and mended it can be sent"
    )
    func keptLine() throws {
        let file = try RejectedFile(rejected.path)
        let badLines = BadLines(keptIn: file)
        let text = try unlinkedFile(Data("a\n\u{7f}x\"".utf8) + [0xFF] + Data("\nb\n".utf8))
        let reading = try RunningReader(text.fileDescriptor, options(.keep), badLines: badLines)
        #expect(reading.take()?.0 == 1)
        #expect(try kept().isEmpty)
        while badLines.count == 0 { _ = reading.source.next }
        #expect(
            try kept() == [
                [
                    "line": "2", "outcome": "bad data",
                    "description": "is not valid UTF-8: --body-type binary sends any bytes",
                    "base64": "f3gi/w==",
                ]
            ])
        // Whoever reads on behind it does not get the line again.
        #expect(reading.source.takenEnd == 7)
        #expect(reading.take()?.0 == 2)
        #expect(reading.take() == nil)
        #expect(
            reading.end().sentences
                == ["1 line of standard input was bad data and kept in the rejected file"])
    }

    @Test("--json refuses a line of the rejected file that holds no message")
    func notAMessage() throws {
        let line = BadLine(
            number: 3, reason: "is bad", bytes: Array("{\"body\": 2".utf8), nextSequence: 1, end: 9)
        let encoder = MessageEncoder(reading: .json, prototype: Message(), duplicateID: nil)
        #expect(throws: BadMessage.self) {
            try encoder.message(RejectedMessage(line).line[...], sequence: 1)
        }
    }

    @Test("of a line that is too long the beginning is kept, wherever the stream is cut")
    func tooLong() throws {
        for pieces in [
            ["123456789\nab\n"], ["1234", "56", "78", "9\n", "ab\n"], ["123456789", "\nab"],
        ] {
            let file = try RejectedFile(rejected.path)
            try Data().write(to: rejected)
            let pipe = try ReaderPipe()
            let reading = try RunningReader(
                pipe.readEnd, options(.keep, lineByteCountMax: 5),
                badLines: BadLines(keptIn: file))
            #expect(reading.source.next == nil)
            for piece in pieces { pipe.write(piece) }
            pipe.close()
            #expect(reading.takeAll() == ["ab"])
            #expect(reading.source.takenEnd.map { $0 >= 12 } == true)
            _ = reading.end()
            let lines = try kept()
            #expect(lines.map { $0["text"] } == ["12345"])
            #expect(
                lines.first?["description"]
                    == "is longer than the 5 bytes that --max-line-bytes allows")
        }
    }

    @Test(
        "a line that is too long and has no end is bad at the end of a pipe, and held in a file that may grow"
    )
    func endless() throws {
        let badLines = BadLines(keptIn: nil)
        let pipe = try ReaderPipe()
        let ofPipe = try RunningReader(
            pipe.readEnd, options(.skip, lineByteCountMax: 5), badLines: badLines)
        pipe.write("a\n1234567")
        pipe.close()
        #expect(ofPipe.takeAll() == ["a"])
        #expect(ofPipe.end() == InputEnd(badLineCount: 1))

        let file = try unlinkedFile("a\n1234567")
        let ofFile = try RunningReader(
            file.fileDescriptor, options(.skip, lineByteCountMax: 5),
            plan: ReadingPlan(holdsUnended: true), badLines: BadLines(keptIn: nil))
        #expect(ofFile.takeAll() == ["a"])
        #expect(ofFile.end() == InputEnd(heldByteCount: 7))
    }

    @Test(
        "nothing but bad lines, more than the queue takes, ends the input and is numbered from the file's beginning"
    )
    func nothingElse() throws {
        let count = 3 * InputQueue.countMax
        let badLines = BadLines(keptIn: nil)
        var reports: [BadLineReport] = []
        badLines.onReport = { reports.append($0) }
        let text = "head\n" + String(repeating: "[\n", count: count)
        let file = try unlinkedFile(text)
        let reading = try RunningReader(
            file.fileDescriptor, options(.skip), reading: .json,
            plan: ReadingPlan(offset: 5), badLines: badLines)
        #expect(reading.take() == nil)
        #expect(reading.end().badLineCount == count)
        #expect(reports.reduce(0) { $0 + $1.count } == count)
        #expect(reports.last?.line.number == UInt64(count) + 1)
        #expect(reading.source.takenEnd == UInt64(text.utf8.count))
    }

    @Test("lines are reported once a second at most, and the last ones at the end")
    func reports() {
        var now = ContinuousClock.now
        let badLines = BadLines(keptIn: nil) { now }
        var sentences: [String] = []
        badLines.onReport = { sentences.append($0.sentence) }
        func add(_ numbers: UInt64...) {
            badLines.add(
                numbers.map {
                    BadLine(number: $0, reason: "is bad", nextSequence: 1, end: 0)
                })
        }
        badLines.reportRest()
        add(1)
        add(2)
        add(3, 4)
        badLines.reportIfDue()
        now += .seconds(1)
        badLines.reportIfDue()
        add(6)
        badLines.reportRest()
        badLines.reportRest()
        #expect(
            sentences == [
                "line 1 of standard input is bad; it was skipped",
                "line 4 of standard input is bad; it was skipped, and 2 lines before it",
                "line 6 of standard input is bad; it was skipped",
            ])
    }

    @Test(
        "what is behind a kept line waits until the line is on the disk, if a journal may note it")
    func durable() throws {
        let file = try RejectedFile(rejected.path)
        let mayFlush = try WakePipe()
        let flushed = try WakePipe()
        try file.beginFlushing(wake: { flushed.wake() }) { _ throws(SystemError) in
            mayFlush.wait()
        }
        let badLines = BadLines(keptIn: file, mustBeDurable: true)
        let input = try unlinkedFile("[\n{}\n")
        let reading = try RunningReader(
            input.fileDescriptor, options(.keep), reading: .json, badLines: badLines)
        while badLines.count == 0 { #expect(reading.source.next == nil) }
        #expect(reading.source.next == nil && reading.source.isDelayed)
        #expect(!reading.source.isAtEnd)
        mayFlush.wake()
        flushed.wait()
        // The reader may not have queued it yet.
        #expect(reading.take()?.0 == 1 && !reading.source.isDelayed)
        mayFlush.wake()
        file.endFlushing()
        _ = reading.end()
    }
}
