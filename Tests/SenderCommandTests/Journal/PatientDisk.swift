// A disk whose flushes a test controls.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender
import Synchronization

@testable import SenderCommand

/// Flushes when a test says so, or not at all.
final class PatientDisk: Sendable {
    private struct State {
        var isSlow = false
        var isRefusing = false
        var isSkipping = false
        var begun = 0
        var done = 0
    }

    private let state = Mutex(State())
    private let permits: WakePipe
    private let changed: WakePipe

    init() throws {
        permits = try WakePipe()
        changed = try WakePipe()
    }

    /// From now on each flush waits for ``finishOne()``.
    func becomeSlow() { state.withLock { $0.isSlow = true } }

    /// From now on each flush fails.
    func refuse() { state.withLock { $0.isRefusing = true } }

    /// From now on each flush succeeds at once, and touches no file.
    func skipFlushes() { state.withLock { $0.isSkipping = true } }

    /// Flushes that have begun since then.
    var begun: Int { state.withLock { $0.begun } }

    /// Waits for the beginning of a flush.
    func waitForFlush(_ count: Int) {
        while begun < count { changed.wait() }
    }

    /// Waits for the end of both flushes of a run's beginning: its own, and that of the flusher's thread.
    ///
    /// The latter is not urgent. Later, it would be taken for one that the test waits for.
    func waitForFirst() {
        while state.withLock({ $0.done }) < 2 { changed.wait() }
    }

    /// Lets the flush that has begun, or begins next, come to its end.
    func finishOne() { permits.wake() }

    /// Lets all flushes go on.
    func becomeFast() {
        state.withLock { $0.isSlow = false }
        permits.wake()
    }

    func flush(_ file: OpenFile) throws(SystemError) {
        let isSlow = state.withLock { state in
            if state.isSlow { state.begun += 1 }
            return state.isSlow
        }
        changed.wake()
        if isSlow { permits.wait() }
        if state.withLock({ $0.isRefusing }) { throw SystemError(number: EIO) }
        if !state.withLock({ $0.isSkipping }) { try file.flushData() }
        state.withLock { $0.done += 1 }
        changed.wake()
    }
}

extension Journal {
    /// Waits, as the loop does, until this is so.
    func wait(until condition: () -> Bool) throws {
        let wakePipe = try WakePipe()
        onProgress { wakePipe.wake() }
        while !condition() { wakePipe.wait() }
    }

    func waitUntilDurable(_ sequence: UInt64) throws {
        try wait { isDurable(sequence) }
    }
}

extension JournaledSource {
    /// Waits for the disk, and takes the next message; nil when there is none.
    func takeNext(_ journal: Journal) throws -> NextMessage? {
        try journal.wait { next != nil || !isDelayed }
        let taken = next
        if taken != nil { take() }
        return taken
    }

    /// Ends a run.
    @discardableResult
    func close() -> UInt64 {
        let kept = recordRest()
        journal.close(untakenFrom: [lastTaken + 1])
        return kept
    }
}
