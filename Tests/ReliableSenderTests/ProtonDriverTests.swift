// ProtonDriver without a container: what belongs to one attempt to connect.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Testing

@testable import Proton
@testable import ReliableSender

@Suite struct ProtonDriverTests {
    private let now = Instant(milliseconds: 0)
    private var driver = ProtonDriver(
        options: SendingOptions(endpoints: [Endpoint(host: "127.0.0.1")]), secrets: nil,
        isTraced: false)

    private mutating func fail() {
        driver.attempt { _ throws(ProtonError) in
            throw ProtonError(
                code: .protonError, operation: "do something", name: "", detail: "it failed")
        }
    }

    @Test("a failure without a connection is not the reason of a later loss")
    mutating func staleFailure() {
        fail()
        driver.connect(ConnectionID(1), endpoint: 0, now: now)
        let (failure, failedConnect) = (driver.takeFailure(), driver.takeFailedConnect())
        #expect(failure == nil)
        #expect(failedConnect == nil)
    }

    @Test("a failure during the look-up is the reason of the attempt's loss, and told once")
    mutating func failureOfLookUp() throws {
        driver.connect(ConnectionID(1), endpoint: 0, now: now)
        fail()
        let failedConnect = driver.takeFailedConnect()
        let (id, condition) = try #require(failedConnect)
        #expect(id == ConnectionID(1))
        #expect(condition.description.contains("it failed"))
        let failure = driver.takeFailure()
        #expect(failure == nil)
    }

    @Test("a link that is freed or closed owes no credit")
    mutating func dueReturns() {
        driver.connect(ConnectionID(1), endpoint: 0, now: now)
        let link = LinkID(sender: SenderID(0), attach: 1)
        oweCredit(on: link)
        driver.closeLink(link)
        #expect(driver.current.dueReturns.isEmpty)
        oweCredit(on: link)
        driver.freeLink(link)
        #expect(driver.current.dueReturns.isEmpty)
    }

    private mutating func oweCredit(on link: LinkID) {
        driver.current.pieces.append(
            PieceQueue.Transfer(
                sequence: 1, size: 2, tag: DeliveryTag(1), link: link, session: SessionID(1)))
        driver.returnCredit(on: link)
        #expect(driver.current.dueReturns == [link])
    }
}
