// The checks have teeth: each notices a machine that breaks its rule.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LinkRecovery

@Suite struct RulesTests {
    private let connection = ConnectionID(1)
    private let link = LinkID(1)

    /// Rules that have seen an open link with credit, and one message sent.
    private func sending(credit: Int = 5, _ configure: (inout RecoveryOptions) -> Void = { _ in })
        -> Rules
    {
        var options = RecoveryOptions()
        configure(&options)
        var rules = Rules(options: options)
        rules.note(.connect(connection, endpoint: 0))
        rules.note(.openSession(SessionID(1)))
        rules.note(.openLink(link))
        rules.willHandle(.link(link, .opened(hasTarget: true, maxMessageSize: 0)))
        rules.willHandle(.link(link, .credit(credit, isDraining: false)))
        rules.willHandle(.batchEnded(connection))
        rules.willHandle(.message(sequence: 1, size: 10))
        rules.note(.send(sequence: 1, tag: DeliveryTag(1)))
        return rules
    }

    private func lost(_ rules: Rules) -> Rules {
        var rules = rules
        rules.willHandle(.link(link, .lost(.none)))
        rules.willHandle(.batchEnded(connection))
        return rules
    }

    @Test func `a good beginning breaks none`() {
        #expect(sending().violations.isEmpty)
    }

    @Test func `an account that does not add up is noticed`() {
        var rules = sending()
        var summary = Summary()
        summary.taken = 1
        rules.didHandle(summary)
        #expect(rules.violations.count == 2)
    }

    @Test func `numbers and tags that repeat are noticed`() {
        var rules = lost(sending())
        rules.note(.openLink(link))
        rules.note(.openSession(SessionID(1)))
        rules.willHandle(.message(sequence: 2, size: 1))
        #expect(rules.violations.count == 2)
        var again = sending()
        again.willHandle(.message(sequence: 2, size: 1))
        again.note(.send(sequence: 2, tag: DeliveryTag(1)))
        #expect(again.violations.count == 1)
    }

    @Test func `a send without credit is noticed`() {
        var rules = sending(credit: 1)
        rules.willHandle(.message(sequence: 2, size: 1))
        rules.note(.send(sequence: 2, tag: DeliveryTag(2)))
        #expect(rules.violations.count == 1)
    }

    @Test func `a window that overflows is noticed, by count and by bytes`() {
        for configure: (inout RecoveryOptions) -> Void in [
            { $0.window = 1 }, { $0.windowBytes = 15 },
        ] {
            var rules = sending(configure)
            rules.willHandle(.message(sequence: 2, size: 10))
            var summary = Summary()
            (summary.taken, summary.inDoubt) = (2, 2)
            rules.didHandle(summary)
            #expect(rules.violations.count == 1)
        }
    }

    @Test func `a send within a batch, or to a link that is gone or closing, is noticed`() {
        var within = sending()
        within.willHandle(.link(link, .credit(5, isDraining: false)))
        within.willHandle(.message(sequence: 2, size: 1))
        within.note(.send(sequence: 2, tag: DeliveryTag(2)))
        #expect(within.violations.count == 1)
        var gone = lost(sending())
        gone.note(.send(sequence: 1, tag: DeliveryTag(2)))
        #expect(!gone.violations.isEmpty)
        var closing = sending()
        closing.note(.closeLink(link))
        closing.note(.send(sequence: 1, tag: DeliveryTag(2)))
        #expect(closing.violations.count == 1)
    }

    @Test func `a new message before what was lost is noticed`() {
        var rules = lost(sending())
        rules.note(.openLink(LinkID(2)))
        rules.willHandle(.link(LinkID(2), .opened(hasTarget: true, maxMessageSize: 0)))
        rules.willHandle(.link(LinkID(2), .credit(5, isDraining: false)))
        rules.willHandle(.batchEnded(connection))
        rules.willHandle(.message(sequence: 2, size: 1))
        rules.note(.send(sequence: 2, tag: DeliveryTag(2)))
        #expect(rules.violations.count == 1)
    }

    @Test func `a message twice in flight, or final twice, is noticed`() {
        var rules = sending()
        rules.note(.send(sequence: 1, tag: DeliveryTag(2)))
        #expect(rules.violations.count == 1)
        rules.note(.forget(sequence: 1))
        rules.note(.forget(sequence: 1))
        rules.note(.send(sequence: 1, tag: DeliveryTag(3)))
        #expect(rules.violations.count == 3)
    }

    @Test func `a rejection that is final by the word of a lost link is noticed`() {
        let report = OutcomeReport(
            sequence: 1, kind: .rejected(.refused), accepted: 0, rejected: 1, released: 0)
        var rules = lost(sending())
        rules.note(.report(.outcome(report)))
        #expect(rules.violations.count == 1)
        var routeless = sending()
        routeless.note(.report(.notice(.routeLost)))
        routeless.note(.report(.outcome(report)))
        #expect(routeless.violations.count == 1)
    }

    @Test
    func `a message that waits although there is credit, and a drain unanswered, are noticed`() {
        var rules = sending()
        rules.note(.closeLink(link))
        rules.note(.dropLink(link))
        rules.note(.openLink(LinkID(2)))
        rules.willHandle(.link(LinkID(2), .opened(hasTarget: true, maxMessageSize: 0)))
        rules.willHandle(.link(LinkID(2), .credit(5, isDraining: true)))
        rules.willHandle(.batchEnded(connection))
        rules.didEndTurn()
        #expect(rules.violations.count == 2)
    }

    @Test func `a second live link or connection, and what follows the end, is noticed`() {
        var rules = sending()
        rules.note(.openLink(LinkID(2)))
        rules.note(.connect(ConnectionID(2), endpoint: 0))
        rules.note(.finish(.finished))
        rules.note(.returnCredit)
        #expect(rules.violations.count == 3)
    }
}
