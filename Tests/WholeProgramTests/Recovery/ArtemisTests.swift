// Artemis: full addresses, and what it refuses.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite(
        "Artemis", .serialized,
        .enabled(
            if: RealBroker.reasonToSkip("artemis") == nil,
            "skipped: ARTEMIS_HOME does not name an unpacked distribution"))
    struct ArtemisTests {
        @Test("a full address is waited out, and each refusal is one clear sentence")
        func limitsAndRefusals() throws {
            let folder = try TemporaryFolder()
            let acceptor = try ArtemisInstance.Acceptor("amqpCredits=1000;amqpLowCredits=300")
            let broker = try ArtemisInstance(in: folder, [acceptor])
            try broker.addUserWithoutPermissions("bob", password: "b0b")
            try broker.addAddressSettings(
                ["BLOCK", "FAIL"].map {
                    """
                    <address-setting match="full.\($0)">
                    <max-size-bytes>200000</max-size-bytes>
                    <address-full-policy>\($0)</address-full-policy>
                    </address-setting>
                    """
                }.joined() + """
                    <address-setting match="closed.#">
                    <auto-create-queues>false</auto-create-queues>
                    <auto-create-addresses>false</auto-create-addresses>
                    </address-setting>
                    """)
            try broker.start()
            defer { withExtendedLifetime(broker) {} }
            try waitOutFullAddresses(port: acceptor.port)
            try refuse(port: acceptor.port)
        }

        private func run(
            _ port: Int, _ address: String, user: String? = "admin", password: String = "admin",
            _ options: String...
        ) throws -> SenderRun {
            try SenderRun(
                ["-a", "amqp://127.0.0.1:\(port)/\(address)"]
                    + (user.map { ["-u", $0] } ?? []) + options,
                environment: user == nil ? [:] : ["SENDER_PASSWORD": password])
        }

        private func waitOutFullAddresses(port: Int) throws {
            let count = 3000
            for policy in ["BLOCK", "FAIL"] {
                let run = try run(
                    port, "full.\(policy)", "-m", "\(count)", "-i", "0", "-s", "200",
                    "--credit-notice", "300")
                if policy == "BLOCK" {
                    try run.process.waitForErrors("no credit has come for 300 ms")
                } else {
                    try run.process.waitForErrors(
                        "the peer rejects messages for now (amqp:resource-limit-exceeded: ")
                }
                let counter = try ChildProcess(
                    "count", executable: Places.python,
                    arguments: [
                        Places.standIn("count.py"), "queue",
                        "amqp://127.0.0.1:\(port)/full.\(policy)", "--expect", "\(count)",
                        "--leave", "--user", "admin", "--password", "admin",
                    ])
                #expect(try counter.wait(seconds: 120) == 0, "\(counter.allOutput)")
                try run.expectAllAccepted(count)
            }
        }

        private func refuse(port: Int) throws {
            for (run, words) in [
                (
                    try run(port, "link1.test", user: nil),
                    "it requires a login: add --user USER"
                ),
                (
                    try run(port, "link1.test", password: "wr0ng"), "check user and password"
                ),
                (
                    try run(port, "link1.test", user: "bob", password: "b0b"),
                    "hint: the peer admits this user, but does not let it send to \"link1.test\""
                ),
                (
                    try run(port, "closed.orders"),
                    "hint: the peer has no address \"closed.orders\" and may not create it"
                ),
            ] {
                try run.expectEnd(status: 2)
                run.expectErrors(words)
            }
        }
    }
}
