// The queue between the reading thread and the sending loop.
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A message, read and encoded.
///
/// Its address, if its line names one, stands behind the message in the same bytes, and their count beside that of
/// the line: most messages have none, and would pay for the place of one on each of their ways.
struct EncodedMessage: Sendable, Hashable {
    var sequence: UInt64
    private let bytes: [UInt8]
    /// Offset of its line in the input.
    var offset: UInt64
    /// In the lowest 16 bits the size of the address, above them that of the line.
    private let sizes: UInt64

    /// `byteCount` is the size of its line, including the delimiter.
    init(
        sequence: UInt64, encoded: [UInt8], address: String? = nil, offset: UInt64,
        byteCount: UInt64
    ) {
        self.sequence = sequence
        self.offset = offset
        if let address {
            bytes = encoded + address.utf8
            sizes = byteCount << 16 | UInt64(UInt16(address.utf8.count))
        } else {
            bytes = encoded
            sizes = byteCount << 16
        }
    }

    private var addressByteCount: Int { Int(sizes & 0xFFFF) }

    var hasAddress: Bool { addressByteCount > 0 }

    /// nil: that of the run.
    var address: String? {
        hasAddress ? String(decoding: bytes[encodedByteCount...], as: UTF8.self) : nil
    }

    var encoded: [UInt8] { hasAddress ? Array(bytes[..<encodedByteCount]) : bytes }

    /// The size of the encoded message.
    var encodedByteCount: Int { bytes.count - addressByteCount }

    /// Size of its line, including the delimiter.
    var byteCount: UInt64 { sizes >> 16 }

    /// Size counted against the bound: the larger of line and encoding.
    var cost: Int { max(encodedByteCount, Int(byteCount)) }
}

/// A bounded queue with one producer, the reader, and one consumer, the loop.
///
/// The reader blocks while the queue is full; the loop never blocks. Fetched messages count against
/// the bounds until the loop releases them.
final class InputQueue: Sendable {
    /// The default window.
    static let countMax = 1000
    /// Bound in bytes; a larger message is queued alone.
    static let byteCountMax = 1 << 20
    private static let bounds = InputBounds(countMax: countMax, byteCountMax: byteCountMax)

    private struct State {
        var messages: [EncodedMessage] = []
        var badLines: [BadLine] = []
        /// Messages and bad lines queued or fetched.
        var count = 0
        var byteCount = 0
        var end: InputEnd?
        var isClosed = false
        /// The loop has asked for the first message.
        var isWanted = false
        var isWithinLine: Bool
        var isReaderWaiting = false
        /// A wake-up costs a system call.
        var isLoopWaiting = false

        /// Adds those that there is room for; returns how many.
        mutating func append(_ new: ArraySlice<EncodedMessage>) -> Int {
            var added = 0
            for message in new {
                guard hasRoom(for: message.cost) || isClosed else { break }
                messages.append(message)
                count += 1
                byteCount += message.cost
                added += 1
            }
            return added
        }

        func hasRoom(for more: Int) -> Bool {
            bounds.haveRoom(for: more, besides: count, byteCount: byteCount)
        }

        /// Adds a bad line if there is room; returns whether there was.
        mutating func append(_ line: BadLine) -> Bool {
            guard hasRoom(for: line.cost) || isClosed else { return false }
            badLines.append(line)
            count += 1
            byteCount += line.cost
            return true
        }

        /// Removes the messages before the first bad line, or that line and others that follow it
        /// without a message in between.
        mutating func takeUpToBadLine(
            _ first: BadLine, _ taken: inout [EncodedMessage], _ bad: inout [BadLine]
        ) {
            let before = messages.prefix { $0.sequence < first.nextSequence }
            if before.isEmpty {
                let next = messages.first?.sequence ?? .max
                let following = badLines.prefix { $0.nextSequence <= next }
                bad.append(contentsOf: following)
                badLines.removeFirst(following.count)
            } else {
                taken.append(contentsOf: before)
                messages.removeFirst(before.count)
            }
        }
    }

    private let state: Mutex<State>
    private let wake = Mutex<(@Sendable () -> Void)?>(nil)
    private let mayHaveAddresses = Atomic(false)
    /// Wakes the reader: there is room, or the queue is closed.
    let wakePipe: WakePipe

    /// `isWithinLine`: the input begins within a line.
    init(isWithinLine: Bool = false) throws(SystemError) {
        state = Mutex(State(isWithinLine: isWithinLine))
        wakePipe = try WakePipe()
    }

    // MARK: For the reader

    /// Whether reading should stop.
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Waits until the loop asks for the first message, or the queue is closed.
    func waitUntilWanted() {
        while !state.withLock({ $0.isWanted || $0.isClosed }) { wakePipe.wait() }
    }

    /// Sets whether the input read so far ends within a line.
    ///
    /// The loop journals it at once, before a crash can lose it.
    func stand(withinLine isWithinLine: Bool) {
        let isNew = state.withLock { state in
            defer { state.isWithinLine = isWithinLine }
            return state.isWithinLine != isWithinLine
        }
        if isNew { wake.withLock { $0 }?() }
    }

    /// Notes that messages that name addresses will be added.
    func expectAddresses() {
        mayHaveAddresses.store(true, ordering: .releasing)
    }

    /// Adds messages, each once there is room for it; at once on a closed queue, so that none is lost.
    func push(_ messages: [EncodedMessage]) {
        var rest = messages[...]
        while !rest.isEmpty {
            let mustWake = state.withLock { state in
                let count = state.append(rest)
                rest = rest.dropFirst(count)
                state.isReaderWaiting = !rest.isEmpty
                guard count > 0 else { return false }
                defer { state.isLoopWaiting = false }
                return state.isLoopWaiting
            }
            if mustWake { wake.withLock { $0 }?() }
            if !rest.isEmpty { wakePipe.wait() }
        }
    }

    /// Adds a bad line, once there is room for it; at once on a closed queue.
    func push(_ line: BadLine) {
        while true {
            let (isAdded, mustWake) = state.withLock { state in
                let isAdded = state.append(line)
                state.isReaderWaiting = !isAdded
                guard isAdded else { return (false, false) }
                defer { state.isLoopWaiting = false }
                return (true, state.isLoopWaiting)
            }
            if mustWake { wakeLoop() }
            if isAdded { return }
            wakePipe.wait()
        }
    }

    /// Waits until more may be read, besides `byteCount` bytes of an unfinished line; returns at once
    /// on a closed queue.
    func waitForRoom(beside byteCount: Int) {
        while true {
            let mayRead = state.withLock { state in
                let mayRead = state.hasRoom(for: byteCount + 1) || state.isClosed
                state.isReaderWaiting = !mayRead
                return mayRead
            }
            if mayRead { return }
            wakePipe.wait()
        }
    }

    /// Marks the end of the input.
    func end(_ end: InputEnd) {
        state.withLock { $0.end = end }
        wake.withLock { $0 }?()
    }

    // MARK: For the loop

    /// Sets the callback, on the reader's thread, for the first message after an empty ``take(_:)``.
    func onMessage(_ body: @escaping @Sendable () -> Void) {
        wake.withLock { $0 = body }
    }

    /// Starts the reading.
    func want() {
        let isNew = state.withLock { state in
            defer { state.isWanted = true }
            return !state.isWanted
        }
        if isNew { wakePipe.wake() }
    }

    /// Moves all queued messages into an empty array, and reuses its capacity.
    ///
    /// Bad lines keep their place among them: only messages up to one are moved, or such lines.
    func take(_ messages: inout [EncodedMessage], badLines: inout [BadLine]) {
        state.withLock { state in
            if let first = state.badLines.first {
                state.isLoopWaiting = false
                state.takeUpToBadLine(first, &messages, &badLines)
                return
            }
            state.isLoopWaiting = state.messages.isEmpty
            if !state.messages.isEmpty { swap(&state.messages, &messages) }
        }
    }

    /// Whether any message so far may name an address.
    var hasAddresses: Bool { mayHaveAddresses.load(ordering: .acquiring) }

    /// Asks for another turn of the loop.
    func wakeLoop() {
        wake.withLock { $0 }?()
    }

    /// Frees the room of fetched messages.
    func release(count: Int, byteCount: Int) {
        let mustWake = state.withLock { state in
            state.count -= count
            state.byteCount -= byteCount
            defer { state.isReaderWaiting = false }
            return state.isReaderWaiting
        }
        if mustWake { wakePipe.wake() }
    }

    /// Whether the input read so far ends within a line.
    var isWithinLine: Bool { state.withLock { $0.isWithinLine } }

    /// The end of the input; nil while messages are queued or may follow.
    var end: InputEnd? {
        state.withLock { $0.messages.isEmpty && $0.badLines.isEmpty ? $0.end : nil }
    }

    /// Stops the reading.
    func close() {
        state.withLock { $0.isClosed = true }
        wakePipe.wake()
    }
}
