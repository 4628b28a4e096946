// A run whose senders come and go.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

@Suite struct ServiceTests {
    private let now = Instant(milliseconds: 1_000)
    private let flatOut: SendPace = {
        var pace = SendPace()
        pace.interval = 0
        return pace
    }()

    /// A run that is connected, and has a sender, which is attached on the first session.
    private func makeRun(
        _ configure: (inout RecoveryOptions) -> Void = { _ in }
    ) -> (RunStateMachine, Recorder) {
        var options = RecoveryOptions()
        configure(&options)
        var recorder = Recorder()
        var run = RunStateMachine(options: options, isService: true, seed: 1)
        run.handle(.started, now: now, with: &recorder)
        run.handle(.connection(ConnectionID(1), .opened(peer: "peer")), now: now, with: &recorder)
        run.handle(.batchEnded(ConnectionID(1)), now: now, with: &recorder)
        _ = run.addSender(pace: flatOut, isPreSettled: false, now: now, with: &recorder)
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
        let link = LinkID(sender: SenderID(0), attach: 2)
        #expect(commands(&recorder) == ["openSession 2", "openLink \(link.number)"])
    }

    @Test("the place of a sender that has ended is the next one's, once its link is gone")
    func places() {
        var (run, recorder) = makeRun()
        let first = LinkID(sender: SenderID(0), attach: 1)
        func tell(_ event: Event) { run.handle(event, now: now, with: &recorder) }
        func add() -> SenderID {
            run.addSender(pace: SendPace(), isPreSettled: false, now: now, with: &recorder)
        }
        recorder.offered = [[1]]
        tell(
            .link(
                first,
                .opened(LinkProperties(hasTarget: true, maxMessageSize: 0, settleMode: .mixed))))
        tell(.link(first, .credit(10, isDraining: false)))
        tell(.batchEnded(ConnectionID(1)))
        #expect(run.takeMessages(for: SenderID(0), atMost: 1, now: now, with: &recorder) == 1)
        let tags = recorder.actions.compactMap { action -> DeliveryTag? in
            if case .send(_, let tag, _) = action { tag } else { nil }
        }
        tell(.link(first, .outcome(tags[0], .accepted)))
        tell(.batchEnded(ConnectionID(1)))
        tell(.sourceEnded(SenderID(0)))
        tell(.turnEnded())
        #expect(commands(&recorder).last == "closeLink \(first.number)")
        // Its link is not gone yet.
        #expect(add() == SenderID(1))
        tell(.link(first, .detached(.none)))
        tell(.batchEnded(ConnectionID(1)))
        _ = commands(&recorder)
        #expect(add() == SenderID(0))
        let second = LinkID(sender: SenderID(0), attach: 2)
        #expect(
            commands(&recorder) == ["freeLink \(first.number)", "openLink \(second.number)"])
        // A word that is still said of the former link is none on the new sender's.
        tell(.link(first, .detached(.none)))
        tell(.batchEnded(ConnectionID(1)))
        #expect(commands(&recorder).isEmpty)
        #expect(run.summary(now: now).accepted == 1 && run.summary(now: now).addsUp)
    }

    @Test("the place of a sender whose close is not answered is the next one's after a while")
    func unansweredClose() {
        var (run, recorder) = makeRun { $0.drainTimeout = 1_000 }
        let link = LinkID(sender: SenderID(0), attach: 1)
        func tell(_ event: Event, at time: Instant) {
            run.handle(event, now: time, with: &recorder)
        }
        tell(.link(link, .opened(LinkProperties(hasTarget: true, maxMessageSize: 0))), at: now)
        tell(.batchEnded(ConnectionID(1)), at: now)
        tell(.sourceEnded(SenderID(0)), at: now)
        tell(.turnEnded(), at: now)
        #expect(commands(&recorder).last == "closeLink \(link.number)")
        #expect(run.nextSender == SenderID(1))
        tell(.timeCame, at: now + 1_000)
        tell(.turnEnded(), at: now + 1_000)
        #expect(commands(&recorder) == ["freeLink \(link.number)"])
        #expect(run.nextSender == SenderID(0))
    }

    @Test("a session that a sender had for itself is freed when its place is the next one's")
    func ownSession() {
        var (run, recorder) = makeRun()
        var time = now
        func tell(_ event: Event) { run.handle(event, now: time, with: &recorder) }
        func add() -> SenderID {
            run.addSender(pace: flatOut, isPreSettled: false, now: time, with: &recorder)
        }
        let served = LinkID(sender: SenderID(0), attach: 1)
        tell(.link(served, .opened(LinkProperties(hasTarget: true, maxMessageSize: 0))))
        tell(.link(served, .credit(1, isDraining: false)))
        tell(.batchEnded(ConnectionID(1)))
        for session in [2, 3] as [UInt64] {
            // Its attaches are not answered.
            #expect(add() == SenderID(1))
            while !commands(&recorder).contains("openSession \(session)") {
                time = time + 1_000
                tell(.timeCame)
                tell(.turnEnded())
            }
            #expect(run.connection.sessions.open(for: 1) == SessionID(session))
            tell(.sourceEnded(SenderID(1)))
            tell(.turnEnded())
            _ = commands(&recorder)
        }
        #expect(add() == SenderID(1))
        #expect(commands(&recorder).contains("freeSession 3"))
        #expect(run.connection.sessions.open(for: 1) == SessionID(1))
    }

    @Test("a sender that has ended with an error is not forgotten with its place")
    func formerEnd() {
        var recorder = Recorder()
        var run = RunStateMachine(options: RecoveryOptions(), seed: 1)
        func tell(_ event: Event) { run.handle(event, now: now, with: &recorder) }
        func add() -> SenderID {
            run.addSender(pace: flatOut, isPreSettled: false, now: now, with: &recorder)
        }
        // The first keeps its place, though it ends.
        #expect(add() == SenderID(0))
        tell(.started)
        tell(.connection(ConnectionID(1), .opened(peer: "")))
        tell(.batchEnded(ConnectionID(1)))
        #expect(add() == SenderID(1))
        let redirect = ErrorCondition(name: "amqp:link:redirect")
        tell(.link(LinkID(sender: SenderID(1), attach: 1), .detached(redirect)))
        tell(.batchEnded(ConnectionID(1)))
        #expect(add() == SenderID(1))
        for sender in 0...1 { tell(.sourceEnded(SenderID(sender))) }
        tell(.turnEnded())
        tell(.connection(ConnectionID(1), .lost(.closed, .none)))
        tell(.batchEnded(ConnectionID(1)))
        let end = recorder.actions.compactMap { action -> End? in
            if case .finish(let end) = action { end } else { nil }
        }
        #expect(end == [.fatalCondition(redirect)])
    }

    @Test("a second stop may shorten the time, and not make it longer")
    func secondStop() {
        var (run, recorder) = makeRun()
        for (limit, left) in [(60_000, 60_000), (1_000, 1_000), (5_000, 1_000)] as [(Int64, Int64)]
        {
            run.handle(.stopRequested(within: limit), now: now, with: &recorder)
            #expect(run.status(now: now).stopsAt == now + left)
        }
    }

    @Test("a service without senders ends when it is asked to")
    func stop() {
        var recorder = Recorder()
        var run = RunStateMachine(options: RecoveryOptions(), isService: true, seed: 1)
        run.handle(.started, now: now, with: &recorder)
        run.handle(.turnEnded(), now: now, with: &recorder)
        run.handle(.stopRequested(), now: now, with: &recorder)
        run.handle(.turnEnded(), now: now, with: &recorder)
        #expect(commands(&recorder) == ["connect 1 to 0", "abortConnection 1"])
    }
}
