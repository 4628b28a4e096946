// Splits a stream of bytes into lines.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// One line of the input.
struct InputLine: Hashable {
    /// Without the delimiter.
    var bytes: ArraySlice<UInt8>
    /// Offset in the stream.
    var offset: UInt64
    /// Size including the delimiter.
    var byteCount: UInt64
    /// Counts from 1.
    var number: UInt64
}

/// Takes bytes as they arrive and returns the lines between delimiters.
struct LineSplitter {
    /// A line exceeds the maximum size.
    struct TooLong: Error, Hashable {
        var number: UInt64
        var offset: UInt64
    }

    private let delimiter: UInt8
    private let byteCountMax: Int
    /// Bytes added; those before `start` were returned.
    private var buffer: [UInt8] = []
    private var start = 0
    /// There is no delimiter between `start` and here.
    private var searchedEnd = 0
    /// Stream offset of `start`.
    private var offset: UInt64
    private var number: UInt64 = 1
    /// Bytes up to the next delimiter are dropped.
    private(set) var isSkipping: Bool
    private let beginsWithinLine: Bool
    /// Bytes dropped of the line that the stream began within.
    private(set) var restByteCount = 0

    /// Begins at this offset of the stream.
    init(
        delimiter: UInt8, byteCountMax: Int, offset: UInt64 = 0, beginsWithinLine: Bool = false
    ) {
        self.delimiter = delimiter
        self.byteCountMax = byteCountMax
        self.offset = offset
        self.beginsWithinLine = beginsWithinLine
        isSkipping = beginsWithinLine
    }

    /// Bytes of an unfinished line, once ``next()`` has returned nil.
    var partialByteCount: Int { buffer.count - start }

    /// Offset in the stream behind what was returned or dropped.
    var position: UInt64 { offset }

    /// Right after ``next()`` has thrown, as much of the line as is allowed.
    var beginningOfTooLong: ArraySlice<UInt8> {
        buffer[start..<min(buffer.count, start + byteCountMax)]
    }

    /// Drops more of a line that is too long; returns whether its end was there.
    mutating func dropTooLong() -> Bool {
        if isSkipping { skip() }
        return !isSkipping
    }

    /// Appends bytes.
    ///
    /// Invalidates the lines returned so far.
    mutating func add(_ bytes: ArraySlice<UInt8>) {
        if start > 0 {
            buffer.removeSubrange(..<start)
            searchedEnd -= start
            start = 0
        }
        buffer += bytes
    }

    /// The next complete line; nil if there is none yet.
    ///
    /// After a throw, the line behind the one that was too long.
    mutating func next() throws(TooLong) -> InputLine? {
        if isSkipping { skip() }
        let end = indexOfDelimiter(from: searchedEnd)
        searchedEnd = end ?? buffer.count
        guard searchedEnd - start <= byteCountMax else {
            isSkipping = true
            throw TooLong(number: number, offset: offset)
        }
        return end.map { take(through: $0, delimiterCount: 1) }
    }

    /// The unterminated line at the end of the stream; nil when a delimiter was the last byte.
    mutating func last() -> InputLine? {
        partialByteCount > 0 ? take(through: buffer.count, delimiterCount: 0) : nil
    }

    private func indexOfDelimiter(from start: Int) -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard start < bytes.count, let base = bytes.baseAddress,
                let found = memchr(base + start, Int32(delimiter), bytes.count - start)
            else { return nil }
            return base.distance(to: UnsafeRawPointer(found))
        }
    }

    private mutating func skip() {
        let delimiterIndex = indexOfDelimiter(from: start)
        let end = delimiterIndex.map { $0 + 1 } ?? buffer.count
        if beginsWithinLine, number == 1 { restByteCount += end - start }
        offset += UInt64(end - start)
        start = end
        searchedEnd = end
        guard delimiterIndex != nil else { return }
        isSkipping = false
        number += 1
    }

    private mutating func take(through end: Int, delimiterCount: Int) -> InputLine {
        let line = InputLine(
            bytes: buffer[start..<end], offset: offset,
            byteCount: UInt64(end + delimiterCount - start), number: number)
        start = end + delimiterCount
        searchedEnd = start
        offset += line.byteCount
        number += 1
        return line
    }
}
