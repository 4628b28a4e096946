// Splitting a stream into lines, at any chunk boundary.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery
import Testing

@testable import SenderCommand

@Suite struct LineSplitterTests {
    private let newline = UInt8(ascii: "\n")

    /// The lines of pieces, and the last one as the end of the stream makes it.
    private func lines(
        _ pieces: [[UInt8]], delimiter: Delimiter = .newline, byteCountMax: Int = 1000,
        offset: UInt64 = 0
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

    private func texts(_ pieces: String..., delimiter: String = "\n") throws -> [String] {
        let delimiter = try #require(Delimiter(Array(delimiter.utf8)))
        return try lines(pieces.map { Array($0.utf8) }, delimiter: delimiter)
            .map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    @Test("a line is the text between two delimiters")
    func lines() throws {
        #expect(try texts("a\nbc\n") == ["a", "bc"])
        #expect(try texts("a\n\n\nb") == ["a", "", "", "b"])
        #expect(try texts("\n") == [""])
        #expect(try texts("").isEmpty)
        #expect(try texts("a\r\nb\r\n") == ["a\r", "b\r"])
        #expect(try texts("a\nb\u{0}c", delimiter: "\0") == ["a\nb", "c"])
    }

    @Test("a delimiter of several bytes is found wherever the stream is cut")
    func longDelimiter() throws {
        let text = Array("a\r\nb\rc\r\r\n\r\n\n\r\nrest\r".utf8)
        let expected = ["a", "b\rc\r", "", "\n", "rest\r"]
        let delimiter = try #require(Delimiter([13, 10]))
        for size in 1...text.count {
            let pieces = stride(from: 0, to: text.count, by: size).map {
                Array(text[$0..<min(text.count, $0 + size)])
            }
            let lines = try lines(pieces, delimiter: delimiter, offset: 3)
            #expect(lines.map { String(decoding: $0.bytes, as: UTF8.self) } == expected)
            #expect(lines.map(\.offset) == [3, 6, 12, 14, 17])
            #expect(lines.map(\.byteCount) == [3, 6, 2, 3, 5])
        }
        #expect(try texts("xaaay", delimiter: "aa") == ["x", "ay"])
        #expect(try texts("a--b-", "-c", delimiter: "--") == ["a", "b", "c"])
    }

    @Test("it is known whether the stream ends within a line")
    func endsWithinLine() throws {
        let cases: [(String, String, Bool)] = [
            ("a\n", "\n", false), ("a\nb", "\n", true), ("a\r\n", "\r\n", false),
            ("a\r", "\r\n", true), ("a\r\nb", "\r\n", true), ("xaa", "aa", false),
            ("xaaa", "aa", true), ("xaaaa", "aa", false),
        ]
        for (text, delimiter, expected) in cases {
            for cut in 0...1 {
                var splitter = LineSplitter(
                    delimiter: try #require(Delimiter(Array(delimiter.utf8))), byteCountMax: 10)
                splitter.add(Array(text.utf8)[..<cut])
                #expect(try splitter.next() == nil)
                splitter.add(Array(text.utf8)[cut...])
                #expect(splitter.endsWithinLine == expected, "\(text)")
            }
        }
    }

    @Test(
        "what is too long is dropped up to a delimiter of several bytes, of which a part may be there"
    )
    func longDelimiterLater() throws {
        let text = Array("123456789--ab--cdefghi-".utf8)
        let delimiter = try #require(Delimiter([0x2D, 0x2D]))
        for size in 1...text.count {
            var splitter = LineSplitter(delimiter: delimiter, byteCountMax: 5)
            var (texts, tooLong): ([String], [UInt64]) = ([], [])
            for start in stride(from: 0, to: text.count, by: size) {
                splitter.add(text[start..<min(text.count, start + size)])
                while true {
                    do throws(LineSplitter.TooLong) {
                        guard let line = try splitter.next() else { break }
                        texts.append(String(decoding: line.bytes, as: UTF8.self))
                        #expect(line.offset == 11 && line.number == 2)
                    } catch {
                        tooLong.append(error.offset)
                        #expect(splitter.beginningOfTooLong.count == 5)
                    }
                }
            }
            #expect(texts == ["ab"] && tooLong == [0, 15])
            #expect(splitter.last() == nil && splitter.partialByteCount == 0)
            #expect(splitter.position == UInt64(text.count))
        }
    }

    @Test("the rest of a line is no line")
    func rest() throws {
        for pieces in [["re", "st\na\nb"], ["rest\na", "\nb"], ["r", "e", "st", "\n", "a\nb"]] {
            var splitter = LineSplitter(
                delimiter: .newline, byteCountMax: 3, offset: 7, beginsWithinLine: true)
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

    @Test("a line is there as soon as its end is")
    func prompt() throws {
        var splitter = LineSplitter(delimiter: .newline, byteCountMax: 10)
        splitter.add([0x61, 0x62])
        #expect(try splitter.next() == nil)
        #expect(splitter.partialByteCount == 2)
        splitter.add([newline])
        #expect(try splitter.next()?.bytes == [0x61, 0x62])
        #expect(splitter.partialByteCount == 0)
        #expect(splitter.last() == nil)
    }

    @Test(
        "lines are the same wherever the stream is cut into pieces",
        arguments: 1...20 as ClosedRange<UInt64>)
    func pieces(seed: UInt64) throws {
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

    @Test("a line may be as long as the limit, and no longer")
    func limit() throws {
        let long = [UInt8](repeating: 0x61, count: 10)
        #expect(try lines([long, [newline]], byteCountMax: 10).count == 1)
        #expect(try lines([long], byteCountMax: 10).count == 1)
        for pieces in [[[newline], long, [newline]], [[newline], long]] {
            #expect(throws: LineSplitter.TooLong(number: 2, offset: 1)) {
                try lines(pieces, byteCountMax: 9)
            }
        }
    }

    @Test("a line without an end is not kept in memory")
    func endless() throws {
        var splitter = LineSplitter(delimiter: .newline, byteCountMax: 1000)
        splitter.add([UInt8](repeating: 0x61, count: 1000)[...])
        #expect(try splitter.next() == nil)
        splitter.add([0x61])
        #expect(throws: LineSplitter.TooLong.self) { try splitter.next() }
    }
}
