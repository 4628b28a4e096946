// Messages that a context offers, instead of events for them.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation
import Testing

@testable import LinkRecovery

/// A context that has messages, and records the rest.
private struct OfferingContext: RecoveryContext {
    var recorder = Recorder()
    var sizes: [Int] = []
    var lastSequence: UInt64 = 0
    private var isOffering = false

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
        while let size = sizes.first, hasRoom(size) {
            sizes.removeFirst()
            lastSequence += 1
            take(&self, lastSequence, size)
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
        options.isPreSettled = isPreSettled
        var pace = SendPace()
        pace.interval = 0
        var run = RunStateMachine(options: options, paces: [pace], seed: 1)
        for event in [
            Event.started, .turnEnded(), .connection(ConnectionID(1), .opened(peer: "")),
            .batchEnded(ConnectionID(1)), .turnEnded(),
            .link(Self.link, .opened(hasTarget: true, maxMessageSize: 100)),
            .link(Self.link, .credit(credit, isDraining: false)), .batchEnded(ConnectionID(1)),
        ] {
            run.handle(event, now: Self.now, with: &context)
        }
        context.recorder.actions.removeAll()
        return run
    }

    /// What was sent and freed, in order, and the tally of the reports.
    private func effects(_ actions: [Action]) -> [String] {
        actions.compactMap(\.command)
            + [
                "\(actions.reduce(0) { $0 + $1.sentCount }) sent, "
                    + "\(actions.flatMap(\.finals).sorted()) final"
            ]
    }

    @Test(
        "offered messages are taken as messages that come as events are, in the same bounds",
        arguments: [1, 3, 6, 7, 20], [false, true])
    func asEvents(credit: Int, isPreSettled: Bool) {
        for sizes in [Array(repeating: 10, count: 12), [10, 90, 30, 10], [10, 101, 10, 500, 10]] {
            var (one, other) = (OfferingContext(), OfferingContext())
            var byEvents = machine(credit: credit, isPreSettled: isPreSettled, with: &one)
            var byOffers = machine(credit: credit, isPreSettled: isPreSettled, with: &other)
            var sequence: UInt64 = 0
            for size in sizes.prefix(8) {
                guard byEvents.canTake(size: size, for: SenderID(0)) else { break }
                sequence += 1
                byEvents.handle(
                    .message(SenderID(0), sequence: sequence, size: size), now: Self.now,
                    with: &one)
            }
            other.sizes = sizes
            var count = 0
            // An offer ends with a message that is too large.
            while true {
                let more = byOffers.takeMessages(
                    for: SenderID(0), atMost: 8 - count, now: Self.now, with: &other)
                guard more > 0 else { break }
                count += more
            }
            #expect(count == Int(sequence))
            #expect(
                effects(one.recorder.actions).sorted() == effects(other.recorder.actions).sorted())
            #expect(byEvents.summary(now: Self.now) == byOffers.summary(now: Self.now))
        }
    }

    @Test("no more is taken than was asked for, and nothing within a batch")
    func bounds() {
        var context = OfferingContext()
        var run = machine(credit: 20, isPreSettled: false, with: &context)
        context.sizes = Array(repeating: 1, count: 5)
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
