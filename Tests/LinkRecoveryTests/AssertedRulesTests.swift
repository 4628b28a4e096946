// The rules that debug builds assert: each notices a value that breaks it.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Testing

@testable import LinkRecovery

@Suite struct AssertedRulesTests {
    /// A sender with a link, in the middle of its work.
    private var figures: AssertedFigures {
        var figures = AssertedFigures()
        (figures.taken, figures.settled, figures.inLedger) = (10, 7, 3)
        (figures.inFlight, figures.doubts) = (2, 1)
        (figures.credit, figures.window) = (5, 3)
        (figures.windowBytes, figures.ledgerBytes) = (100, 100)
        figures.link = LinkID(2)
        figures.keptLink = LinkID(1)
        (figures.linkSession, figures.openSession) = (SessionID(1), SessionID(1))
        figures.isConnectionOpen = true
        return figures
    }

    private func breaches(_ change: (inout AssertedFigures) -> Void) -> [String] {
        var figures = figures
        change(&figures)
        return [
            figures.breachOfConservation(), figures.breachOfBounds(), figures.breachOfOneLink(),
        ].compactMap { $0 }
    }

    @Test("a sender that keeps the rules has no breach")
    func kept() {
        #expect(breaches { _ in }.isEmpty)
    }

    @Test("rule 1: a message that is lost or counted twice is noticed")
    func conservation() {
        #expect(
            breaches { $0.taken += 1 }
                == ["rule 1: 11 taken, but 7 settled and 3 in the ledger"])
        #expect(breaches { $0.settled += 1 }.count == 1)
        #expect(breaches { $0.inFlight = 3 } == ["rule 1: 3 in flight and 1 in doubt of 3"])
        #expect(breaches { $0.doubts = -1 }.count == 1)
    }

    @Test("rule 3: overdrawn credit and a window that is too full are noticed")
    func bounds() {
        #expect(breaches { $0.credit = -1 } == ["rule 3: credit of -1"])
        #expect(breaches { $0.window = 2 } == ["rule 3: 3 messages and 0 in a window of 2"])
        #expect(breaches { $0.unflushed = 1 }.count == 1)
        #expect(breaches { $0.ledgerBytes = 101 } == ["rule 3: 101 bytes in a window of 100"])
    }

    @Test("rule 3: a message larger than the window goes alone")
    func largeMessage() {
        let breaches = breaches {
            ($0.taken, $0.inLedger, $0.inFlight, $0.doubts) = (8, 1, 1, 0)
            $0.ledgerBytes = 101
        }
        #expect(breaches.isEmpty)
    }

    @Test("rule 7: a link on another session than the sender's, or kept as lost, is noticed")
    func oneLink() {
        let wrongSession = "rule 7: link 2 lives on a session that is not open"
        #expect(breaches { $0.openSession = SessionID(2) } == [wrongSession])
        #expect(breaches { $0.openSession = nil } == [wrongSession])
        #expect(
            breaches { $0.keptLink = LinkID(2) } == ["rule 7: link 2 lives, and is kept as lost"])
        #expect(breaches { ($0.link, $0.openSession) = (nil, nil) }.isEmpty)
    }

    @Test("rule 7: a turn without a wake-up, and a wake-up without a turn, are noticed")
    func oneWakeUp() {
        func breach(_ armed: Int, _ isTurnOver: Bool) -> String? {
            AssertedFigures.breachOfOneWakeUp(armed: armed, isTurnOver: isTurnOver)
        }
        #expect(breach(1, true) == nil)
        #expect(breach(0, false) == nil)
        #expect(breach(0, true) == "rule 7: 0 wake-ups armed by one event")
        #expect(breach(2, true) == "rule 7: 2 wake-ups armed by one event")
        #expect(breach(1, false) == "rule 7: 1 wake-ups armed by one event")
    }
}
