// x
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LinkRecovery

@Suite struct SmokeTests {
    @Test func `sends and finishes`() {
        var run = Run(messages: 3)
        run.open(credit: 10)
        #expect(run.sent == [1, 2, 3])
        run.accept(1, 2, 3)
        run.answerClose()
        #expect(run.end == .finished)
    }
}
