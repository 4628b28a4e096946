// The probe of one router.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import ReliableSender

/// Connects to one endpoint, attaches, waits for credit and leaves.
///
/// It is a run with nothing to send and no second attempt.
final class Probe {
    let endpoint: Endpoint
    let destination: Destination
    /// For other threads.
    let stopHandle: StopHandle

    /// The probe's current status.
    let board = StatusBoard()

    private let sender: SendingEngine
    private let observer: ProbeObserver
    private let options: RecoveryOptions

    /// `onFrame` is given each frame as a line.
    init(
        _ endpoint: Endpoint, _ destination: Destination, _ sending: SendingOptions,
        onFrame: ((String) -> Void)?
    ) {
        self.endpoint = endpoint
        self.destination = destination
        var sending = sending
        sending.endpoints = [endpoint]
        sending.recovery = Probe.limits(sending.recovery)
        options = sending.recovery
        observer = ProbeObserver()
        sender = SendingEngine(
            options: sending, routes: [SenderRoute(to: destination, from: NothingToSend())],
            observer: observer, statusBoard: board, onFrame: onFrame)
        stopHandle = sender.stopHandle
        observer.stop = { [stopHandle] in stopHandle.stop() }
    }

    /// The limits of the run; reaching one ends the probe.
    private static func limits(_ run: RecoveryOptions) -> RecoveryOptions {
        let standard = RecoveryOptions()
        var options = standard
        options.retry.attempts = 0
        options.creditReopen = 0
        options.openTimeout = run.openTimeout > 0 ? run.openTimeout : standard.openTimeout
        options.creditNotice = run.creditNotice > 0 ? run.creditNotice : standard.creditNotice
        options.drainTimeout = run.drainTimeout
        return options
    }

    /// Probes the router and returns the result.
    ///
    /// - Blocks: until the result is there.
    func run() throws -> CheckResult {
        let result = try sender.run()
        return CheckResult(
            endpoint: endpoint, address: destination.address, peer: result.peer,
            verdict: verdict(result.end))
    }

    private func verdict(_ end: End) -> CheckResult.Verdict {
        switch end {
        case .finished, .stopped:
            switch observer.hasCredit {
            case true?: .credit
            case false?: .noCredit(within: options.creditNotice)
            case nil: .stopped
            }
        case .connectionFailed(let condition) where observer.isUnopened:
            .noConnection(condition, "can't connect: \(condition.plainWords)")
        case .connectionFailed(let condition), .authenticationRefused(let condition):
            .noConnection(condition, end.sentence(hasUser: endpoint.user != nil) ?? "")
        case .fatalCondition(let condition) where condition != .none,
            .attemptsUsedUp(_, let condition) where condition != .none:
            .noLink(condition, "the link was refused: \(condition.line)")
        case .settledRefused, .unsettledRefused:
            .noLink(.none, end.sentence() ?? "")
        case .fatalCondition, .attemptsUsedUp, .creditTimedOut, .unflushed:
            .noLink(.none, observer.notice?.sentence ?? "the link was refused: no reason given")
        }
    }
}

/// A source that has no message, and is not at its end.
private final class NothingToSend: MessageSource {
    var next: NextMessage? { nil }
    var isAtEnd: Bool { false }
    func take() {}
    func withEncoded(sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {}
    func free(_ sequences: [UInt64]) {}
}

/// Stops the probe once it is known whether there is credit.
private final class ProbeObserver: SendingObserver {
    var stop: () -> Void = {}
    /// nil until it is known.
    private(set) var hasCredit: Bool?
    /// The connection was lost before the peer's open came.
    private(set) var isUnopened = false
    /// The notice of an unanswered attach or begin.
    private(set) var notice: Notice?

    func observe(_ report: Report) {
        switch report {
        case .link(_, .opened(hasCredit: true)):
            conclude(true)
        case .link(_, .notice(.noCredit)):
            conclude(false)
        case .connectionLost(_, _, let unopened, _):
            isUnopened = unopened != nil
        case .notice(let given), .link(_, .notice(let given)):
            if case .attachUnanswered = given { notice = given }
            if case .beginUnanswered = given { notice = given }
        default:
            break
        }
    }

    private func conclude(_ hasCredit: Bool) {
        self.hasCredit = hasCredit
        stop()
    }

    func willIdle() {}

    var isHoldingUp: Bool { false }
}
