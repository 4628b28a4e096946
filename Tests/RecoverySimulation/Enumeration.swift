// Small spaces are not sampled but enumerated: up to a number of faults, each at every step.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery

/// Every run of a few messages in which at most a few faults happen, each at every step.
package struct Enumeration {
    /// A fault of one sender, and the step before which it happened.
    package typealias Happening = (step: Int, fault: Fault, sender: Int)

    /// Runs that were made to their end.
    package private(set) var caseCount = 0
    /// The first run with a violation.
    package private(set) var failure: (happenings: [Happening], violations: [String])?

    private let senderCount: Int
    /// Of each sender.
    private let messageCount: Int
    private let isPreSettled: Bool
    private var path: [Happening] = []

    /// More than a run can take once its faults are over.
    private static let stepsMax = 400

    package init(senders: Int = 1, messages: Int, isPreSettled: Bool = false) {
        senderCount = senders
        messageCount = messages
        self.isPreSettled = isPreSettled
    }

    private func makeRun(isTraced: Bool = false) -> LockStep {
        var options = RecoveryOptions()
        options.mayReconnect = true
        options.isPreSettled = isPreSettled
        // A backlog that does not leave is polled every 10 ms.
        if isPreSettled { options.outcomeTimeout = 100 }
        options.retry = RetryPolicy(interval: 100, multiplier: 2, maximum: 1_000)
        options.window = 2
        var pace = SendPace()
        pace.interval = 0
        var driver = Driver(
            options: options, pace: pace, endpointCount: messageCount == 2 ? 2 : 1,
            sizes: Array(
                repeating: Array(repeating: 10, count: messageCount), count: senderCount))
        driver.isTraced = isTraced
        return LockStep(driver: driver)
    }

    /// Makes all runs with at most this many faults, up to the first violation; with `first`, only
    /// those that begin with this fault.
    package mutating func explore(faults: Int, first: Fault? = nil) {
        explore(makeRun(), step: 0, faults: faults, among: first.map { [$0] } ?? Fault.allCases)
    }

    private mutating func explore(_ run: LockStep, step: Int, faults: Int, among: [Fault]) {
        var run = run
        var step = step
        while !isOver(run, step: step) {
            if faults > 0 { branch(from: run, step: step, faults: faults, among: among) }
            if failure != nil { return }
            run.step()
            step += 1
        }
        caseCount += 1
        judge(run)
    }

    private mutating func branch(from run: LockStep, step: Int, faults: Int, among: [Fault]) {
        for fault in among {
            for sender in 0..<(fault.isOfOneSender ? senderCount : 1) where failure == nil {
                var branch = run
                guard branch.suffer(fault, of: sender) else { continue }
                path.append((step, fault, sender))
                explore(branch, step: step, faults: faults - 1, among: Fault.allCases)
                path.removeLast()
            }
        }
    }

    private func isOver(_ run: LockStep, step: Int) -> Bool {
        run.driver.isFinished || run.driver.isBroken || step >= Enumeration.stepsMax
    }

    private mutating func judge(_ run: LockStep) {
        var violations = run.driver.violations
        let summary = run.driver.summary
        let final = summary.accepted + summary.rejected + summary.givenUp + summary.unconfirmed
        let mayCost = path.contains { $0.fault.mayCostMessage }
        switch run.driver.rules.end {
        case .finished?:
            if final != senderCount * messageCount {
                violations.append("finished, and not all are final")
            }
            if !mayCost, !isPreSettled, summary.accepted != final {
                violations.append("not all are accepted")
            }
        case .unflushed? where isPreSettled && !path.isEmpty:
            break
        case .stopped? where path.contains { $0.fault == .stopIsAskedFor }:
            break
        case let end:
            if violations.isEmpty { violations.append("ended with \(end as Any)") }
        }
        if !violations.isEmpty { failure = (path, violations) }
    }

    /// Prints the run that failed, with every event.
    package func replayFailure() {
        guard let failure else { return }
        var run = makeRun(isTraced: true)
        var step = 0
        for (at, fault, sender) in failure.happenings {
            while step < at {
                run.step()
                step += 1
            }
            print("-- \(fault) of sender \(sender) before step \(at)")
            _ = run.suffer(fault, of: sender)
        }
        while !isOver(run, step: step) {
            run.step()
            step += 1
        }
        for violation in failure.violations {
            print("\(senderCount) senders, \(messageCount) messages each: \(violation)")
        }
    }
}
