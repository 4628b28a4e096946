// Logins at a real broker that have more than one step.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite(
        .serialized,
        .enabled(
            if: RealBroker.reasonToSkip("artemis") == nil,
            "skipped: ARTEMIS_HOME does not name an unpacked distribution"))
    struct LoginTests {
        private static let package = "org.apache.activemq.artemis.spi.core.security.jaas"
        private static let scramModules = """
            amqp-sasl-scram {
                \(package).SCRAMPropertiesLoginModule required
                    org.apache.activemq.jaas.properties.user="scram-users.properties"
                    org.apache.activemq.jaas.properties.role="artemis-roles.properties";
            };
            scram { \(package).SCRAMLoginModule required; };
            """
        private static let scramDomain = "saslLoginConfigScope=amqp-sasl-scram;securityDomain=scram"

        @Test("Artemis takes the right password by SCRAM, and no other")
        func scram() throws {
            let folder = try TemporaryFolder()
            let sha256 = try ArtemisInstance.Acceptor(
                "saslMechanisms=SCRAM-SHA-256;\(Self.scramDomain)")
            let both = try ArtemisInstance.Acceptor(
                "saslMechanisms=SCRAM-SHA-256,SCRAM-SHA-512;\(Self.scramDomain)")
            let broker = try ArtemisInstance(
                in: folder, [sha256, both], modules: Self.scramModules)
            try broker.addSCRAMUser("ann", password: "s3cret = ,")
            try broker.start()
            func run(_ port: Int, _ password: String, _ options: String...) throws -> SenderRun {
                try SenderRun(
                    [
                        "-a", "amqp://127.0.0.1:\(port)/link1.test", "-u", "ann", "-m", "3", "-i",
                        "0", "--trace-frames",
                    ] + options, environment: ["SENDER_PASSWORD": password])
            }

            for (port, mechanism) in [(sha256.port, "SCRAM-SHA-256"), (both.port, "SCRAM-SHA-512")]
            {
                let right = try run(port, "s3cret = ,")
                try right.expectAllAccepted(3)
                right.expectErrors("@sasl-init [mechanism=:\(mechanism), the rest is not shown]")
                #expect(!right.process.allOutput.contains("s3cret"))
                let wrong = try run(port, "wr0ng")
                try wrong.expectEnd(status: 2)
                wrong.expectErrors("[mech=\(mechanism)]; check user and password")
                #expect(!wrong.process.allOutput.contains("wr0ng"))
            }
            // Nothing weaker than what is allowed.
            let refused = try run(sha256.port, "s3cret = ,", "--sasl-mechanisms", "SCRAM-SHA-512")
            try refused.expectEnd(status: 2)
            refused.expectErrors("it offers no SASL mechanism that may be used")
        }

        private func artemis(
            in folder: TemporaryFolder, checkingTokensOf issuer: TokenIssuer,
            _ mechanisms: String...
        ) throws -> (broker: ArtemisInstance, ports: [Int]) {
            let acceptors = try mechanisms.map {
                try ArtemisInstance.Acceptor("saslMechanisms=\($0);securityDomain=tokens")
            }
            let broker = try ArtemisInstance(
                in: folder, acceptors,
                modules: """
                    tokens {
                        \(Self.package).OIDCLoginModule required provider="\(issuer.url)"
                            audience="broker" rolesPaths="groups" maxClockSkew="1";
                    };
                    """)
            try broker.start()
            return (broker, acceptors.map(\.port))
        }

        @Test("a token that ends at Artemis while connected is renewed, and nothing is missing")
        func renewedToken() throws {
            let folder = try TemporaryFolder()
            let issuer = try TokenIssuer(in: folder)
            let (broker, ports) = try artemis(
                in: folder, checkingTokensOf: issuer, "OAUTHBEARER,XOAUTH2")
            let file = folder.file("token")
            func renew(seconds: Int) throws {
                try "\(issuer.token(for: "broker", seconds: seconds))\n".write(
                    to: file, atomically: true, encoding: .utf8)
            }
            // A second more is granted, and the broker looks once a second: it is the run that ends later.
            try renew(seconds: 15)
            let run = try SenderRun([
                "-a", "amqp://127.0.0.1:\(ports[0])/link1.test", "-m", "150", "-i", "200", "-r",
                "-s", "200", "--token-file", file.path,
            ])
            try run.waitForAccepted(1)
            try renew(seconds: 600)
            try run.expectAllAccepted(150)
            run.expectErrors("login:expired: the peer no longer accepts the login")
            withExtendedLifetime(broker) {}
        }

        @Test("Artemis takes a token that it can check, and no other")
        func token() throws {
            let folder = try TemporaryFolder()
            let issuer = try TokenIssuer(in: folder)
            let (broker, ports) = try artemis(
                in: folder, checkingTokensOf: issuer, "OAUTHBEARER,XOAUTH2", "XOAUTH2")
            defer { withExtendedLifetime(broker) {} }
            let file = folder.file("token")
            func run(_ port: Int, _ token: String) throws -> SenderRun {
                try "\(token)\n".write(to: file, atomically: true, encoding: .utf8)
                return try SenderRun([
                    "-a", "amqp://127.0.0.1:\(port)/link1.test", "-m", "3", "-i", "0",
                    "--trace-frames", "--token-file", file.path,
                ])
            }

            let token = try issuer.token(for: "broker", seconds: 600)
            // With the mechanism's words around it, a frame of more than 512 bytes.
            #expect(token.utf8.count > 500)
            let expired = try issuer.token(for: "broker", seconds: -60)
            for (port, mechanism) in zip(ports, ["OAUTHBEARER", "XOAUTH2"]) {
                let right = try run(port, token)
                try right.expectAllAccepted(3)
                right.expectErrors("@sasl-init [mechanism=:\(mechanism), the rest is not shown]")
                let wrong = try run(port, expired)
                try wrong.expectEnd(status: 2)
                wrong.expectErrors("[mech=\(mechanism)]; check the token and its expiry")
                for (run, secret) in [(right, token), (wrong, expired)] {
                    #expect(!run.process.allOutput.contains(secret))
                }
            }
        }
    }
}
