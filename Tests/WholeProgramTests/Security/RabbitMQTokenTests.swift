// A token as the password of a user of RabbitMQ.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite(
        "Tokens at RabbitMQ", .serialized,
        .enabled(
            if: TokenPlugin.isThere,
            "skipped: RabbitMQ is not there, or has no plugin for tokens"))
    struct RabbitMQTokenTests {
        private let file: URL
        private let issuer: TokenIssuer
        private let broker: RealBroker

        /// A RabbitMQ that checks tokens by the issuer's key, and lets guest in by password as well.
        init() throws {
            let folder = try TemporaryFolder()
            file = folder.file("token")
            issuer = try TokenIssuer(in: folder)
            let configuration = folder.file("rabbitmq-tokens.conf")
            try """
            auth_backends.1 = rabbit_auth_backend_oauth2
            auth_backends.2 = internal
            auth_oauth2.resource_server_id = rabbitmq
            auth_oauth2.default_key = k1
            auth_oauth2.signing_keys.k1 = \(issuer.publicKey)

            """.write(to: configuration, atomically: true, encoding: .utf8)
            broker = try RealBroker(
                "rabbitmq", in: folder,
                environment: [
                    "RABBITMQ_CONFIG_TOO": configuration.path,
                    "RABBITMQ_PLUGINS_TOO": TokenPlugin.name,
                ], user: "guest", password: "guest")
            try broker.start()
        }

        /// Puts a token into the password file that ends after so long, and returns it.
        @discardableResult
        private func renew(seconds: Int) throws -> String {
            let rights = ["configure", "write", "read"].map { #""rabbitmq.\#($0):*/*""# }
            let token = try issuer.token(
                for: "rabbitmq", seconds: seconds,
                rights: #""scope": [\#(rights.joined(separator: ", "))]"#)
            try "\(token)\n".write(to: file, atomically: true, encoding: .utf8)
            return token
        }

        private func run(_ options: String...) throws -> SenderRun {
            try SenderRun(
                [
                    "-a", "amqp://127.0.0.1:\(broker.port)/link1.test", "-u", "ann",
                    "--password-file", file.path,
                ] + options)
        }

        @Test(
            "RabbitMQ takes a token as a password; RabbitMQ 3 then refuses it, which a hint explains"
        )
        func token() throws {
            let token = try renew(seconds: 600)
            let run = try run("-m", "3", "-i", "0", "--trace-frames")
            if RealBroker.isRabbitMQOld {
                try run.expectEnd(status: 2)
                run.expectErrors("RabbitMQ before 4.0 takes a token at the login, and then refuses")
            } else {
                try run.expectAllAccepted(3)
            }
            run.expectErrors("@sasl-init [mechanism=:PLAIN, the rest is not shown]")
            #expect(!run.process.allOutput.contains(token))
        }

        @Test(
            "a token that ends while connected is renewed in time, or late, and nothing is missing",
            .enabled(if: !RealBroker.isRabbitMQOld, "skipped: RabbitMQ 3 takes no token"),
            arguments: [true, false])
        func end(isRenewedInTime: Bool) throws {
            // Time that a slow machine may need for the login; the messages take longer than that.
            let seconds = 10
            let count = 3000
            try renew(seconds: seconds)
            let run = try run("-m", "\(count)", "-i", "10", "-b", "2", "-r", "-s", "200")
            try run.waitForAccepted(1)
            if isRenewedInTime { try renew(seconds: 600) }
            try run.process.waitForErrors("amqp:unauthorized-access: credential expired")
            if !isRenewedInTime {
                // Refused with the token that has ended.
                try run.process.waitForErrors("[mech=PLAIN]")
                try renew(seconds: 600)
            }
            try run.expectAllAccepted(count)
            try broker.expectEverySequence(upTo: count)
        }
    }
}
