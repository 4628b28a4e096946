// A simulated run as the tests write it: steps, and what came of the latest.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

/// One run of the machines, with every violation of a rule recorded as an issue.
struct Run {
    private var driver: Driver
    private var issueCount = 0
    /// The place in the log at which the latest step begins.
    private var stepStart = 0

    init(
        messages: Int = 0, sizes: [Int]? = nil, pace: SendPace? = nil, endpoints: Int = 1,
        seed: UInt64 = 1, _ configure: (inout RecoveryOptions) -> Void = { _ in }
    ) {
        var options = RecoveryOptions()
        configure(&options)
        var flatOut = SendPace()
        flatOut.interval = 0
        driver = Driver(
            options: options, pace: pace ?? flatOut, endpointCount: endpoints,
            sizes: [sizes ?? Array(repeating: 10, count: messages)], seed: seed)
    }

    var options: RecoveryOptions { driver.machine.options }
    var rules: Rules { driver.rules }
    /// All that was asked for from the beginning.
    var log: [Action] { driver.log }

    var now: Instant {
        get { driver.now }
        set { driver.now = newValue }
    }

    /// The context that the machines act on.
    var recorder: Recorder {
        get { driver.recorder }
        set { driver.recorder = newValue }
    }

    var outgoingBytes: Int {
        get { driver.outgoingBytes }
        set { driver.outgoingBytes = newValue }
    }

    var isSourceOpen: Bool {
        get { driver.isSourceOpen }
        set { driver.isSourceOpen = newValue }
    }

    var isSourceDelayed: Bool {
        get { driver.isSourceDelayed }
        set { driver.isSourceDelayed = newValue }
    }

    var footprint: Int { driver.machine.footprint(of: .first) }

    /// Forgets what was asked for before the latest step.
    mutating func forgetLog() {
        driver.log.removeFirst(stepStart)
        stepStart = 0
    }

    // MARK: Steps

    /// Begins a step, to which `actions` refers from now on.
    mutating func beginStep() {
        stepStart = log.count
    }

    mutating func handle(_ event: Event) {
        driver.handle(event)
        recordIssues()
    }

    mutating func endBatch(_ connection: ConnectionID) {
        driver.endBatch(connection)
        recordIssues()
    }

    mutating func turn() {
        driver.turn()
        recordIssues()
    }

    mutating func start() {
        beginStep()
        driver.begin()
        recordIssues()
    }

    mutating func stop() {
        beginStep()
        driver.stop()
        recordIssues()
    }

    /// More messages at the source, found because another thread said so.
    mutating func offer(_ count: Int, size: Int = 10) {
        beginStep()
        driver.offer(count, size: size)
        recordIssues()
    }

    private mutating func recordIssues() {
        for violation in driver.violations.dropFirst(issueCount) {
            Issue.record("\(violation), \(driver.elapsed) ms after the start")
        }
        issueCount = driver.violations.count
    }

    // MARK: Time

    /// Says that time came, at this very moment.
    mutating func wake() {
        driver.wake()
        recordIssues()
    }

    /// Lets time pass, with every wake-up that was asked for on the way, as one step.
    mutating func pass(_ length: Milliseconds) {
        beginStep()
        let until = now + length
        var spins = 0
        while let at = rules.armedAt, at <= until, !isFinished {
            spins = at > now ? 0 : spins + 1
            guard spins < 20 else {
                Issue.record("twenty wake-ups without time passing")
                break
            }
            now = max(now, at)
            wake()
        }
        now = until
    }

    // MARK: What came of it

    /// The actions of the latest step.
    var actions: ArraySlice<Action> { log[stepStart...] }

    var isFinished: Bool { rules.isFinished }

    /// The end of the run; nil while it goes on.
    var end: End? {
        if case .finish(let end)? = log.last { return end }
        return nil
    }

    var summary: Summary { driver.summary }

    var status: Status { driver.status }
    var timings: Timings { driver.timings }

    /// Sequences sent in the latest step.
    var sent: [UInt64] {
        actions.compactMap { if case .send(let sequence, _, _) = $0 { sequence } else { nil } }
    }

    var reports: [Report] {
        actions.compactMap { action in
            switch action {
            // That is what `end` says.
            case .report(.ending): nil
            case .report(let report): report
            default: nil
            }
        }
    }

    var notices: [Notice] {
        reports.compactMap { report in
            switch report {
            case .notice(let notice), .link(_, .notice(let notice)),
                .link(_, .givenUp(let notice, _)):
                notice
            default: nil
            }
        }
    }

    /// Kinds of the outcomes reported in the latest step.
    var outcomes: [OutcomeReport.Kind] {
        reports.compactMap { report in
            if case .link(_, .outcome(let outcome)) = report { outcome.kind } else { nil }
        }
    }

    /// The commands of the latest step, reports and wake-ups left out, by name and number.
    var commands: [String] { actions.compactMap(\.command) }

    /// Number of attaches that were asked for in the latest step.
    var attachCount: Int { commands.count { $0.hasPrefix("openLink") } }

    /// The newest tag of a message, in flight or not.
    func tag(of sequence: UInt64) -> DeliveryTag {
        let tags = rules.sequenceOfTag.filter { $0.value == sequence }.keys
        guard let tag = tags.max(by: { $0.number < $1.number }) else {
            Issue.record("message \(sequence) was never sent")
            return DeliveryTag(0)
        }
        return tag
    }

    /// The wait until the next wake-up; nil when none is armed.
    var wait: Milliseconds? {
        guard let at = rules.armedAt, at < .distantFuture else { return nil }
        return at - now
    }
}

extension Action {
    /// The command in a word; nil for what concerns neither peer nor source.
    var command: String? {
        switch self {
        case .connect(let id, let endpoint): "connect \(id.number) to \(endpoint)"
        case .closeConnection(let id): "closeConnection \(id.number)"
        case .abortConnection(let id): "abortConnection \(id.number)"
        case .openSession(let id): "openSession \(id.number)"
        case .freeSession(let id): "freeSession \(id.number)"
        case .openLink(let id, _): "openLink \(id.number)"
        case .closeLink(let id): "closeLink \(id.number)"
        case .freeLink(let id): "freeLink \(id.number)"
        case .send(let sequence, _, _): "send \(sequence)"
        case .returnCredit: "returnCredit"
        case .free(let sequence, _): "free \(sequence)"
        case .finish: "finish"
        case .wake, .report: nil
        }
    }
}

/// Reports of the first sender.
extension Report {
    static let sendable = Report.link(.first, .sendable)
    static func opened(hasCredit: Bool) -> Report { .link(.first, .opened(hasCredit: hasCredit)) }
    static func sent(total: Int, count: Int = 1) -> Report {
        .link(.first, .sent(total: total, count: count))
    }
    static func reopening(sent: Int) -> Report { .link(.first, .reopening(sent: sent)) }
    static func lost(
        _ condition: ErrorCondition, at stage: LinkStage, wasGivenUp: Bool = false
    ) -> Report {
        .link(.first, .lost(condition, at: stage, wasGivenUp: wasGivenUp))
    }
    static func restored(downtime: Milliseconds, attempts: Int, resent: Int) -> Report {
        .link(.first, .restored(downtime: downtime, attempts: attempts, resent: resent))
    }
    static func linkNotice(_ notice: Notice) -> Report { .link(.first, .notice(notice)) }
    static func linkGivenUp(_ notice: Notice, at stage: LinkStage) -> Report {
        .link(.first, .givenUp(notice, at: stage))
    }
}
