// Messages of callers that wait for their outcome.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
internal import LinkRecovery
internal import Synchronization

/// Holds the messages of one sender, each with the caller that waits for its outcome.
///
/// - Isolation: any thread for what a caller does; the container's loop for what `MessageSource` has.
final class QueuedMessages: MessageSource, Sendable {
    typealias Continuation = CheckedContinuation<FinalOutcome, any Error>

    private struct Waiting {
        let ticket: UInt64
        let bytes: [UInt8]
        /// nil when its caller does not wait any more.
        var continuation: Continuation?
    }

    private struct State {
        /// Not taken yet, by ticket.
        var queued: [UInt64: Waiting] = [:]
        /// The tickets of `queued` in the order in which they came, among some that are gone.
        private var queue: [UInt64] = []
        /// Tickets in front of it in `queue` are gone.
        private var front = 0
        /// Taken and not final, by sequence.
        var taken: [UInt64: Waiting] = [:]
        var ticketOfTaken: [UInt64: UInt64] = [:]
        /// The sequences of `taken` that may have arrived; nil before the end, when that is not known.
        var inDoubt: Set<UInt64>?
        /// The message that the loop was shown in this turn, and may be about to take.
        var offered: UInt64?
        var isOfferCancelled = false
        var lastTicket: UInt64 = 0
        var lastSequence: UInt64 = 0
        var isClosed = false
        /// Why nothing is sent any more.
        var end: SenderError?

        mutating func add(_ waiting: Waiting) {
            queue.append(waiting.ticket)
            queued[waiting.ticket] = waiting
        }

        /// The message that is to be taken next.
        mutating func first() -> Waiting? {
            while front < queue.count {
                if let waiting = queued[queue[front]] { return waiting }
                front += 1
            }
            queue.removeAll(keepingCapacity: true)
            front = 0
            return nil
        }

        /// Removes a message that was not taken.
        mutating func remove(_ ticket: UInt64) -> Waiting? {
            guard let waiting = queued.removeValue(forKey: ticket) else { return nil }
            // Rarely enough to cost the same for each message, and often enough for a bound on memory.
            if queue.count > 2 * queued.count + 64 {
                queue = queue[front...].filter { queued[$0] != nil }
                front = 0
            }
            return waiting
        }

        /// Removes all messages that were not taken; returns them in their order.
        mutating func removeQueued() -> [Waiting] {
            defer {
                queue.removeAll()
                queued.removeAll()
                front = 0
            }
            return queue[front...].compactMap { queued[$0] }
        }
    }

    /// The address that they go to.
    let address: String
    private let state = Mutex(State())

    init(to address: String) {
        self.address = address
    }

    // MARK: Callers

    /// A place in the queue, for a message that is about to come.
    func makeTicket() -> UInt64 {
        state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
    }

    /// Adds a message; fails its caller at once when nothing is sent any more.
    func add(_ bytes: [UInt8], ticket: UInt64, _ continuation: Continuation) {
        let failure = state.withLock { state -> (any Error)? in
            if let end = state.end { return end }
            if state.isClosed { return SenderError.closed }
            state.add(Waiting(ticket: ticket, bytes: bytes, continuation: continuation))
            return nil
        }
        if let failure { continuation.resume(throwing: failure) }
    }

    /// The caller does not wait any more: a message without an attempt is taken back.
    func cancel(ticket: UInt64) {
        let (continuation, error) = state.withLock { state -> (Continuation?, any Error) in
            // Whether the loop takes it is known at the end of its turn.
            if state.offered == ticket {
                state.isOfferCancelled = true
                return (nil, CancellationError())
            }
            if let waiting = state.remove(ticket) {
                return (waiting.continuation, CancellationError())
            }
            guard let sequence = state.ticketOfTaken[ticket] else {
                return (nil, CancellationError())
            }
            defer { state.taken[sequence]?.continuation = nil }
            return (state.taken[sequence]?.continuation, SenderError.cancelledInDoubt)
        }
        continuation?.resume(throwing: error)
    }

    /// Takes no further message.
    func close() {
        state.withLock { $0.isClosed = true }
    }

    /// The sender ends: of what was taken, this may have arrived, and nothing else.
    func noteInDoubt(_ sequences: [UInt64]) {
        state.withLock { $0.inDoubt = Set(sequences) }
    }

    /// Nothing is sent any more: fails every caller that waits.
    func end(for reason: SenderError) {
        let (unsent, inDoubt) = state.withLock { state -> ([Continuation], [Continuation]) in
            state.end = reason
            defer {
                state.taken.removeAll()
                state.ticketOfTaken.removeAll()
            }
            let taken = state.taken.sorted { $0.key < $1.key }
            let inDoubt = state.inDoubt ?? Set(state.taken.keys)
            return (
                (taken.filter { !inDoubt.contains($0.key) }.map(\.value) + state.removeQueued())
                    .compactMap(\.continuation),
                taken.filter { inDoubt.contains($0.key) }.compactMap(\.value.continuation)
            )
        }
        for continuation in unsent { continuation.resume(throwing: reason.of(.unsent)) }
        for continuation in inDoubt { continuation.resume(throwing: reason.of(.inDoubt)) }
    }

    /// Messages are final.
    func settle(_ sequences: [UInt64], as outcome: FinalOutcome) {
        let continuations = state.withLock { state in
            sequences.compactMap { sequence in
                // Whoever takes it resumes it: a cancellation may come at the same time.
                defer { state.taken[sequence]?.continuation = nil }
                return state.taken[sequence]?.continuation
            }
        }
        for continuation in continuations { continuation.resume(returning: outcome) }
    }

    // MARK: MessageSource

    var next: NextMessage? {
        state.withLock { state in
            guard let waiting = state.first() else { return nil }
            state.offered = waiting.ticket
            return NextMessage(sequence: state.lastSequence + 1, size: waiting.bytes.count)
        }
    }

    var isAtEnd: Bool { state.withLock { $0.isClosed && $0.queued.isEmpty } }

    func take() {
        let cancelled = state.withLock { state -> Continuation? in
            guard let ticket = state.offered, let waiting = state.remove(ticket) else {
                return nil
            }
            state.lastSequence += 1
            state.taken[state.lastSequence] = waiting
            state.ticketOfTaken[ticket] = state.lastSequence
            state.offered = nil
            guard state.isOfferCancelled else { return nil }
            state.isOfferCancelled = false
            state.taken[state.lastSequence]?.continuation = nil
            return waiting.continuation
        }
        cancelled?.resume(throwing: SenderError.cancelledInDoubt)
    }

    /// The loop has taken what it can in this turn.
    func endTurn() {
        let cancelled = state.withLock { state -> Continuation? in
            guard let ticket = state.offered else { return nil }
            state.offered = nil
            guard state.isOfferCancelled else { return nil }
            state.isOfferCancelled = false
            return state.remove(ticket)?.continuation
        }
        cancelled?.resume(throwing: CancellationError())
    }

    func withEncoded(sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
        let bytes = state.withLock { $0.taken[sequence]?.bytes } ?? []
        bytes.withUnsafeBytes(body)
    }

    func free(_ sequences: [UInt64]) {
        state.withLock { state in
            for sequence in sequences {
                guard let waiting = state.taken.removeValue(forKey: sequence) else { continue }
                state.ticketOfTaken[waiting.ticket] = nil
            }
        }
    }
}
