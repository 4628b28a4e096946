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

    private let delimiter: Delimiter
    /// Its first byte, and its size, which cost less here.
    private let delimiterByte: UInt8
    private let delimiterCount: Int
    private let byteCountMax: Int
    /// Bytes added; those before `start` were returned.
    private var buffer: [UInt8] = []
    private var start = 0
    /// No delimiter begins between `start` and here.
    private var searchedEnd = 0
    /// Stream offset of `start`.
    private var offset: UInt64
    /// Number of the line that is next.
    private(set) var number: UInt64 = 1
    /// Bytes up to the next delimiter are dropped.
    private(set) var isSkipping: Bool
    private let beginsWithinLine: Bool
    /// Bytes dropped of the line that the stream began within.
    private(set) var restByteCount = 0

    /// Begins at this offset of the stream.
    init(
        delimiter: Delimiter, byteCountMax: Int, offset: UInt64 = 0, beginsWithinLine: Bool = false
    ) {
        self.delimiter = delimiter
        delimiterByte = delimiter.bytes[0]
        delimiterCount = delimiter.count
        self.byteCountMax = byteCountMax
        self.offset = offset
        self.beginsWithinLine = beginsWithinLine
        isSkipping = beginsWithinLine
    }

    /// Bytes of an unfinished line, once ``next()`` has returned nil.
    var partialByteCount: Int { isSkipping ? 0 : buffer.count - start }

    /// Whether the bytes added so far end within a line.
    var endsWithinLine: Bool {
        if delimiterCount == 1, let last = buffer.last { return last != delimiterByte }
        var end = start
        var from = searchedEnd
        while let found = indexOfDelimiter(from: from) {
            end = found + delimiterCount
            from = end
        }
        return end < buffer.count || isSkipping && end == start
    }

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

    /// Drops the rest of a line of which no end will come.
    mutating func dropRest() {
        drop(through: buffer.count)
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
    @inline(__always)
    mutating func next() throws(TooLong) -> InputLine? {
        if isSkipping { skip() }
        let end = indexOfDelimiter(from: searchedEnd)
        searchedEnd = end ?? unsearchedStart
        guard searchedEnd - start <= byteCountMax else {
            isSkipping = true
            throw TooLong(number: number, offset: offset)
        }
        return end.map { take(through: $0, delimiterCount: delimiterCount) }
    }

    /// Passes over all complete lines, of any length.
    mutating func passLines() {
        while true {
            do throws(TooLong) {
                guard try next() != nil else { return }
            } catch {
                // The next call drops it.
            }
        }
    }

    /// The unterminated line at the end of the stream; nil when a delimiter was the last byte.
    mutating func last() -> InputLine? {
        if isSkipping { dropRest() }
        return partialByteCount > 0 ? take(through: buffer.count, delimiterCount: 0) : nil
    }

    @inline(__always)
    private func indexOfDelimiter(from start: Int) -> Int? {
        // Most are one byte, for which nothing is to be called.
        guard delimiterCount == 1 else { return delimiter.index(in: buffer, from: start) }
        return buffer.withUnsafeBytes { bytes in
            guard start < bytes.count, let base = bytes.baseAddress,
                let found = memchr(base + start, Int32(delimiterByte), bytes.count - start)
            else { return nil }
            return base.distance(to: UnsafeRawPointer(found))
        }
    }

    /// The place at which a search without a result goes on: the last bytes may begin a delimiter.
    private var unsearchedStart: Int { max(start, buffer.count - (delimiterCount - 1)) }

    private mutating func skip() {
        let delimiterIndex = indexOfDelimiter(from: start)
        drop(through: delimiterIndex.map { $0 + delimiterCount } ?? unsearchedStart)
        guard delimiterIndex != nil else { return }
        isSkipping = false
        number += 1
    }

    private mutating func drop(through end: Int) {
        if beginsWithinLine, number == 1 { restByteCount += end - start }
        offset += UInt64(end - start)
        start = end
        searchedEnd = end
    }

    @inline(__always)
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
