// Between the thread that reads and the loop that sends.
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A message that was read and encoded.
struct ReadMessage: Sendable, Hashable {
    var sequence: UInt64
    var encoded: [UInt8]
    /// Where its line begins in the input.
    var offset: UInt64
    /// Of its line, with the delimiter if there is one.
    var byteCount: UInt64

    /// What it counts against a bound: the line, or what was made of it.
    var cost: Int { max(encoded.count, Int(clamping: byteCount)) }
}

/// A queue of messages that is never longer than its bounds, for one who reads and one who takes.
///
/// The reader waits when it is full, and the loop never does. What the loop has fetched counts until
/// it says that it has taken it.
final class InputQueue: Sendable {
    /// As many as a window by default.
    static let countMax = 1000
    /// Of lines, or what was made of them; one that is larger has the queue for itself.
    static let byteCountMax = 1 << 20

    private struct State {
        var messages: [ReadMessage] = []
        /// Of messages here and fetched.
        var count = 0
        var byteCount = 0
        var end: InputEnd?
        var isClosed = false
        /// Something was asked for.
        var isWanted = false
        var isWithinLine: Bool
        var isReaderWaiting = false
        /// A wake-up costs a system call.
        var isLoopWaiting = false

        func hasRoom(for more: Int) -> Bool {
            count == 0 || count < countMax && byteCount + more <= byteCountMax
        }
    }

    private let state: Mutex<State>
    private let wake = Mutex<(@Sendable () -> Void)?>(nil)
    /// For the reader: there is room, or the queue was closed.
    let wakePipe: WakePipe

    /// `isWithinLine` says where the input stands now.
    init(isWithinLine: Bool = false) throws(SystemError) {
        state = Mutex(State(isWithinLine: isWithinLine))
        wakePipe = try WakePipe()
    }

    // MARK: For the reader

    /// Whether nothing more is wanted.
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Waits until the loop asks for the first message, or the queue is closed.
    func waitUntilWanted() {
        while !state.withLock({ $0.isWanted || $0.isClosed }) { wakePipe.wait() }
    }

    /// Says whether what was read so far ends within a line.
    ///
    /// The loop notes it at once: a process that dies has no other time for it.
    func stand(withinLine isWithinLine: Bool) {
        let isNew = state.withLock { state in
            defer { state.isWithinLine = isWithinLine }
            return state.isWithinLine != isWithinLine
        }
        if isNew { wake.withLock { $0 }?() }
    }

    /// Adds a message as soon as there is room; at once when the queue was closed, for the message
    /// was read.
    func push(_ message: ReadMessage) {
        while true {
            let (isAdded, mustWake) = state.withLock { state in
                guard state.hasRoom(for: message.cost) || state.isClosed else {
                    state.isReaderWaiting = true
                    return (false, false)
                }
                state.messages.append(message)
                state.count += 1
                state.byteCount += message.cost
                defer { state.isLoopWaiting = false }
                return (true, state.isLoopWaiting)
            }
            if mustWake { wake.withLock { $0 }?() }
            if isAdded { return }
            wakePipe.wait()
        }
    }

    /// Waits until more may be read, where so many bytes of a line are waiting for its end; at once
    /// when the queue was closed.
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

    /// Says that no message follows.
    func end(_ end: InputEnd) {
        state.withLock { $0.end = end }
        wake.withLock { $0 }?()
    }

    // MARK: For the loop

    /// Calls this, on the reader's thread, when there is something after ``take(_:)`` gave nothing.
    func onMessage(_ body: @escaping @Sendable () -> Void) {
        wake.withLock { $0 = body }
    }

    /// Lets the reader begin.
    func want() {
        let isNew = state.withLock { state in
            defer { state.isWanted = true }
            return !state.isWanted
        }
        if isNew { wakePipe.wake() }
    }

    /// Puts all that waits into an empty array, whose room is used again.
    func take(_ messages: inout [ReadMessage]) {
        state.withLock { state in
            state.isLoopWaiting = state.messages.isEmpty
            if !state.messages.isEmpty { swap(&state.messages, &messages) }
        }
    }

    /// Says that messages that were fetched are not waiting any more.
    func release(count: Int, byteCount: Int) {
        let mustWake = state.withLock { state in
            state.count -= count
            state.byteCount -= byteCount
            defer { state.isReaderWaiting = false }
            return state.isReaderWaiting
        }
        if mustWake { wakePipe.wake() }
    }

    /// Whether what was read so far ends within a line.
    var isWithinLine: Bool { state.withLock { $0.isWithinLine } }

    /// How the input ended; nil as long as it goes on, or messages wait.
    var end: InputEnd? {
        state.withLock { $0.messages.isEmpty ? $0.end : nil }
    }

    /// Asks the reader to read no more.
    func close() {
        state.withLock { $0.isClosed = true }
        wakePipe.wake()
    }
}
