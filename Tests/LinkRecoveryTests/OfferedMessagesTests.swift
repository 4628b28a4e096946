// Messages that a context offers.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

/// A context that has messages, and records the rest.
private struct OfferingContext: RecoveryContext {
    var recorder = Recorder()
    private var isOffering = false

    init(sizes: [Int] = []) {
        recorder = Recorder(sizes: [sizes])
    }

    func outgoingBytes(on session: SessionID) -> Int { 0 }
    func isAnswered(_ session: SessionID) -> Bool { true }
    func credit(of link: LinkID) -> Int { .max }
    mutating func perform(_ action: Action) {
        // A source that is asked for a message while it offers would be in its own way.
        if isOffering, action.sendsNothing { Issue.record("\(action) while messages are offered") }
        recorder.perform(action)
    }

    mutating func offerMessages(
        to sender: SenderID, while hasRoom: (_ size: Int) -> Bool,
        _ take: (inout OfferingContext, _ sequence: UInt64, _ size: Int) -> Void
    ) {
        isOffering = true
        defer { isOffering = false }
        while let size = recorder.next(of: sender), hasRoom(size) {
            take(&self, recorder.offer(to: sender), size)
        }
    }
}

@Suite struct OfferedMessagesTests {
    private static let now = Instant(milliseconds: 0)
    private static let link = LinkID(sender: SenderID(0), attach: 1)

    /// A machine whose link has this credit, and takes no message larger than 100 bytes.
    private func machine(
        credit: Int, isPreSettled: Bool, with context: inout OfferingContext
    ) -> RunStateMachine {
        var options = RecoveryOptions()
        options.window = 7
        options.windowBytes = 120
        var pace = SendPace()
        pace.interval = 0
        var run = RunStateMachine(options: options, seed: 1)
        _ = run.addSender(
            pace: pace, isPreSettled: isPreSettled, now: Self.now, with: &context)
        for event in [
            Event.started, .turnEnded(), .connection(ConnectionID(1), .opened(peer: "")),
            .batchEnded(ConnectionID(1)), .turnEnded(),
            .link(Self.link, .opened(LinkProperties(hasTarget: true, maxMessageSize: 100))),
            .link(Self.link, .credit(credit, isDraining: false)), .batchEnded(ConnectionID(1)),
        ] {
            run.handle(event, now: Self.now, with: &context)
        }
        context.recorder.actions.removeAll()
        return run
    }

    /// Takes until nothing more is taken; returns how many were.
    private func takeAll(
        _ sizes: [Int], credit: Int, isPreSettled: Bool
    ) -> (count: Int, run: RunStateMachine, actions: [Action]) {
        var context = OfferingContext(sizes: sizes)
        var run = machine(credit: credit, isPreSettled: isPreSettled, with: &context)
        var count = 0
        while true {
            let more = run.takeMessages(
                for: SenderID(0), atMost: 8, now: Self.now, with: &context)
            guard more > 0 else { return (count, run, context.recorder.actions) }
            count += more
        }
    }

    @Test(
        "as many are taken and sent as credit and window allow",
        arguments: [1, 3, 6, 7, 20], [false, true])
    func counts(credit: Int, isPreSettled: Bool) {
        let (count, run, actions) = takeAll(
            Array(repeating: 10, count: 12), credit: credit, isPreSettled: isPreSettled)
        #expect(count == min(credit, 7))
        #expect(actions.reduce(0) { $0 + $1.sentCount } == count)
        #expect(
            actions.compactMap(\.sentSequence) == Array(1...UInt64(count)),
            "the sequences in their order")
        #expect(run.summary(now: Self.now).taken == count)
        #expect(run.summary(now: Self.now).unconfirmed == (isPreSettled ? count : 0))
    }

    @Test("as many are taken as the bytes of the window allow", arguments: [false, true])
    func bytes(isPreSettled: Bool) {
        let (count, _, _) = takeAll([10, 90, 30, 10], credit: 20, isPreSettled: isPreSettled)
        #expect(count == 2)
    }

    @Test("one that is too large is given up, and those behind it are sent")
    func tooLarge() {
        let (count, run, actions) = takeAll([10, 101, 10], credit: 20, isPreSettled: false)
        #expect(count == 3 && run.summary(now: Self.now).givenUp == 1)
        #expect(actions.compactMap(\.sentSequence) == [1, 3])
        #expect(actions.flatMap(\.finals) == [2])
    }

    @Test("no more is taken than was asked for, and nothing within a batch")
    func bounds() {
        var context = OfferingContext(sizes: Array(repeating: 1, count: 5))
        var run = machine(credit: 20, isPreSettled: false, with: &context)
        #expect(run.takeMessages(for: SenderID(0), atMost: 2, now: Self.now, with: &context) == 2)
        run.handle(
            .link(Self.link, .credit(10, isDraining: false)), now: Self.now, with: &context)
        #expect(run.takeMessages(for: SenderID(0), atMost: 2, now: Self.now, with: &context) == 0)
        run.handle(.batchEnded(ConnectionID(1)), now: Self.now, with: &context)
        #expect(run.takeMessages(for: SenderID(0), atMost: 9, now: Self.now, with: &context) == 3)
    }
}

extension Action {
    fileprivate var sendsNothing: Bool {
        if case .send = self { false } else { true }
    }

    fileprivate var sentSequence: UInt64? {
        if case .send(let sequence, _, _) = self { sequence } else { nil }
    }

    fileprivate var sentCount: Int {
        if case .report(.link(_, .sent(_, let count))) = self { count } else { 0 }
    }

    fileprivate var finals: [UInt64] {
        guard case .report(.link(_, .outcome(let outcome))) = self, outcome.kind != .returned else {
            return []
        }
        return outcome.sequences
    }
}
