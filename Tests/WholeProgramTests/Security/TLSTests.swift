// TLS: trust, refusals, and their messages.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite struct TLSTests {
        private let folder: TemporaryFolder
        private let authority: Authority
        private let broker: StandInBroker

        init() throws {
            folder = try TemporaryFolder()
            authority = try Authority(in: folder)
            broker = try StandInBroker(in: folder)
            try broker.start()
        }

        private func run(_ port: Int, scheme: String = "amqps", _ options: String...) throws
            -> SenderRun
        {
            try SenderRun(
                ["-a", "\(scheme)://localhost:\(port)/link1.test", "-m", "3", "-i", "0"]
                    + options)
        }

        /// Expects the end without a message sent, for this reason.
        private func expectRefusal(
            _ run: SenderRun, _ sentence: String, sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            try run.expectEnd(status: 2, sourceLocation: sourceLocation)
            run.expectErrors(sentence, sourceLocation: sourceLocation)
            #expect(!run.process.output.lines.contains { $0.hasPrefix("sent=") })
        }

        @Test("a certificate of a trusted authority for the right name is accepted")
        func rightAuthority() throws {
            let end = try TLSEnd(authority.sign("localhost"), to: broker.port)
            try run(end.port, "--tls-ca", authority.certificate).expectAllAccepted(3)
            try broker.expectEverySequence(upTo: 3)
        }

        @Test("a certificate of another authority is refused")
        func wrongAuthority() throws {
            let end = try TLSEnd(authority.sign("localhost"), to: broker.port)
            let other = try Authority("other", in: folder)
            for options in [["--tls-ca", other.certificate], []] {
                let url = "amqps://localhost:\(end.port)/link1.test"
                try expectRefusal(
                    SenderRun(["-a", url] + options),
                    "tls:certificate-untrusted: unable to get local issuer "
                        + "certificate (no authority that is trusted here signed the peer's "
                        + "certificate: --tls-ca FILE names one to trust)")
            }
        }

        @Test("--tls-ca trusts its authorities only, and no longer the system's")
        func systemAuthority() throws {
            let end = try TLSEnd(authority.sign("localhost"), to: broker.port)
            let other = try Authority("other", in: folder)
            let url = "amqps://localhost:\(end.port)/link1.test"
            // OpenSSL takes the system's authorities from there.
            let system = ["SSL_CERT_FILE": authority.certificate]
            try SenderRun(["-a", url, "-m", "1"], environment: system).expectAllAccepted(1)
            try expectRefusal(
                SenderRun(["-a", url, "--tls-ca", other.certificate], environment: system),
                "tls:certificate-untrusted: ")
        }

        @Test("a certificate for another name is refused, unless that is the name expected")
        func wrongName() throws {
            let end = try TLSEnd(authority.sign("elsewhere"), to: broker.port)
            try expectRefusal(
                run(end.port, "--tls-ca", authority.certificate),
                "tls:certificate-name-mismatch: the peer's certificate has no name that matches "
                    + "localhost (connect by a name that is in it, or give that with "
                    + "--tls-server-name NAME; IP addresses in it are ignored)")
            try run(
                end.port, "--tls-ca", authority.certificate, "--virtual-host", "elsewhere"
            ).expectAllAccepted(3)
        }

        @Test("--tls-server-name is verified and asked for, apart from the virtual host")
        func serverName() throws {
            let end = try TLSEnd(authority.sign("elsewhere"), to: broker.port)
            let run = try run(
                end.port, "--tls-ca", authority.certificate, "--tls-server-name", "elsewhere",
                "--virtual-host", "vhost:orders", "--trace-frames")
            try run.expectAllAccepted(3)
            run.expectErrors(#"hostname="vhost:orders""#)
            #expect(end.log.contains("asked for elsewhere"))
            try expectRefusal(
                SenderRun([
                    "-a", "amqps://localhost:\(end.port)/link1.test", "--tls-ca",
                    authority.certificate, "--tls-server-name", "other",
                ]),
                "no name that matches other (connect by a name that is in it")
        }

        @Test("an expired certificate is refused")
        func expired() throws {
            let end = try TLSEnd(authority.sign("localhost", isExpired: true), to: broker.port)
            try expectRefusal(
                run(end.port, "--tls-ca", authority.certificate),
                "tls:certificate-expired: certificate has expired (the "
                    + "peer needs a new certificate, unless this machine's clock is wrong)")
            // With -r it is tried again, like any connection that fails, unless that is unwanted.
            let again = try run(end.port, "--tls-ca", authority.certificate, "-r", "-s", "10")
            try waitUntil {
                again.process.errors.lines.count { $0.contains("tls:certificate-expired") } > 1
            }
            try expectRefusal(
                run(
                    end.port, "--tls-ca", authority.certificate, "-r", "--fatal",
                    "tls:certificate-expired"),
                "an error that a retry does not cure: tls:certificate-expired")
        }

        @Test("--tls-insecure accepts what nobody signed, and says so")
        func insecure() throws {
            let end = try TLSEnd(authority.sign("elsewhere", isExpired: true), to: broker.port)
            let run = try run(end.port, "--tls-insecure")
            try run.expectAllAccepted(3)
            run.expectErrors("warning: no certificate is verified")
        }

        @Test(
            "a peer that asks for a client certificate gets it, and refuses us without",
            arguments: [
                [], ["--tls-1.2"],
            ])
        func mutual(_ version: [String]) throws {
            let end = try TLSEnd(
                authority.sign("localhost"), to: broker.port,
                options: ["--client-ca", authority.certificate] + version)
            let client = try authority.sign("client", keyPassword: "hidden-key-password")
            let passwordFile = folder.file("key-password").path
            try "hidden-key-password\n".write(
                toFile: passwordFile, atomically: true, encoding: .utf8)
            let run1 = try run(
                end.port, "--tls-ca", authority.certificate, "--tls-cert", client.certificate,
                "--tls-key", client.key, "--tls-key-password-file", passwordFile)
            try run1.expectAllAccepted(3)
            #expect(!run1.process.allOutput.contains("hidden-key-password"))
            try expectRefusal(
                run(end.port, "--tls-ca", authority.certificate), "--tls-cert FILE names one")
            // One that the peer does not trust.
            let stranger = try Authority("stranger", in: folder).sign("client-2")
            try expectRefusal(
                run(
                    end.port, "--tls-ca", authority.certificate, "--tls-cert",
                    stranger.certificate, "--tls-key", stranger.key),
                "tls:client-certificate-refused: ")
        }

        @Test("TLS and none of it at the wrong port are told apart")
        func wrongPort() throws {
            try expectRefusal(
                run(broker.port),
                "tls:not-spoken: unexpected eof while reading (the peer does "
                    + "not speak TLS there: name the port of amqps, or write amqp://)")
            let listener = try ClosingListener(answer: [0x15, 3, 1, 0, 2, 2, 0x46])
            try expectRefusal(
                run(listener.port, scheme: "amqp"),
                "that port expects TLS: use amqps:// instead of amqp://")
        }

        @Test("a connection that fails over TLS is made again, and nothing is missing")
        func recovery() throws {
            let pair = try authority.sign("localhost")
            let first = try TLSEnd(pair, to: broker.port)
            let run = try SenderRun([
                "-a", "amqps://localhost:\(first.port)/link1.test", "-m", "200", "-i", "30", "-s",
                "200", "-r", "--tls-ca", authority.certificate,
            ])
            try run.waitForAccepted(20)
            try broker.kill()
            try run.process.waitForErrors("connection lost")
            try broker.start()
            try run.expectAllAccepted(200)
            try broker.expectEverySequence(upTo: 200)
        }

        @Test("routers with and without TLS take each other's place")
        func failover() throws {
            let end = try TLSEnd(authority.sign("localhost"), to: broker.port)
            let nobody = try Places.freePort()
            let run = try SenderRun([
                "-a", "amqp://localhost:\(nobody)/link1.test", "--failover",
                "amqps://localhost:\(end.port)", "-m", "3", "-i", "0", "--tls-ca",
                authority.certificate,
            ])
            try run.expectAllAccepted(3)
        }

        @Test("the connection is taken from proton's connect.json")
        func connectFile() throws {
            let end = try TLSEnd(authority.sign("elsewhere"), to: broker.port)
            let file = folder.file("connect.json")
            try """
            // As proton's clients have it.
            {
                "scheme": "amqps", "host": "localhost", "port": \(end.port),
                "user": "bo", "password": "hidden-password", "virtual_host": "elsewhere",
                "tls": { "ca": "\(authority.certificate)" }
            }
            """.write(to: file, atomically: true, encoding: .utf8)
            let run = try SenderRun(
                ["-a", "link1.test", "-m", "3", "-i", "0"],
                environment: ["MESSAGING_CONNECT_FILE": file.path])
            try run.expectAllAccepted(3)
            #expect(
                run.process.output.lines.first
                    == "address: amqps://localhost:\(end.port)/link1.test")
            #expect(!run.process.allOutput.contains("hidden-password"))
            // It is a file of the user's own making: a mistake in it is wrong usage.
            try "{".write(to: file, atomically: true, encoding: .utf8)
            let wrong = try SenderRun(
                ["-a", "link1.test"], environment: ["MESSAGING_CONNECT_FILE": file.path])
            #expect(try wrong.process.wait(seconds: 20) == 64)
            wrong.expectErrors("can't be used: it is not JSON")
        }

        @Test("files that TLS can't use are named before anybody connects")
        func unusableFiles() throws {
            let pair = try authority.sign("client")
            let other = try authority.sign("other")
            let locked = try authority.sign("locked", keyPassword: "hidden-key-password")
            let junk = folder.file("junk").path
            try "no certificate\n".write(toFile: junk, atomically: true, encoding: .utf8)
            let cases: [([String], String)] = [
                (["--tls-ca", "/nowhere"], "can't be read: No such file or directory"),
                (["--tls-ca", "/"], "is not a regular file"),
                (["--tls-ca", junk], "holds no certificate of an authority"),
                (["--tls-cert", junk], "holds no certificate: it must be a PEM file"),
                (
                    ["--tls-cert", pair.certificate],
                    "holds no key: name the key's file with --tls-key"
                ),
                (["--tls-cert", pair.certificate, "--tls-key", junk], "holds no key: it must"),
                (
                    ["--tls-cert", pair.certificate, "--tls-key", other.key],
                    "does not belong to the certificate"
                ),
                (
                    ["--tls-cert", locked.certificate, "--tls-key", locked.key],
                    "is encrypted: give its password with --tls-key-password-file"
                ),
                (
                    [
                        "--tls-cert", locked.certificate, "--tls-key", locked.key,
                        "--tls-key-password-file", junk,
                    ], "the password of --tls-key-password-file is wrong"
                ),
            ]
            for (options, sentence) in cases {
                let run = try run(1, options)
                #expect(try run.process.wait(seconds: 20) == 64, "\(run.process.allOutput)")
                run.expectErrors(sentence)
                #expect(run.process.errors.lines.count == 1, "\(run.process.allOutput)")
                #expect(run.process.output.lines.isEmpty)
            }
        }

        private func run(_ port: Int, _ options: [String]) throws -> SenderRun {
            try SenderRun(["-a", "amqps://localhost:\(port)/link1.test"] + options)
        }
    }
}
