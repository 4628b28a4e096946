// Requests from other threads to a run.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ReliableSender

@Suite struct MailboxTests {
    @Test("a stop within the drain timeout is not forgotten for a longer one, whoever looks when")
    func stops() {
        let mailbox = Mailbox()
        mailbox.requestStop()
        mailbox.requestStop(within: 600_000)
        mailbox.requestStop()
        #expect(mailbox.takeStops() == [nil, 600_000])
        #expect(mailbox.takeStops().isEmpty)
    }
}
