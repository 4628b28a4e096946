// Cuts a stream of bytes into messages.
// SPDX-License-Identifier: Apache-2.0

/// One message of a stream, before anybody has looked into it.
struct InputLine: Hashable {
    /// Without the delimiter.
    var bytes: ArraySlice<UInt8>
    /// Where it begins in the stream.
    var offset: UInt64
    /// With the delimiter, if there is one.
    var byteCount: UInt64
    /// From 1 on.
    var number: UInt64
}

/// Takes bytes as they come, and gives what stands between two delimiters.
struct LineCutter {
    /// A line without an end in sight has more bytes than are allowed.
    struct TooLong: Error, Hashable {
        var number: UInt64
        var offset: UInt64
    }

    private let delimiter: UInt8
    private let byteCountMax: Int
    /// What was added and not given; lines that were given stand before `start`.
    private var buffer: [UInt8] = []
    private var start = 0
    /// No delimiter stands between `start` and here.
    private var searchedEnd = 0
    /// Of the line that begins at `start`.
    private var offset: UInt64
    private var number: UInt64 = 1
    /// The bytes up to the next delimiter are part of no line that is given.
    private var isSkipping: Bool
    private let beginsWithinLine: Bool
    /// Of the line that the stream begins in, if it begins within one.
    private(set) var restByteCount = 0

    /// Begins with the byte at this offset of the stream.
    init(
        delimiter: UInt8, byteCountMax: Int, offset: UInt64 = 0, beginsWithinLine: Bool = false
    ) {
        self.delimiter = delimiter
        self.byteCountMax = byteCountMax
        self.offset = offset
        self.beginsWithinLine = beginsWithinLine
        isSkipping = beginsWithinLine
    }

    /// Bytes that were added and are no whole line yet, once ``next()`` has given nil.
    var partialByteCount: Int { buffer.count - start }

    /// Adds bytes, which follow those before.
    ///
    /// The lines that were given so far must be done with: their bytes may be moved.
    mutating func add(_ bytes: ArraySlice<UInt8>) {
        if start > 0 {
            buffer.removeSubrange(..<start)
            searchedEnd -= start
            start = 0
        }
        buffer += bytes
    }

    /// The next whole line; nil when there is none yet.
    ///
    /// After a throw it is the one behind.
    mutating func next() throws(TooLong) -> InputLine? {
        if isSkipping { skip() }
        let end = buffer[searchedEnd...].firstIndex(of: delimiter)
        searchedEnd = end ?? buffer.count
        guard searchedEnd - start <= byteCountMax else {
            isSkipping = true
            throw TooLong(number: number, offset: offset)
        }
        return end.map { take(through: $0, delimiterCount: 1) }
    }

    /// The line that the end of the stream ends; nil when a delimiter was the last byte.
    mutating func last() -> InputLine? {
        partialByteCount > 0 ? take(through: buffer.count, delimiterCount: 0) : nil
    }

    private mutating func skip() {
        let delimiterIndex = buffer[start...].firstIndex(of: delimiter)
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
