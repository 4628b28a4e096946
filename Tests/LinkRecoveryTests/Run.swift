// Drives the machines as their caller does, with virtual time.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LinkRecovery

/// One run of the machines: what happens to them, what they want, and the rules checked all along.
struct Run {
    var recovery: Recovery
    var rules: Rules
    var now = Instant(milliseconds: 1_000_000)
    var outgoingBytes = 0

    /// All that was asked for from the beginning, and the place where the latest step begins.
    private(set) var log: [Action] = []
    private(set) var stepStart = 0

    /// Sizes of the messages that the source has still to give, the next one last.
    private var source: [Int]
    private var lastTaken: UInt64 = 0
    private var isSourceEnded = false
    /// More may come, so that an empty source is not at its end.
    var isSourceOpen = false
    /// Whether every event and action is printed.
    var isTraced = false
    private let allowsWaitsOfZero: Bool

    init(
        messages: Int = 0, sizes: [Int]? = nil, pace: SendPace? = nil, endpoints: Int = 1,
        seed: UInt64 = 1, _ configure: (inout RecoveryOptions) -> Void = { _ in }
    ) {
        var options = RecoveryOptions()
        configure(&options)
        var flatOut = SendPace()
        flatOut.interval = 0
        recovery = Recovery(
            options: options, pace: pace ?? flatOut, endpointCount: endpoints, seed: seed)
        rules = Rules(options: options)
        source = (sizes ?? Array(repeating: 10, count: messages)).reversed()
        allowsWaitsOfZero = options.retry.jitter >= 1
    }

    // MARK: Steps

    /// Hands one event in, and checks the rules.
    mutating func handle(_ event: Event) {
        var actions: [Action] = []
        recovery.handle(event, now: now, into: &actions)
        log += actions
        if isTraced { trace(event, actions) }
        let summary = recovery.summary(now: now)
        check { rules in
            rules.willHandle(event)
            for action in actions { rules.note(action) }
            rules.didHandle(summary)
        }
    }

    private mutating func check(_ body: (inout Rules) -> Void) {
        let before = rules.violations.count
        body(&rules)
        for violation in rules.violations[before...] {
            Issue.record("\(violation), \(now.milliseconds - 1_000_000) ms after the start")
        }
    }

    private func trace(_ event: Event, _ actions: [Action]) {
        print("\(now.milliseconds - 1_000_000)", event)
        for action in actions { print("        ", action) }
    }

    /// Begins a step, to which `actions` refers from now on.
    mutating func beginStep() {
        stepStart = log.count
    }

    /// Takes what can be taken, as the caller does at the end of every batch and wake-up.
    mutating func turn(afterTime: Bool = false) {
        while let size = source.last, recovery.canTake(size: size) {
            source.removeLast()
            lastTaken += 1
            handle(.message(sequence: lastTaken, size: size))
        }
        if source.isEmpty, !isSourceOpen, !isSourceEnded {
            isSourceEnded = true
            handle(.sourceEnded)
        }
        handle(.turnEnded)
        check { $0.didEndTurn() }
        guard afterTime, !isFinished, let armed = rules.armedAt else { return }
        let isLater = allowsWaitsOfZero ? armed >= now : armed > now
        if !isLater { Issue.record("a wake-up in the past is armed again: a hot loop") }
    }

    mutating func start() {
        beginStep()
        handle(.started)
        turn()
    }

    mutating func stop() {
        beginStep()
        handle(.stopRequested)
        turn()
    }

    /// More messages at the source, found because another thread said so.
    mutating func offer(_ count: Int, size: Int = 10) {
        source.insert(contentsOf: Array(repeating: size, count: count), at: 0)
        beginStep()
        wake()
    }

    // MARK: Time

    /// Says that time came, at this very moment.
    mutating func wake() {
        handle(.timeCame(outgoingBytes: outgoingBytes))
        turn(afterTime: true)
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

    /// How the run ended; nil while it goes on.
    var end: End? {
        if case .finish(let end)? = log.last { return end }
        return nil
    }

    var summary: Summary { recovery.summary(now: now) }

    /// Sequences sent in the latest step.
    var sent: [UInt64] {
        actions.compactMap { if case .send(let sequence, _) = $0 { sequence } else { nil } }
    }

    var reports: [Report] {
        actions.compactMap { if case .report(let report) = $0 { report } else { nil } }
    }

    var notices: [Notice] {
        reports.compactMap { if case .notice(let notice) = $0 { notice } else { nil } }
    }

    /// Kinds of the outcomes reported in the latest step.
    var outcomes: [OutcomeReport.Kind] {
        reports.compactMap { if case .outcome(let outcome) = $0 { outcome.kind } else { nil } }
    }

    /// The commands of the latest step, reports and wake-ups left out, by name and number.
    var commands: [String] { actions.compactMap(\.command) }

    /// How many attaches were asked for in the latest step.
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
        case .dropSession(let id): "dropSession \(id.number)"
        case .openLink(let id): "openLink \(id.number)"
        case .closeLink(let id): "closeLink \(id.number)"
        case .dropLink(let id): "dropLink \(id.number)"
        case .send(let sequence, _): "send \(sequence)"
        case .returnCredit: "returnCredit"
        case .forget(let sequence): "forget \(sequence)"
        case .finish: "finish"
        case .wake, .report: nil
        }
    }
}
