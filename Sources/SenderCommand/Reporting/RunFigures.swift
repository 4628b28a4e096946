// The figures of a run while it goes on.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender
import Synchronization

/// Reads the figures of a run, also those that are posted only on request.
///
/// - Isolation: any thread.
struct RunFigures: Sendable {
    /// A loop that does not answer for longer is not waited for.
    private static let answerLimit: Int32 = 100

    let board: StatusBoard
    let latencyStart: LatencyStart
    /// Asks for a turn of the loop.
    let wake: @Sendable () -> Void

    /// The newest status with its details; those of the last request if the loop does not answer.
    ///
    /// - Blocks: for a moment.
    func read() -> (status: Status, details: StatusDetails) {
        if let answered = try? WakePipe() {
            board.requestDetails { answered.wake() }
            wake()
            _ = answered.wait(atMost: Self.answerLimit)
        }
        return (board.status, board.details)
    }

    /// The newest latencies and interruptions.
    ///
    /// - Blocks: for a moment.
    func timings() -> TimingFigures {
        TimingFigures(timings: read().details.timings, start: latencyStart)
    }
}

/// Writes a line of figures whenever one is asked for.
///
/// - Isolation: any thread.
final class AskedFigures: Sendable {
    private let figures: RunFigures
    private let log: StatsLog
    /// Of the time since the last line; nil once the run is over.
    private let line: Mutex<StatsLine?>

    init(_ figures: RunFigures, _ log: StatsLog) {
        self.figures = figures
        self.log = log
        line = Mutex(StatsLine(every: .max, from: .now))
    }

    /// Writes a line.
    ///
    /// - Blocks: for a moment.
    func show() {
        line.withLock { line in
            guard line != nil else { return }
            let timings = figures.timings()
            if let figures = line?.end(figures.board.status, timings, at: .now) {
                log.write(figures)
            }
        }
    }

    /// Writes none from now on.
    func stop() {
        line.withLock { $0 = nil }
    }
}
