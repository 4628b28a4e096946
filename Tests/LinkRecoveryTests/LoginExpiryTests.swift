// A login that ends while the connection is up.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

/// A run of three messages, whose peer does as a test says.
private struct ExpiringRun {
    private var machine: RunStateMachine
    private var recorder = Recorder(sizes: [[10, 10, 10]])
    private var now = Instant(milliseconds: 0)
    private var connection = ConnectionID(0)
    private var link: LinkID?
    /// By sequence, the tag of the last attempt.
    private(set) var tags: [UInt64: DeliveryTag] = [:]
    private(set) var finals: [UInt64: FinalOutcome] = [:]
    private(set) var closeCount = 0
    private(set) var losses: [(ErrorCondition, retryIn: Milliseconds?)] = []

    static let refused = Outcome.rejected(ErrorCondition(name: "amqp:unauthorized-access"))

    init(_ configure: (inout RecoveryOptions) -> Void = { _ in }) {
        var options = RecoveryOptions()
        options.mayReconnect = true
        options.isLoginRenewable = true
        configure(&options)
        var flatOut = SendPace()
        flatOut.interval = 0
        machine = RunStateMachine(options: options, seed: 1)
        _ = machine.addSender(pace: flatOut, isPreSettled: false, now: now, with: &recorder)
        tell(.started)
        serve()
        _ = machine.takeMessages(for: .first, atMost: 3, now: now, with: &recorder)
        note()
        tell(.sourceEnded(.first))
    }

    private mutating func tell(_ event: Event) {
        machine.handle(event, now: now, with: &recorder)
        note()
    }

    /// Notes what the machines have done.
    private mutating func note() {
        for action in recorder.actions {
            switch action {
            case .connect(let id, _): connection = id
            case .openLink(let id, _): link = id
            case .send(let sequence, let tag, _): tags[sequence] = tag
            case .closeConnection: closeCount += 1
            case .report(.link(_, .outcome(let outcome))):
                guard case .final(let final) = outcome.kind else { break }
                for sequence in outcome.sequences { finals[sequence] = final }
            case .report(.connectionLost(let condition, let retryIn, _, _)):
                losses.append((condition, retryIn))
            default: break
            }
        }
        recorder.actions.removeAll()
    }

    /// Lets us in, and grants credit.
    mutating func serve() {
        tell(.connection(connection, .opened(peer: "peer")))
        tell(.batchEnded(connection))
        guard let link else { return }
        tell(.link(link, .opened(LinkProperties(hasTarget: true, maxMessageSize: 0))))
        tell(.link(link, .credit(100, isDraining: false)))
        tell(.batchEnded(connection))
    }

    /// Gives outcomes, which come together.
    mutating func settle(_ outcomes: (UInt64, Outcome)...) {
        guard let link else { return }
        for (sequence, outcome) in outcomes {
            guard let tag = tags[sequence] else { continue }
            tell(.link(link, .outcome(tag, outcome)))
        }
        tell(.batchEnded(connection))
    }

    /// Ends the connection, and lets the next one begin.
    mutating func lose(
        _ loss: ConnectionLoss = .closed, _ condition: ErrorCondition = .none
    ) {
        tell(.connection(connection, .lost(loss, condition)))
        tell(.batchEnded(connection))
        guard let wait = losses.last?.retryIn else { return }
        now = now + wait
        tell(.timeCame)
    }
}

@Suite struct LoginExpiryTests {
    @Test(
        "a rejection on a connection that has accepted leads to another login, and a second attempt"
    )
    func renewed() {
        var run = ExpiringRun()
        run.settle((1, .accepted))
        run.settle((2, ExpiringRun.refused))
        #expect(run.finals == [1: .accepted] && run.closeCount == 1)
        let before = run.tags
        run.lose()
        #expect(run.losses.map(\.0.name) == ["login:expired"])
        #expect(run.losses.map(\.retryIn) == [2000])
        run.serve()
        // Those that were in flight are sent again as well.
        #expect(run.tags[2] != before[2] && run.tags[3] != before[3])
        run.settle((2, .accepted), (3, .accepted))
        #expect(run.finals == [1: .accepted, 2: .accepted, 3: .accepted])
    }

    @Test("an acceptance that comes with the rejection counts")
    func together() {
        var run = ExpiringRun()
        run.settle((1, .accepted), (2, ExpiringRun.refused), (3, ExpiringRun.refused))
        #expect(run.finals == [1: .accepted] && run.closeCount == 1)
    }

    @Test(
        "rejected on the new login too, a message is rejected, whatever else comes",
        arguments: [true, false])
    func rejectedAgain(acceptsOther: Bool) {
        var run = ExpiringRun()
        run.settle((1, .accepted), (2, ExpiringRun.refused))
        run.lose()
        run.serve()
        if acceptsOther {
            run.settle((3, .accepted), (2, ExpiringRun.refused))
        } else {
            run.settle((2, ExpiringRun.refused))
        }
        guard case .rejected? = run.finals[2] else {
            Issue.record("\(run.finals)")
            return
        }
        #expect(run.losses.count == 1)
    }

    @Test(
        "before anything was accepted, or where no other login can come, a rejection is final",
        arguments: 0...3)
    func final(which: Int) {
        var run = ExpiringRun {
            if which == 1 { $0.isLoginRenewable = false }
            if which == 2 { $0.mayReconnect = false }
            if which == 3 { $0.fatalConditions = ["amqp:unauthorized-access"] }
        }
        if which > 0 { run.settle((1, .accepted)) }
        run.settle((2, ExpiringRun.refused))
        guard case .rejected? = run.finals[2] else {
            Issue.record("\(run.finals)")
            return
        }
        #expect(run.closeCount == 0)
    }

    @Test(
        "a login that is renewed is tried again at the interval; another one more slowly",
        arguments: [true, false])
    func refusedLogin(isRenewable: Bool) {
        var run = ExpiringRun { $0.isLoginRenewable = isRenewable }
        run.settle((1, .accepted))
        let refusal = ErrorCondition(name: "amqp:unauthorized-access")
        run.lose(.transport)
        for _ in 1...3 { run.lose(.authentication, refusal) }
        #expect(
            run.losses.dropFirst().map(\.retryIn)
                == (isRenewable ? [2000, 2000, 2000] : [5000, 10000, 20000]))
    }
}
