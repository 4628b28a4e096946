// Timeouts.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Limits on waiting", .serialized)
    struct WaitingTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        private func broker(
            _ misbehaviours: String..., options: [String] = []
        ) throws -> StandInBroker {
            let broker = try StandInBroker(
                in: folder, misbehaving: misbehaviours, options: options)
            try broker.start()
            return broker
        }

        @Test("an attach that is not answered is tried again, with a hint that helps")
        func openTimeout() throws {
            let broker = try broker(options: ["--require-durability", "0"])
            let run = try SenderRun(
                port: broker.port, "--open-timeout", "2000", "-s", "20", "--retry-attempts", "4")
            try run.expectEnd(status: 2, seconds: 60)
            run.expectErrors("durability (--target-durability says which one to ask for)", count: 5)
            run.expectErrors("another session is tried")
            let helped = try SenderRun(
                port: broker.port, "-m", "3", "-i", "0", "--target-durability", "none")
            try helped.expectAllAccepted(3)
        }

        @Test("a connect that is not answered is given up")
        func connectTimeout() throws {
            let broker = try broker("withhold-open")
            let run = try SenderRun(port: broker.port, "--open-timeout", "200")
            try run.expectEnd(status: 2)
            run.expectErrors("did not answer the connect in time")
        }

        @Test("a peer that says nothing any more is lost")
        func idleTimeout() throws {
            let broker = try broker("hang=5")
            let run = try SenderRun(
                port: broker.port, "-r", "--idle-timeout", "2000", "-m", "20", "-i", "0", "-s",
                "50")
            try run.expectAllAccepted(20, seconds: 60)
            #expect(run.process.errors.text.contains("connection lost: "))
            try broker.expectEverySequence(upTo: 20)
        }

        @Test("a message without an outcome is sent again on another link")
        func outcomeTimeout() throws {
            let broker = try broker("ignore=-3")
            let run = try SenderRun(
                port: broker.port, "--outcome-timeout", "300", "-m", "20", "-i", "0", "-s", "50")
            try run.expectAllAccepted(20)
            run.expectErrors("no outcome after 300 ms")
            try broker.expectEverySequence(upTo: 20)
        }

        @Test("missing credit is said, and is the end if that was asked for")
        func credit() throws {
            let broker = try broker("withhold-credit")
            let run = try SenderRun(
                port: broker.port, "--credit-notice", "200", "--credit-timeout", "4000")
            try run.expectEnd(status: 2)
            #expect(run.process.output.lines.last == "on_sender_open: credit=false")
            run.expectErrors("no credit has come for 200 ms")
            run.expectErrors("gave up after 4000 ms without credit")
        }

        @Test("a peer that never answers the close does not hold up the end")
        func closeUnanswered() throws {
            let broker = try broker("withhold-close")
            // Below the default of 5 s; a busy machine may need another try.
            let limit = Duration.seconds(4)
            var times: [Duration] = []
            while times.count < 5, times.last.map({ $0 >= limit }) ?? true {
                let start = ContinuousClock.now
                let run = try SenderRun(
                    port: broker.port, "-m", "5", "-i", "0", "--drain-timeout", "300")
                try run.expectAllAccepted(5)
                times.append(ContinuousClock.now - start)
                run.expectErrors("did not answer the close in time")
            }
            #expect(times.contains { $0 < limit }, "\(times)")
        }

        @Test("a stop waits for outcomes as long as --drain-timeout says")
        func drainTimeout() throws {
            let broker = try broker("withhold-outcomes")
            let run = try SenderRun(
                port: broker.port, "-m", "5", "-i", "0", "--drain-timeout", "300")
            try run.waitForLine("sent=5")
            run.process.kill(SIGTERM)
            let summary = try run.expectEnd(status: 128 + SIGTERM)
            #expect(summary.inDoubt == 5, "\(run.process.allOutput)")
        }

        @Test("a second signal ends the process at once, without a summary")
        func secondSignal() throws {
            let broker = try broker("withhold-outcomes")
            let run = try SenderRun(
                port: broker.port, "-m", "5", "-i", "0", "--drain-timeout", "600000")
            try run.waitForLine("sent=5")
            run.process.kill(SIGTERM)
            try run.process.waitForErrors("stopping")
            run.process.kill(SIGINT)
            #expect(try run.process.wait(seconds: 5) == 128 + SIGINT, "\(run.process.allOutput)")
            run.expectErrors("summary", count: 0)
        }
    }
}
