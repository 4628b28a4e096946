// The time in which new messages are taken.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import ReliableSender
import Testing

@testable import SenderCommand

/// Wants one sender.
private final class Supply: SenderSupply {
    var route: SenderRoute?

    func nextRoute(for sender: SenderID) -> SenderRoute? {
        defer { route = nil }
        return route
    }
}

@Suite(.endsIfItHangs) struct TimedSourceTests {
    private func messages() throws -> CountedMessages {
        try CountedMessages(count: 1, prototype: Message())
    }

    @Test("a sender that is wanted while the time goes on has the pace that was asked for")
    func pace() throws {
        let limit = try TimeLimit(milliseconds: 60_000)
        defer { limit.end() }
        var pace = SendPace.flatOut
        pace.rate = 10
        let supply = Supply()
        supply.route = SenderRoute(
            to: Destination(address: "a"), from: try messages(), pace: pace)
        let route = TimedSupply(supply, limit)?.nextRoute(for: SenderID(1))
        #expect(route?.pace == pace && route?.destination.address == "a")
        #expect(route?.source.next?.sequence == 1)
    }

    @Test("when the time is over, sources are at their end and no sender is wanted")
    func over() throws {
        let limit = try TimeLimit(milliseconds: 1)
        let passed = try WakePipe()
        limit.onPassed { passed.wake() }
        let source = TimedSource(try messages(), limit)
        #expect(source.next?.sequence == 1 && !source.isAtEnd)
        source.take()
        passed.wait()
        let supply = Supply()
        supply.route = SenderRoute(to: Destination(address: "a"), from: try messages())
        #expect(TimedSupply(supply, limit)?.nextRoute(for: SenderID(1)) == nil)
        let other = TimedSource(try messages(), limit)
        #expect(other.next == nil && other.isAtEnd && other.availableCount == 0)
    }
}
