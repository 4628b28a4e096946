// The time in which new messages are taken.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender
import Synchronization

/// The limit of --duration, which begins with the first message.
///
/// - Isolation: any thread; the time begins on the container's loop.
final class TimeLimit: Sendable {
    private let milliseconds: Int32
    private let hasBegun = Atomic(false)
    private let hasPassed = Atomic(false)
    private let ended: WakePipe
    private let onPassed = Mutex<(@Sendable () -> Void)?>(nil)

    init(milliseconds: Int64) throws(SystemError) {
        self.milliseconds = Int32(clamping: milliseconds)
        ended = try WakePipe()
    }

    /// Sets the callback, on another thread, for the end of the time.
    func onPassed(_ body: @escaping @Sendable () -> Void) {
        onPassed.withLock { $0 = body }
    }

    var isOver: Bool { hasPassed.load(ordering: .relaxed) }

    /// Begins the time, the first time.
    fileprivate func begin() {
        guard !hasBegun.load(ordering: .relaxed) else { return }
        hasBegun.store(true, ordering: .relaxed)
        do throws(SystemError) {
            try startThread { [self] in
                guard !ended.wait(atMost: milliseconds) else { return }
                hasPassed.store(true, ordering: .relaxed)
                onPassed.withLock { $0 }?()
            }
        } catch {
            // Without a thread for it the time is over at once: the run must not go on without a limit.
            hasPassed.store(true, ordering: .relaxed)
        }
    }

    /// Ends the thread.
    func end() { ended.wake() }
}

/// A source that is at its end when its time is over.
///
/// - Isolation: the container's loop.
final class TimedSource: MessageSource {
    private let source: any MessageSource
    private let limit: TimeLimit

    init(_ source: any MessageSource, _ limit: TimeLimit) {
        self.source = source
        self.limit = limit
    }

    var next: NextMessage? { limit.isOver ? nil : source.next }
    var isAtEnd: Bool { limit.isOver || source.isAtEnd }
    var isDelayed: Bool { !limit.isOver && source.isDelayed }
    var availableCount: Int { limit.isOver ? 0 : source.availableCount }

    func take() {
        limit.begin()
        source.take()
    }

    func offer(
        while hasRoom: (_ size: Int) -> Bool,
        to send: (_ sequence: UInt64, _ encoded: UnsafeRawBufferPointer) -> Void
    ) {
        guard !limit.isOver else { return }
        source.offer(while: hasRoom) { sequence, encoded in
            limit.begin()
            send(sequence, encoded)
        }
    }

    func withEncoded(sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
        source.withEncoded(sequence: sequence, body)
    }

    func withPiece(
        of sequence: UInt64, from offset: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        source.withPiece(of: sequence, from: offset, body)
    }

    func free(_ sequences: [UInt64]) { source.free(sequences) }
    func senderEnded() { source.senderEnded() }
}

/// A supply whose senders end when their time is over.
///
/// - Isolation: the container's loop.
final class TimedSupply: SenderSupply {
    private let supply: any SenderSupply
    private let limit: TimeLimit

    /// nil without a supply.
    init?(_ supply: (any SenderSupply)?, _ limit: TimeLimit) {
        guard let supply else { return nil }
        self.supply = supply
        self.limit = limit
    }

    func nextRoute(for sender: SenderID) -> SenderRoute? {
        guard !limit.isOver, var route = supply.nextRoute(for: sender) else { return nil }
        route.source = TimedSource(route.source, limit)
        return route
    }
}
