// One look at one router.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import LinkRecovery
import Sending

/// Connects to one endpoint, attaches, waits for credit and leaves.
///
/// The machines of a run do it, with nothing to send and no second attempt.
final class Probe {
    let endpoint: Endpoint
    /// For other threads.
    let stopHandle: StopHandle

    /// How it stands.
    let board = StatusBoard()

    private let sender: MessageSender
    private let observer: ProbeObserver
    private let options: RecoveryOptions

    /// `onFrame` is given each frame as a line.
    init(_ endpoint: Endpoint, _ sending: SendingOptions, onFrame: ((String) -> Void)?) {
        self.endpoint = endpoint
        var sending = sending
        sending.endpoints = [endpoint]
        sending.recovery = Probe.limits(sending.recovery)
        options = sending.recovery
        observer = ProbeObserver()
        sender = MessageSender(
            options: sending, source: NothingToSend(), observer: observer, statusBoard: board,
            onFrame: onFrame)
        stopHandle = sender.stopHandle
        observer.stop = { [stopHandle] in stopHandle.stop() }
    }

    /// A run's limits, each of which ends the probe.
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

    /// Does it, and says what was found.
    ///
    /// Blocks.
    func run() throws -> CheckResult {
        let result = try sender.run()
        return CheckResult(endpoint: endpoint, peer: result.peer, verdict: verdict(result.end))
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
    func forget(sequence: UInt64) {}
}

/// Stops a run as soon as it is known whether there is credit.
private final class ProbeObserver: SendingObserver {
    var stop: () -> Void = {}
    /// nil as long as nobody knows.
    private(set) var hasCredit: Bool?
    /// The connection was lost before its peer had opened.
    private(set) var isUnopened = false
    /// What was waited for in vain.
    private(set) var notice: Notice?

    func observe(_ report: Report) {
        switch report {
        case .linkOpened(hasCredit: true):
            conclude(true)
        case .notice(.noCredit):
            conclude(false)
        case .connectionLost(_, _, let unopened):
            isUnopened = unopened != nil
        case .notice(let given):
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
