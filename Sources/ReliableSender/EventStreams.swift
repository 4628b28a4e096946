// Streams of events for programs that watch a connection.
// SPDX-License-Identifier: Apache-2.0

internal import LinkRecovery
internal import Synchronization

/// Passes reports on to any number of readers, none of which can hold up the loop: what one does not read in
/// time is dropped and counted.
///
/// - Isolation: any thread.
final class EventStreams: Sendable {
    private struct State {
        var readers: [Int: AsyncStream<Report>.Continuation] = [:]
        var lastReader = 0
        var droppedCount = 0
        var hasEnded = false
    }

    /// Events that wait for a reader.
    private static let waitingMax = 256

    private let state = Mutex(State())

    var droppedCount: Int { state.withLock { $0.droppedCount } }

    func makeStream() -> AsyncStream<Report> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Report.self, bufferingPolicy: .bufferingNewest(Self.waitingMax))
        let reader = state.withLock { state -> Int? in
            guard !state.hasEnded else { return nil }
            state.lastReader += 1
            state.readers[state.lastReader] = continuation
            return state.lastReader
        }
        guard let reader else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { $0.readers[reader] = nil }
        }
        return stream
    }

    func yield(_ report: Report) {
        let readers = state.withLock { Array($0.readers.values) }
        for reader in readers {
            if case .dropped = reader.yield(report) { state.withLock { $0.droppedCount += 1 } }
        }
    }

    func finish() {
        let readers = state.withLock { state in
            state.hasEnded = true
            defer { state.readers.removeAll() }
            return Array(state.readers.values)
        }
        for reader in readers { reader.finish() }
    }
}
