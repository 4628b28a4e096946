// No output shows a password.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite struct SecrecyTests {
        private static let secret = "S3cret-that-nobody-sees"
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        /// Expects the secret nowhere in what a run printed, nor in any file of the folder.
        private func expectSilence(
            _ run: SenderRun, except files: URL...,
            sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let printed = run.process.output.lines + run.process.errors.lines
            let forms = [Self.secret, Data(Self.secret.utf8).base64EncodedString()]
            for form in forms {
                #expect(!printed.contains { $0.contains(form) }, sourceLocation: sourceLocation)
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
            for name in names where !files.contains(where: { $0.lastPathComponent == name }) {
                let data = try Data(contentsOf: folder.file(name))
                for form in forms {
                    #expect(
                        data.range(of: Data(form.utf8)) == nil, "\(name)",
                        sourceLocation: sourceLocation)
                }
            }
        }

        @Test("a password is in no line, trace, journal or file, wherever it came from")
        func everywhere() throws {
            let broker = try StandInBroker(in: folder, misbehaving: ["reject=%3"])
            try broker.start()
            let passwordFile = folder.file("password")
            try "\(Self.secret)\n".write(to: passwordFile, atomically: true, encoding: .utf8)
            let host = "localhost:\(broker.port)"
            let secret = Self.secret
            let ways: [(url: String, options: [String], variable: String?)] = [
                ("amqp://bo:\(secret)@\(host)/q", [], nil),
                ("amqp://\(host)/q", ["-u", "bo", "-p", secret], nil),
                ("amqp://\(host)/q", ["-u", "bo", "--password-file", passwordFile.path], nil),
                ("amqp://bo@\(host)/q", [], secret),
            ]
            for (index, way) in ways.enumerated() {
                var environment = ["PN_TRACE_FRM": "1", "PN_TRACE_RAW": "1", "PN_LOG": "ALL"]
                environment["SENDER_PASSWORD"] = way.variable
                let run = try SenderRun(
                    [
                        "-a", way.url, "-m", "6", "-i", "0", "-r", "--trace-frames", "--journal",
                        folder.file("journal\(index)").path, "--rejected-file",
                        folder.file("rejected\(index)").path, "--events",
                        folder.file("events\(index)").path,
                    ] + way.options, environment: environment)
                try run.expectEnd(status: 1)
                run.expectErrors("@sasl-init [mechanism=:PLAIN, the rest is not shown]")
                #expect(run.process.errors.lines.contains { $0.contains("frame: 0 -> @transfer") })
                try expectSilence(run, except: passwordFile)

                for other in [["--log-format", "json", "-m", "1"], ["--check"]] {
                    let run = try SenderRun(
                        ["-a", way.url, "--trace-frames"] + other + way.options,
                        environment: environment)
                    _ = try run.process.wait(seconds: 30)
                    run.expectErrors("@sasl-init [mechanism=:PLAIN, the rest is not shown]")
                    try expectSilence(run, except: passwordFile)
                }
            }
        }

        @Test("neither a password nor that of the key is shown over TLS, whether it works or not")
        func everywhereOverTLS() throws {
            let authority = try Authority(in: folder)
            let broker = try StandInBroker(in: folder, misbehaving: ["reject=%3"])
            try broker.start()
            let end = try TLSEnd(
                authority.sign("localhost"), to: broker.port,
                options: ["--client-ca", authority.certificate])
            let client = try authority.sign("client", keyPassword: Self.secret)
            let other = try authority.sign("other", keyPassword: "another-key-password")
            let stranger = try Authority("stranger", in: folder)
            let passwordFile = folder.file("password")
            try "\(Self.secret)\n".write(to: passwordFile, atomically: true, encoding: .utf8)
            let environment = [
                "PN_TRACE_FRM": "1", "PN_TRACE_RAW": "1", "PN_TRACE_DRV": "1", "PN_LOG": "ALL",
            ]
            let works: (String, Authority.Pair, Int32, String) = (
                authority.certificate, client, 1,
                "@sasl-init [mechanism=:PLAIN, the rest is not shown]"
            )
            for (index, (trusted, pair, status, sentence)) in [
                works, (stranger.certificate, client, 2, "tls:certificate-untrusted"),
                (authority.certificate, other, 64, "--tls-key-password-file is wrong"),
            ].enumerated() {
                for format in ["text", "json"] {
                    let run = try SenderRun(
                        [
                            "-a", "amqps://bo:\(Self.secret)@localhost:\(end.port)/q", "-m", "6",
                            "-i", "0", "--sasl-mechanisms", "PLAIN", "--tls-ca", trusted,
                            "--tls-cert", pair.certificate, "--tls-key", pair.key,
                            "--tls-key-password-file", passwordFile.path, "--trace-frames",
                            "--log-format", format, "--journal",
                            folder.file("journal\(index)\(format)").path, "--events",
                            folder.file("events\(index)\(format)").path,
                        ], environment: environment)
                    let ended = try run.process.wait(seconds: 30)
                    #expect(ended == status, "\(run.process.allOutput)")
                    #expect(run.process.errors.text.contains(sentence))
                    try expectSilence(run, except: passwordFile)
                }
            }
        }

        @Test("a password is in no sentence about what is wrong with it or the rest")
        func errors() throws {
            let secret = Self.secret
            let refusals: [([String], Int32)] = [
                (["-a", "amqp://bo:\(secret)@localhost:1/q", "-m", "1"], 2),
                (["-a", "amqp://bo:\(secret)@h/q"], 64),
                (["-a", "amqp://bo:\(secret)@localhost/q", "-p", "\(secret)\n"], 64),
                (["-a", "amqp://localhost/q", "-p", secret], 64),
                (["-a", "amqp://bo:\(secret)@localhost:x/q"], 64),
                (["-a", "bo:\(secret)@localhost/q"], 64),
                (["-a", "amqp://localhost/q", "--failover", "amqp://bo:\(secret)@h:x"], 64),
            ]
            for (arguments, status) in refusals {
                let run = try SenderRun(arguments)
                #expect(try run.process.wait(seconds: 20) == status)
                try expectSilence(run)
            }
        }

        @Test("without --trace-frames proton's variables trace nothing")
        func variables() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let run = try SenderRun(
                ["-a", "amqp://bo@localhost:\(broker.port)/q", "-m", "1"],
                environment: [
                    "PN_TRACE_FRM": "1", "PN_TRACE_RAW": "1", "SENDER_PASSWORD": Self.secret,
                ])
            try run.expectEnd(status: 0)
            #expect(!run.process.errors.lines.contains { $0.contains("@") })
        }
    }
}
