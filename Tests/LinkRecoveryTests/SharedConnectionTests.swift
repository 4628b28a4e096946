// Senders that share a connection, when one of them loses its link.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

@Suite struct SharedConnectionTests {
    private let start = Instant(milliseconds: 1_000)

    /// A run of two senders with two endpoints, connected, whose links are asked for.
    private func makeRun(
        isSessionAnswered: Bool = true,
        _ configure: (inout RecoveryOptions) -> Void = { _ in }
    ) -> (RunStateMachine, Recorder) {
        var options = RecoveryOptions()
        options.mayReconnect = true
        configure(&options)
        var flatOut = SendPace()
        flatOut.interval = 0
        var recorder = Recorder(sizes: [[], []])
        recorder.isSessionAnswered = isSessionAnswered
        var run = RunStateMachine(options: options, endpointCount: 2, seed: 1)
        for _ in 0...1 {
            _ = run.addSender(
                pace: flatOut, isPreSettled: options.isPreSettled, now: start, with: &recorder)
        }
        let connection = ConnectionID(1)
        for event in [
            Event.started, .turnEnded(), .connection(connection, .opened(peer: "")),
            .batchEnded(connection), .turnEnded(),
        ] {
            run.handle(event, now: start, with: &recorder)
        }
        return (run, recorder)
    }

    /// The armed wake-up.
    private func wake(_ recorder: Recorder) -> Instant? {
        let wakes = recorder.actions.compactMap { action -> Instant? in
            if case .wake(let at) = action { at } else { nil }
        }
        return wakes.last
    }

    @Test(
        "where one sender's refusal leads to the next endpoint, no other waits for another attach here",
        arguments: [0, 1])
    func refusedTogether(refused: Int) throws {
        var (run, recorder) = makeRun { $0.drainTimeout = 5_000 }
        let conditions = ["amqp:not-found", "qd:routed-link-lost"]
        for sender in 0...1 {
            let link = LinkID(sender: SenderID(sender), attach: 1)
            let condition = ErrorCondition(name: conditions[sender == refused ? 0 : 1])
            run.handle(
                .link(link, .opened(LinkProperties(hasTarget: false, maxMessageSize: 0))),
                now: start,
                with: &recorder)
            run.handle(.link(link, .detached(condition)), now: start, with: &recorder)
        }
        run.handle(.batchEnded(ConnectionID(1)), now: start, with: &recorder)
        run.handle(.turnEnded(), now: start, with: &recorder)
        #expect(recorder.actions.compactMap(\.command).contains("closeConnection 1"))
        let lost = recorder.actions.count {
            if case .report(.link(_, .lost)) = $0 { true } else { false }
        }
        #expect(lost == 2, "each sender has heard of its own detach")
        // The close is waited for, and nothing else: an attach that can't be made would wake it for ever.
        let at = try #require(wake(recorder))
        #expect(at == start + 5_000)
    }

    private func opened(_ recorder: inout Recorder) -> [String] {
        defer { recorder.actions.removeAll() }
        return recorder.actions.compactMap(\.command).filter { $0.hasPrefix("openLink") }
    }

    @Test("until the begin is answered, which says how many links it allows, one sender attaches")
    func unansweredBegin() {
        var (run, recorder) = makeRun(isSessionAnswered: false)
        let links = [0, 1].map { LinkID(sender: SenderID($0), attach: 1) }
        #expect(opened(&recorder) == ["openLink \(links[0].number)"])
        recorder.isSessionAnswered = true
        run.handle(.batchEnded(ConnectionID(1)), now: start, with: &recorder)
        #expect(opened(&recorder) == ["openLink \(links[1].number)"])
    }

    @Test("when the one that attached on it ends, the next one attaches")
    func endBeforeTheAnswer() {
        var (run, recorder) = makeRun(isSessionAnswered: false) {
            $0.openTimeout = 500
            $0.retry.attempts = 0
        }
        _ = opened(&recorder)
        run.handle(.timeCame, now: start + 500, with: &recorder)
        run.handle(.turnEnded(), now: start + 500, with: &recorder)
        let second = LinkID(sender: SenderID(1), attach: 1)
        #expect(opened(&recorder) == ["openLink \(second.number)"])
    }

    @Test(
        "a link that was proven and lost in one event has worked: a new round of endpoints begins")
    func provenAndLost() throws {
        var (run, recorder) = makeRun {
            $0.isPreSettled = true
            $0.outcomeTimeout = 500
            $0.retry = RetryPolicy(interval: 50, maximum: 500)
        }
        recorder.offered = [[1], []]
        let connection = ConnectionID(1)
        let link = LinkID(sender: SenderID(0), attach: 1)
        for event in [
            Event.link(link, .opened(LinkProperties(hasTarget: true, maxMessageSize: 0))),
            .link(link, .credit(5, isDraining: false)), .batchEnded(connection),
        ] {
            run.handle(event, now: start, with: &recorder)
        }
        _ = run.takeMessages(for: SenderID(0), atMost: 1, now: start, with: &recorder)
        // The sent message does not leave for as long as credit has to be held to prove the link.
        recorder.outgoingBytes = 1
        let later = start + 500
        run.handle(.turnEnded(), now: start, with: &recorder)
        run.handle(.timeCame, now: later, with: &recorder)
        run.handle(.turnEnded(), now: later, with: &recorder)
        #expect(recorder.actions.compactMap(\.command).contains("abortConnection 1"))
        run.handle(.connection(connection, .lost(.transport, .none)), now: later, with: &recorder)
        run.handle(.batchEnded(connection), now: later, with: &recorder)
        run.handle(.turnEnded(), now: later, with: &recorder)
        #expect(wake(recorder) == later)
    }

    /// The ends of senders that were reported, in their order.
    private func ends(_ recorder: Recorder) -> [End] {
        recorder.actions.compactMap { action in
            if case .report(.link(_, .ended(let end))) = action { end } else { nil }
        }
    }

    @Test("a flush that is cut off, as the connection is given up for another sender, has failed")
    func flushCutOff() {
        var (run, recorder) = makeRun { $0.isPreSettled = true }
        recorder.offered = [[1], []]
        let links = [0, 1].map { LinkID(sender: SenderID($0), attach: 1) }
        let notFound = ErrorCondition(name: ConditionName.notFound)
        func tell(_ event: Event) { run.handle(event, now: start, with: &recorder) }
        tell(.link(links[0], .opened(LinkProperties(hasTarget: true, maxMessageSize: 0))))
        tell(.link(links[0], .credit(1, isDraining: false)))
        tell(.batchEnded(ConnectionID(1)))
        #expect(run.takeMessages(for: SenderID(0), atMost: 1, now: start, with: &recorder) == 1)
        tell(.sourceEnded(SenderID(0)))
        tell(.turnEnded())
        #expect(recorder.actions.compactMap(\.command).contains("closeLink \(links[0].number)"))
        tell(.link(links[1], .opened(LinkProperties(hasTarget: false, maxMessageSize: 0))))
        tell(.link(links[1], .detached(notFound)))
        tell(.batchEnded(ConnectionID(1)))
        #expect(recorder.actions.compactMap(\.command).contains("closeConnection 1"))
        #expect(ends(recorder) == [.unflushed(notFound)])
    }

    @Test(
        "of sessions that are lost together each sender hears of its own detach, whichever comes first",
        arguments: [[0, 1], [1, 0]])
    func sessionsLostTogether(order: [Int]) {
        var (run, recorder) = makeRun()
        var time = start
        func tell(_ event: Event) { run.handle(event, now: time, with: &recorder) }
        func serve(_ link: LinkID) {
            tell(.link(link, .opened(LinkProperties(hasTarget: true, maxMessageSize: 0))))
            tell(.link(link, .credit(1, isDraining: false)))
            tell(.batchEnded(ConnectionID(1)))
        }
        serve(LinkID(sender: SenderID(0), attach: 1))
        // Attaches of the other are not answered, which leads to a session of its own.
        while run.connection.sessions.open(for: 1) != SessionID(2) {
            time = time + 1_000
            tell(.timeCame)
            tell(.turnEnded())
        }
        let attach = UInt32(4)
        serve(LinkID(sender: SenderID(1), attach: attach))
        let redirect = ErrorCondition(name: "amqp:link:redirect")
        let losses: [(link: LinkID, ErrorCondition, SessionID)] = [
            (
                LinkID(sender: SenderID(0), attach: 1),
                ErrorCondition(name: ConditionName.notFound), SessionID(1)
            ),
            (LinkID(sender: SenderID(1), attach: attach), redirect, SessionID(2)),
        ]
        for (link, condition, session) in order.map({ losses[$0] }) {
            tell(.link(link, .detached(condition)))
            tell(.sessionLost(session, .none))
        }
        tell(.batchEnded(ConnectionID(1)))
        #expect(ends(recorder) == [.fatalCondition(redirect)])
        #expect(recorder.actions.compactMap(\.command).contains("closeConnection 1"))
    }
}
