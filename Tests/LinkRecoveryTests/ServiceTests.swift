// A run whose senders come and go.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

@Suite struct ServiceTests {
    private let now = Instant(milliseconds: 1_000)

    /// A run that is connected, and has a sender, which is attached on the first session.
    private func makeRun(
        _ configure: (inout RecoveryOptions) -> Void = { _ in }
    ) -> (RunStateMachine, Recorder) {
        var options = RecoveryOptions()
        configure(&options)
        var recorder = Recorder()
        var run = RunStateMachine(options: options, paces: [], isService: true, seed: 1)
        run.handle(.started, now: now, with: &recorder)
        run.handle(.connection(ConnectionID(1), .opened(peer: "peer")), now: now, with: &recorder)
        run.handle(.batchEnded(ConnectionID(1)), now: now, with: &recorder)
        _ = run.addSender(pace: SendPace(), isPreSettled: false, now: now, with: &recorder)
        return (run, recorder)
    }

    private func commands(_ recorder: inout Recorder) -> [String] {
        defer { recorder.actions.removeAll() }
        return recorder.actions.compactMap(\.command)
    }

    @Test("a service connects without a sender, and opens a session for the first")
    func connects() {
        var (_, recorder) = makeRun()
        #expect(commands(&recorder) == ["connect 1 to 0", "openSession 1", "openLink 1"])
    }

    @Test(
        "where all senders of a session have ended, the next sender gets a session of its own",
        arguments: [true, false])
    func nextSender(isFatal: Bool) {
        let condition = ErrorCondition(name: "app:gone")
        var (run, recorder) = makeRun {
            if isFatal { $0.fatalConditions = [condition.name] } else { $0.retry.attempts = 0 }
        }
        _ = commands(&recorder)
        run.handle(.sessionLost(SessionID(1), condition), now: now, with: &recorder)
        run.handle(.batchEnded(ConnectionID(1)), now: now, with: &recorder)
        #expect(commands(&recorder) == ["freeLink 1", "freeSession 1"])
        _ = run.addSender(pace: SendPace(), isPreSettled: false, now: now, with: &recorder)
        let link = LinkID(sender: SenderID(1), attach: 1)
        #expect(commands(&recorder) == ["openSession 2", "openLink \(link.number)"])
    }

    @Test("a service without senders ends when it is asked to")
    func stop() {
        var recorder = Recorder()
        var run = RunStateMachine(options: RecoveryOptions(), paces: [], isService: true, seed: 1)
        run.handle(.started, now: now, with: &recorder)
        run.handle(.turnEnded(), now: now, with: &recorder)
        run.handle(.stopRequested(), now: now, with: &recorder)
        run.handle(.turnEnded(), now: now, with: &recorder)
        #expect(commands(&recorder) == ["connect 1 to 0", "abortConnection 1"])
    }
}
