// The choice of the SASL mechanism, and passwords in the clear.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite struct MechanismTests {
        private let folder: TemporaryFolder
        private let broker: StandInBroker

        init() throws {
            folder = try TemporaryFolder()
            broker = try StandInBroker(in: folder)
            try broker.start()
        }

        @Test("to what may be another machine a password goes in the clear only if that is allowed")
        func insecureAuthentication() throws {
            // The system takes it for 127.0.0.1; sender knows only addresses that are written out.
            let arguments = [
                "-a", "amqp://u:p@127.1:\(broker.port)/link1.test", "-m", "3", "-i", "0",
                "--trace-frames",
            ]
            let refused = try SenderRun(arguments)
            #expect(try refused.process.wait(seconds: 20) == 64)
            refused.expectErrors("would cross the network in the clear")
            let allowed = try SenderRun(arguments + ["--allow-insecure-auth"])
            try allowed.expectAllAccepted(3)
            allowed.expectErrors("@sasl-init [mechanism=:PLAIN, the rest is not shown]")
        }

        @Test("what --sasl-mechanisms names is what may be chosen")
        func mechanisms() throws {
            let ports = try StandInRouter.Ports(broker: broker.port)
            let router = try StandInRouter("single-node.conf", ports: ports, in: folder)
            try router.start()
            // The router offers ANONYMOUS, and a user with a password is not nobody in silence.
            let options = ["-u", "bo", "-p", "pw", "-m", "3", "-i", "0", "--trace-frames"]
            let refused = try SenderRun(port: ports.client, options: options)
            try refused.expectEnd(status: 2)
            refused.expectErrors("it offers no SASL mechanism that may be used")
            let allowed = try SenderRun(
                port: ports.client, options: options + ["--sasl-mechanisms", "PLAIN,ANONYMOUS"])
            try allowed.expectAllAccepted(3)
            allowed.expectErrors("@sasl-init [mechanism=:ANONYMOUS")
            // And the broker offers both.
            let without = try SenderRun(
                port: broker.port,
                options: [
                    "-u", "bo", "--sasl-mechanisms", "ANONYMOUS", "-m", "3", "-i", "0",
                    "--trace-frames",
                ])
            try without.expectAllAccepted(3)
            without.expectErrors("@sasl-init [mechanism=:ANONYMOUS")
        }
    }
}
