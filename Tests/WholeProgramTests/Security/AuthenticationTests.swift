// Authentication at a real broker, with and without TLS.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite struct AuthenticationTests {
        /// RabbitMQ with TLS on a second port, where nobody is let in without a name.
        private func rabbitMQ(
            in folder: TemporaryFolder, _ authority: Authority
        ) throws -> (broker: RealBroker, tlsPort: Int) {
            let pair = try authority.sign("localhost")
            let tlsPort = try Places.freePort()
            let configuration = folder.file("rabbitmq-tls.conf")
            let nameless =
                RealBroker.isRabbitMQOld ? "amqp1_0.default_user" : "anonymous_login_user"
            try """
            listeners.ssl.1 = 127.0.0.1:\(tlsPort)
            ssl_options.cacertfile = \(authority.certificate)
            ssl_options.certfile = \(pair.certificate)
            ssl_options.keyfile = \(pair.key)
            ssl_options.verify = verify_peer
            ssl_options.fail_if_no_peer_cert = false
            ssl_cert_login_from = common_name
            auth_mechanisms.4 = EXTERNAL
            \(nameless) = none

            """.write(to: configuration, atomically: true, encoding: .utf8)
            let broker = try RealBroker(
                "rabbitmq", in: folder,
                environment: [
                    "RABBITMQ_CONFIG_TOO": configuration.path,
                    "RABBITMQ_PLUGINS_TOO": "rabbitmq_auth_mechanism_ssl",
                ], user: "guest", password: "guest")
            try broker.start()
            return (broker, tlsPort)
        }

        @Test("RabbitMQ takes the right password and the right certificate, and nothing else")
        func rightAndWrong() throws {
            let folder = try TemporaryFolder()
            let authority = try Authority(in: folder)
            let (broker, tlsPort) = try rabbitMQ(in: folder, authority)
            let plain = "amqp://localhost:\(broker.port)/link1.test"
            let tls = "amqps://localhost:\(tlsPort)/link1.test"
            let trust = ["--tls-ca", authority.certificate]
            func run(_ url: String, _ options: [String], password: String? = nil) throws
                -> SenderRun
            {
                try SenderRun(
                    ["-a", url, "-m", "3", "-i", "0"] + options,
                    environment: password.map { ["SENDER_PASSWORD": $0] } ?? [:])
            }

            let guest = try authority.sign("guest")
            let shown = ["--tls-cert", guest.certificate, "--tls-key", guest.key]
            try run(plain, ["-u", "guest"], password: "guest").expectAllAccepted(3)
            try run(tls, trust + ["-u", "guest"], password: "guest").expectAllAccepted(3)
            try run(tls, trust + shown).expectAllAccepted(3)
            try run(tls, trust + shown + ["--sasl-mechanisms", "EXTERNAL"]).expectAllAccepted(3)
            // A queue of all four: what each had sent is there.
            let stranger = try authority.sign("stranger")
            let refused: [(SenderRun, String)] = [
                (
                    try run(plain, ["-u", "guest"], password: "wr0ng"),
                    "[mech=PLAIN]; check user and password"
                ),
                (
                    try run(tls, trust + ["-u", "guest"], password: "wr0ng"),
                    "[mech=PLAIN]; check user and password"
                ),
                (
                    try run(
                        tls,
                        trust + [
                            "--tls-cert", stranger.certificate, "--tls-key", stranger.key,
                            "--sasl-mechanisms", "EXTERNAL",
                        ]),
                    "[mech=EXTERNAL]; check the client certificate"
                ),
                (
                    try run(tls, trust),
                    "it requires a login: add --user USER"
                ),
                (try run(tls, ["-u", "guest"], password: "guest"), "tls:certificate-untrusted"),
                (
                    try run(plain.replacing("amqp:", with: "amqps:"), trust),
                    "tls:not-spoken: "
                ),
                (
                    try run("amqp://localhost:\(tlsPort)/link1.test", []),
                    "that port expects TLS: use amqps:// instead of amqp://"
                ),
            ]
            for (run, sentence) in refused {
                try run.expectEnd(status: 2)
                run.expectErrors(sentence)
                #expect(!run.process.allOutput.contains("wr0ng"))
            }
        }
    }
}
