// The security options and their contradictions.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender
import Testing

@testable import SenderCommand

extension Environment {
    /// Files and variables of a test; no terminal unless there is an answer.
    init(
        files: [String: String] = [:], openToOthers: Set<String> = [],
        variables: [String: String] = [:], answer: String? = nil
    ) {
        self.init(
            variable: { variables[$0] },
            readFile: { path, countMax, _ in
                guard let text = files[path] else { return .failure(SystemError(number: 2)) }
                return .success(
                    FileStart(
                        bytes: Array(text.utf8.prefix(countMax)),
                        isOpenToOthers: openToOthers.contains(path), isRegularFile: true))
            },
            askForPassword: { _ in answer })
    }

    static let testing = Environment(files: ["pw": "secret\n", "kpw": "secret\n", "t": "token\n"])
}

/// The options of a run with these environment.
func run(_ environment: Environment, _ arguments: String...) throws -> RunOptions {
    guard case .run(let options) = try parseArguments(arguments, environment: environment)
    else { throw UsageError("not a run") }
    return options
}

/// The sentence for wrong usage; nil when it is right.
func sentence(_ environment: Environment = .testing, _ arguments: String...) -> String? {
    do throws(UsageError) {
        _ = try parseArguments(arguments, environment: environment)
        return nil
    } catch {
        return error.sentence
    }
}

extension OptionCase {
    static let security: [OptionCase] = [
        OptionCase("-u", "bo", "--password-file", "pw") {
            $0.sending.endpoints[0].password == "secret"
        },
        OptionCase("--token-file=t") { $0.sending.endpoints[0].token == "token" },
        OptionCase("--sasl-mechanisms=ANONYMOUS") { $0.sending.saslMechanisms == ["ANONYMOUS"] },
        OptionCase("-u", "bo", "-p", "pw", "--sasl-mechanisms=PLAIN,ANONYMOUS") {
            $0.sending.saslMechanisms == ["PLAIN", "ANONYMOUS"] && $0.user == "bo"
        },
        OptionCase(url: "amqps://h/q", "--tls-cert=c", "--sasl-mechanisms=EXTERNAL") {
            $0.sending.saslMechanisms == ["EXTERNAL"]
        },
        OptionCase("--allow-insecure-auth") { $0.sending.isInsecureAuthenticationAllowed },
        OptionCase(url: "amqps://h/q", "--tls-ca=ca") { $0.sending.tls.authoritiesFile == "ca" },
        OptionCase(url: "amqps://h/q", "--tls-cert=c") { $0.sending.tls.certificateFile == "c" },
        OptionCase(url: "amqps://h/q", "--tls-cert=c", "--tls-key=k") {
            $0.sending.tls.keyFile == "k"
        },
        OptionCase(url: "amqps://h/q", "--tls-cert=c", "--tls-key-password-file=kpw") {
            $0.sending.tls.keyPassword == "secret"
        },
        OptionCase(url: "amqps://h/q", "--tls-insecure") {
            !$0.sending.tls.isPeerVerified && !$0.warnings.isEmpty
        },
        OptionCase(url: "amqps://h/q", "--tls-server-name=v") {
            $0.sending.tls.serverName == "v" && $0.sending.virtualHost == nil
        },
        OptionCase("--virtual-host=v") { $0.sending.virtualHost == "v" },
        OptionCase("--trace-frames") { $0.isTracing },
    ]
}

@Suite struct SecurityOptionTests {
    @Test("the URL decides whether TLS is used")
    func tls() throws {
        let options = try run(
            .none, "-a", "amqps://h/q", "--failover=amqp://i", "--failover=amqps://j:7")
        #expect(
            options.sending.endpoints == [
                Endpoint(host: "h", port: 5671, isTLS: true), Endpoint(host: "i", port: 5672),
                Endpoint(host: "j", port: 7, isTLS: true),
            ])
        #expect(options.sending.tls.isPeerVerified)
    }

    private static let wrongUsages: [([String], String)] = [
        (
            ["-a", "amqp://h/q", "--tls-ca=f"],
            "--tls-ca has no effect without TLS: write the URL with amqps://"
        ),
        (
            ["-a", "amqp://h/q", "--tls-cert=f"],
            "--tls-cert has no effect without TLS: write the URL with amqps://"
        ),
        (
            ["-a", "amqp://h/q", "--tls-insecure"],
            "--tls-insecure has no effect without TLS: write the URL with amqps://"
        ),
        (
            ["-a", "amqp://h/q", "--tls-server-name=v"],
            "--tls-server-name has no effect without TLS: write the URL with amqps://"
        ),
        (
            ["--tls-server-name="],
            #"--tls-server-name is "", but must be 1 to 255 visible ASCII characters"#
        ),
        (
            ["-a", "amqps://h/q", "--tls-key=f"],
            "--tls-key has no effect without a certificate: add --tls-cert FILE"
        ),
        (
            ["-a", "amqps://h/q", "--tls-key-password-file=pw"],
            "--tls-key-password-file has no effect without a certificate: add --tls-cert FILE"
        ),
        (
            ["-a", "amqps://h/q", "--tls-ca=f", "--tls-insecure"],
            "--tls-ca and --tls-insecure contradict each other: give one of them"
        ),
        (
            ["--sasl-mechanisms=PLAIN,GSSAPI"],
            #"--sasl-mechanisms has "GSSAPI", but must have names out of EXTERNAL, "#
                + "SCRAM-SHA-512, SCRAM-SHA-256, SCRAM-SHA-1, OAUTHBEARER, XOAUTH2, PLAIN, "
                + "ANONYMOUS"
        ),
        (
            ["--sasl-mechanisms="],
            #"--sasl-mechanisms has "", but must have names out of EXTERNAL, "#
                + "SCRAM-SHA-512, SCRAM-SHA-256, SCRAM-SHA-1, OAUTHBEARER, XOAUTH2, PLAIN, "
                + "ANONYMOUS"
        ),
        (
            ["-a", "amqps://h/q", "--sasl-mechanisms=EXTERNAL"],
            "the SASL mechanism EXTERNAL needs a client certificate: add --tls-cert FILE"
        ),
        (
            ["-a", "amqp://h/q", "--sasl-mechanisms=PLAIN"],
            "the SASL mechanism PLAIN needs a user: add --user USER"
        ),
        (
            ["-a", "amqp://h/q", "--sasl-mechanisms=ANONYMOUS,SCRAM-SHA-256"],
            "the SASL mechanism SCRAM-SHA-256 needs a user: add --user USER"
        ),
        (
            ["-a", "amqp://u:p%C3%A4@h/q", "--sasl-mechanisms=SCRAM-SHA-256,ANONYMOUS"],
            "SCRAM needs a user and a password of printable ASCII characters: change them, or "
                + "add PLAIN to --sasl-mechanisms"
        ),
        (
            ["-a", "amqp://u:p@localhost/q", "--sasl-mechanisms=ANONYMOUS"],
            "a password is given, but none of the SASL mechanisms takes one: add SCRAM-SHA-256 "
                + "or PLAIN to --sasl-mechanisms"
        ),
        (
            ["-a", "amqp://localhost/q", "--sasl-mechanisms=OAUTHBEARER"],
            "the SASL mechanism OAUTHBEARER needs a token: add --token-file FILE"
        ),
        (
            ["-a", "amqp://localhost/q", "--token-file=t", "--sasl-mechanisms=ANONYMOUS"],
            "--token-file is given, but none of the SASL mechanisms takes a token: add OAUTHBEARER "
                + "to --sasl-mechanisms"
        ),
        (
            ["-a", "amqp://localhost/q", "--token-file=t", "-u", "bo", "--password-file=pw"],
            "--password-file and --token-file contradict each other: give one of them"
        ),
        (
            ["-a", "amqp://u:p@localhost/q", "--token-file=t"],
            #"--token-file and the password of "amqp://localhost/q" contradict each other: leave "#
                + "one of them out"
        ),
        (
            ["-a", "amqp://h/q", "--token-file=t"],
            #"the token for "h" would cross the network in the clear: write the URL with amqps://, "#
                + "use a tunnel that begins on this machine, or allow it with --allow-insecure-auth"
        ),
        (
            ["--virtual-host=a b"],
            #"--virtual-host is "a b", but must be 1 to 255 visible ASCII characters"#
        ),
        (
            ["-a", "amqp://localhost/q", "-u", "bo", "-p", "x", "--password-file=pw"],
            "--password and --password-file contradict each other: give one of them"
        ),
        (
            ["-a", "amqp://u:p@h/q"],
            #"the password for "h" would cross the network in the clear: write the URL with amqps://, "#
                + "use a tunnel that begins on this machine, let --sasl-mechanisms name only those "
                + "of SCRAM, or allow it with --allow-insecure-auth"
        ),
        (
            ["-a", "amqp://localhost/q", "-u", "bo"],
            #"the user "bo" has no password, and there is no terminal to ask at: "#
                + "give it with --password-file FILE or in SENDER_PASSWORD"
        ),
        (
            ["-a", "amqp://localhost/q", "--failover=amqp://v@h"],
            #"--failover "amqp://h" has a user without a password: "#
                + "add it, or leave the user to --user"
        ),
    ]

    @Test("wrong usage gets one sentence", arguments: wrongUsages)
    func wrongUsage(_ arguments: [String], _ expected: String) {
        #expect {
            try parseArguments(arguments, environment: .testing)
        } throws: { error in
            (error as? UsageError)?.sentence == expected
        }
    }

    @Test("a password goes in the clear only if that is allowed")
    func clearPassword() throws {
        let options = try run(.none, "-a", "amqp://u:p@h/q", "--allow-insecure-auth")
        #expect(options.sending.endpoints[0].password == "p")
        // And over TLS always.
        #expect(try run(.none, "-a", "amqps://u:p@h/q").sending.endpoints[0].password == "p")
        // SCRAM does not send it.
        let scram = try run(
            .none, "-a", "amqp://u:p@h/q", "--sasl-mechanisms=SCRAM-SHA-256,SCRAM-SHA-512")
        #expect(scram.sending.endpoints[0].password == "p")
    }

    @Test("no password is needed with a client certificate")
    func certificate() throws {
        let options = try run(.none, "-a", "amqps://u@h/q", "--tls-cert=c")
        #expect(options.user == "u" && options.password == nil)
        let anonymous = try run(.none, "-a", "amqp://u@h/q", "--sasl-mechanisms=ANONYMOUS")
        #expect(anonymous.user == "u" && anonymous.password == nil)
    }
}
