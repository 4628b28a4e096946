// Splitting a stream into lines, at any chunk boundary.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery
import Testing

@testable import SenderCommand

@Suite struct LineSplitterTests {
    private let newline = UInt8(ascii: "\n")

    /// The lines of pieces, and the last one as the end of the stream makes it.
    private func lines(
        _ pieces: [[UInt8]], delimiter: UInt8 = 10, byteCountMax: Int = 1000, offset: UInt64 = 0
    ) throws -> [InputLine] {
        var splitter = LineSplitter(
            delimiter: delimiter, byteCountMax: byteCountMax, offset: offset)
        var lines: [InputLine] = []
        for piece in pieces {
            splitter.add(piece[...])
            while let line = try splitter.next() { lines.append(line) }
        }
        if let line = splitter.last() { lines.append(line) }
        return lines
    }

    private func texts(_ pieces: String..., delimiter: UInt8 = 10) throws -> [String] {
        try lines(pieces.map { Array($0.utf8) }, delimiter: delimiter)
            .map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    @Test func aLineIsWhatStandsBetweenTwoDelimiters() throws {
        #expect(try texts("a\nbc\n") == ["a", "bc"])
        #expect(try texts("a\n\n\nb") == ["a", "", "", "b"])
        #expect(try texts("\n") == [""])
        #expect(try texts("").isEmpty)
        #expect(try texts("a\r\nb\r\n") == ["a\r", "b\r"])
        #expect(try texts("a\nb\u{0}c", delimiter: 0) == ["a\nb", "c"])
    }

    @Test func theRestOfALineIsNoLine() throws {
        for pieces in [["re", "st\na\nb"], ["rest\na", "\nb"], ["r", "e", "st", "\n", "a\nb"]] {
            var splitter = LineSplitter(
                delimiter: newline, byteCountMax: 3, offset: 7, beginsWithinLine: true)
            var texts: [String] = []
            for piece in pieces {
                splitter.add(Array(piece.utf8)[...])
                while let line = try splitter.next() {
                    texts.append(String(decoding: line.bytes, as: UTF8.self))
                    #expect(line.offset == 12 && line.number == 2)
                }
            }
            #expect(texts == ["a"])
            #expect(splitter.restByteCount == 5 && splitter.partialByteCount == 1)
        }
    }

    @Test func aLineIsThereAsSoonAsItsEndIs() throws {
        var splitter = LineSplitter(delimiter: newline, byteCountMax: 10)
        splitter.add([0x61, 0x62])
        #expect(try splitter.next() == nil)
        #expect(splitter.partialByteCount == 2)
        splitter.add([newline])
        #expect(try splitter.next()?.bytes == [0x61, 0x62])
        #expect(splitter.partialByteCount == 0)
        #expect(splitter.last() == nil)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func whereTheStreamIsCutIntoPiecesChangesNothing(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        let bytes = (0..<5000).map { _ in
            random.next(upTo: 9) == 0 ? newline : UInt8(random.next(upTo: 255))
        }
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Int(random.next(upTo: 40))
            pieces.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        let lines = try lines(pieces, offset: 77)
        #expect(try lines == self.lines([bytes], offset: 77))

        var wanted = bytes.split(separator: newline, omittingEmptySubsequences: false)
        if wanted.last?.isEmpty == true { wanted.removeLast() }
        #expect(lines.map { Array($0.bytes) } == wanted.map(Array.init))
        // The places cover the stream without a gap.
        var end: UInt64 = 77
        for (index, line) in lines.enumerated() {
            #expect(line.offset == end && line.number == UInt64(index) + 1)
            end += line.byteCount
        }
        #expect(end == 77 + UInt64(bytes.count))
    }

    @Test func aLineMayBeAsLongAsIsAllowedAndNoLonger() throws {
        let long = [UInt8](repeating: 0x61, count: 10)
        #expect(try lines([long, [newline]], byteCountMax: 10).count == 1)
        #expect(try lines([long], byteCountMax: 10).count == 1)
        for pieces in [[[newline], long, [newline]], [[newline], long]] {
            #expect(throws: LineSplitter.TooLong(number: 2, offset: 1)) {
                try lines(pieces, byteCountMax: 9)
            }
        }
    }

    @Test func anEndlessLineIsNotGathered() throws {
        var splitter = LineSplitter(delimiter: newline, byteCountMax: 1000)
        splitter.add([UInt8](repeating: 0x61, count: 1000)[...])
        #expect(try splitter.next() == nil)
        splitter.add([0x61])
        #expect(throws: LineSplitter.TooLong.self) { try splitter.next() }
    }
}
