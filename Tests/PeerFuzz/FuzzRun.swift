// One run of the client against a peer that strays, and how it is judged.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
internal import Dispatch
internal import Foundation
internal import LinkRecovery
internal import RawPeer
internal import ReliableSender
internal import Synchronization

/// One run, by its seed.
public struct FuzzRun: Sendable {
    /// The result of one run.
    public struct Result: Sendable {
        /// The rules that were broken; empty: none.
        public var breaches: [String]
        /// The end, in words.
        public var end: String
        /// Number of times that the peer strayed.
        public var strayCount: Int
        /// Outcomes that were reported.
        public var outcomeCount: Int
        /// Those of messages that the peer had not received when it spoke of them.
        public var guessedCount: Int
        /// Connections that were made.
        public var connectionCount: Int
        /// Whether the run ended by itself.
        public var isFinished: Bool
    }

    private let seed: UInt64
    private let options: SendingOptions
    private let destination: Destination
    private let pace: SendPace
    private let messages: MessageBytes
    private let properFrom: Int
    /// When a stop is asked for, in seconds.
    private let stopAfter: Double

    /// Time that a run may last after the stop, in seconds: many with a sanitizer on a busy machine.
    private static let patience = 120.0

    /// Draws a run.
    public init(seed: UInt64) {
        self.seed = seed
        var dice = Dice(seed: seed)
        let count = dice.count(1...12)
        let largest = dice.pick([10, 10, 100, 3000])
        messages = MessageBytes(sizes: (0..<count).map { _ in dice.count(8...largest) })
        properFrom = dice.count(2...4)
        stopAfter = dice.chance(1, of: 16) ? Double(dice.count(0...100)) / 1000 : 5
        var options = SendingOptions(endpoints: [])
        var destination = Destination(address: "queue")
        var pace = SendPace.flatOut
        pace.interval = dice.chance(1, of: 8) ? 1 : 0
        options.idleTimeout = dice.chance(1, of: 4) ? 150 : 0
        options.recovery.mayReconnect = !dice.chance(1, of: 16)
        options.recovery.retry = RetryPolicy(
            interval: 1, maximum: 4, attempts: dice.chance(1, of: 2) ? -1 : dice.count(2...12))
        destination.isPreSettled = dice.chance(1, of: 12)
        options.recovery.window = dice.pick([1, 3, 1000])
        options.recovery.redeliveries = dice.pick([-1, -1, 0, 2])
        options.recovery.openTimeout = 100
        options.recovery.outcomeTimeout = 100
        options.recovery.creditNotice = 30
        options.recovery.creditReopen = 60
        options.recovery.creditTimeout = dice.chance(1, of: 16) ? 300 : 0
        options.recovery.drainTimeout = 60
        self.options = options
        self.destination = destination
        self.pace = pace
    }

    /// Makes the run.
    ///
    /// `narrate` is told what the peer says and hears.
    /// A run that does not end after its stop ends the process, by its seed.
    public func result(narrate: (@Sendable (String) -> Void)? = nil) throws -> Result {
        let stage = Stage(messages: messages, narrate: narrate)
        let peer = try Peer(connectionCountMax: .max) { [seed, properFrom] connection in
            var peer = FuzzPeer(connection, stage: stage, seed: seed, properFrom: properFrom)
            peer.serve()
        }
        var options = options
        options.endpoints = [Endpoint(host: "127.0.0.1", port: peer.port)]
        let source = NumberedMessages(messages)
        let watcher = Watcher(narrate)
        let sender = SendingEngine(
            options: options, routes: [SenderRoute(to: destination, from: source, pace: pace)],
            observer: watcher)
        let stop = DispatchWorkItem { [handle = sender.stopHandle] in handle.stop() }
        let alarm = DispatchWorkItem { [seed] in fatalError("the run of seed \(seed) does not end")
        }
        DispatchQueue.global().asyncAfter(deadline: .now() + stopAfter, execute: stop)
        DispatchQueue.global().asyncAfter(
            deadline: .now() + stopAfter + Self.patience, execute: alarm)
        defer {
            stop.cancel()
            alarm.cancel()
        }
        let sent = try sender.run()
        peer.stop()
        try peer.finish(within: Self.patience)
        let testimony = stage.testimony.withLock { $0 }
        return Result(
            breaches: testimony.breaches + breaches(of: sent, watcher, source)
                + breaches(of: sent.end, testimony)
                + breaches(of: watcher.outcomes, testimony),
            end: "\(sent.end)", strayCount: testimony.strayCount,
            outcomeCount: watcher.outcomes.reduce(0) { $0 + $1.sequences.count },
            guessedCount: watcher.outcomes.reduce(0) { count, outcome in
                count + outcome.sequences.count { isRight(outcome.kind, of: $0, testimony) == nil }
            },
            connectionCount: testimony.connectionCount,
            isFinished: sent.end == .finished)
    }

    /// The account adds up, and is that of the reports.
    private func breaches(
        of sent: SendingResult, _ watcher: Watcher, _ source: NumberedMessages
    ) -> [String] {
        var breaches: [String] = []
        let summary = sent.summary
        if !summary.addsUp || summary.taken != source.takenCount {
            breaches.append("taken \(source.takenCount), and \(summary)")
        }
        var final: [UInt64: Int] = [:]
        var (accepted, rejected, givenUp, unconfirmed) = (0, 0, 0, 0)
        for outcome in watcher.outcomes {
            switch outcome.kind {
            case .final(.accepted): accepted += outcome.sequences.count
            case .final(.rejected): rejected += outcome.sequences.count
            case .final(.givenUp): givenUp += outcome.sequences.count
            case .final(.unconfirmed): unconfirmed += outcome.sequences.count
            case .returned: continue
            }
            for sequence in outcome.sequences { final[sequence, default: 0] += 1 }
        }
        if (accepted, rejected, givenUp) != (summary.accepted, summary.rejected, summary.givenUp)
            || unconfirmed > summary.unconfirmed
        {
            breaches.append("\(summary) is not what was reported")
        }
        for (sequence, count) in final where count > 1 {
            breaches.append("message \(sequence) has \(count) final outcomes")
        }
        if sent.end == .finished, summary.inDoubt + summary.unsent > 0 || !source.isAtEnd {
            breaches.append("finished with \(summary)")
        }
        return breaches
    }

    private func breaches(of end: End, _ testimony: Testimony) -> [String] {
        guard end.condition == ErrorCondition.none, !testimony.hasClosed else { return [] }
        return ["\(end) has no reason"]
    }

    private func breaches(of outcomes: [OutcomeReport], _ testimony: Testimony) -> [String] {
        outcomes.flatMap { outcome in
            outcome.sequences.filter { isRight(outcome.kind, of: $0, testimony) == false }.map {
                "message \($0): \(outcome.kind) is not what the peer said"
            }
        }
    }

    private func isRight(
        _ kind: OutcomeReport.Kind, of sequence: UInt64, _ testimony: Testimony
    ) -> Bool? {
        switch kind {
        case .final(.unconfirmed): destination.isPreSettled
        case .final(.givenUp(.tooLarge(let size, let limit))): UInt64(size) > limit
        default: testimony.isJustified(kind, of: sequence)
        }
    }
}

/// Keeps the outcomes of a run.
private final class Watcher: SendingObserver {
    private(set) var outcomes: [OutcomeReport] = []
    private let narrate: ((String) -> Void)?

    init(_ narrate: ((String) -> Void)?) {
        self.narrate = narrate
    }

    var isHoldingUp: Bool { false }

    func observe(_ report: Report) {
        if case .link(_, .outcome(let outcome)) = report { outcomes.append(outcome) }
        narrate?("\(report)")
    }

    func willIdle() {}
}

extension End {
    /// The condition of the peer or the system, where that is the reason.
    fileprivate var condition: ErrorCondition? {
        switch self {
        case .connectionFailed(let condition), .authenticationRefused(let condition),
            .fatalCondition(let condition), .unflushed(let condition):
            condition
        // The attempts are the reason.
        case .attemptsUsedUp, .finished, .stopped, .creditTimedOut, .settledRefused,
            .unsettledRefused:
            nil
        }
    }
}
