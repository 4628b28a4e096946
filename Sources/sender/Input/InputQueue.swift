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
}

/// A queue of messages that is never longer than its bounds, for one who reads and one who takes.
///
/// The reader waits when it is full, and the loop never does.
final class InputQueue: Sendable {
    /// As many as a window by default.
    static let countMax = 1000
    /// Of encoded messages; one that is larger has the queue for itself.
    static let byteCountMax = 1 << 20

    private struct State {
        var messages: [ReadMessage] = []
        var byteCount = 0
        var end: InputEnd?
        var isClosed = false
        var isWithinLine: Bool
        var isReaderWaiting = false
        /// A wake-up costs a system call.
        var isLoopWaiting = false

        var hasRoom: Bool {
            messages.isEmpty || messages.count < countMax && byteCount < byteCountMax
        }
    }

    private let state: Mutex<State>
    private let wake = Mutex<(@Sendable () -> Void)?>(nil)
    /// For the reader: there is room, or the queue was closed.
    let bell: Bell

    /// `isWithinLine` says where the input stands now.
    init(isWithinLine: Bool = false) throws(SystemError) {
        state = Mutex(State(isWithinLine: isWithinLine))
        bell = try Bell()
    }

    // MARK: For the reader

    /// Whether nothing more is wanted.
    var isClosed: Bool { state.withLock { $0.isClosed } }

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
                guard state.hasRoom || state.isClosed else {
                    state.isReaderWaiting = true
                    return (false, false)
                }
                state.messages.append(message)
                state.byteCount += message.encoded.count
                defer { state.isLoopWaiting = false }
                return (true, state.isLoopWaiting)
            }
            if mustWake { wake.withLock { $0 }?() }
            if isAdded { return }
            bell.wait()
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

    /// Puts all that waits into an empty array, whose room is used again.
    func take(_ messages: inout [ReadMessage]) {
        let mustRing = state.withLock { state in
            state.isLoopWaiting = state.messages.isEmpty
            guard !state.messages.isEmpty else { return false }
            swap(&state.messages, &messages)
            state.byteCount = 0
            defer { state.isReaderWaiting = false }
            return state.isReaderWaiting
        }
        if mustRing { bell.ring() }
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
        bell.ring()
    }
}
