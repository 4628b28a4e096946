// Proton's connect.json: its fields and its errors.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender
import Testing

@testable import SenderCommand

@Suite struct ConnectFileTests {
    private func environment(_ text: String, password: String? = nil) -> Environment {
        var variables = ["MESSAGING_CONNECT_FILE": "connect.json"]
        variables["SENDER_PASSWORD"] = password
        return Environment(files: ["connect.json": text], variables: variables)
    }

    private func options(_ text: String, _ arguments: String...) throws -> RunOptions {
        guard
            case .run(let options) = try parseArguments(
                ["-a", "link1.test"] + arguments, environment: environment(text))
        else { throw UsageError("not a run") }
        return options
    }

    @Test("every field counts")
    func fields() throws {
        let text = """
            // The broker of the example.
            {
                "scheme": "amqps", "host": "broker", "port": 7, "user": "bo", "password": "pw",
                "virtual_host": "v",
                "sasl": { "mechanisms": ["PLAIN", "ANONYMOUS"], "allow_insecure": true },
                "tls": { "ca": "a", "cert": "c", "key": "k" /* PEM, all of them */ }
            }
            """
        let options = try options(text)
        #expect(
            options.sending.endpoints == [
                Endpoint(host: "broker", port: 7, user: "bo", password: "pw", isTLS: true)
            ])
        #expect(options.targets[0].address == "link1.test")
        #expect(options.sending.virtualHost == "v")
        #expect(options.sending.saslMechanisms == ["PLAIN", "ANONYMOUS"])
        #expect(options.sending.isInsecureAuthenticationAllowed)
        #expect(options.sending.tls.authoritiesFile == "a")
        #expect(options.sending.tls.certificateFile == "c")
        #expect(options.sending.tls.keyFile == "k")
        #expect(options.sending.tls.isPeerVerified)
        #expect(options.targets[0].display == "amqps://broker:7/link1.test")
        // A password in a file is not on the command line.
        #expect(options.warnings.isEmpty)
    }

    @Test("missing fields have proton's defaults")
    func defaults() throws {
        #expect(
            try options("{}").sending.endpoints
                == [Endpoint(host: "localhost", port: 5671, isTLS: true)])
        #expect(
            try options(#"{"scheme": "amqp", "unknown": 1}"#).sending.endpoints
                == [Endpoint(host: "localhost", port: 5672)])
        #expect(try options(#"{"port": "amqp"}"#).sending.endpoints[0].port == 5672)
        #expect(try options(#"{"port": "77"}"#).sending.endpoints[0].port == 77)
        let one = try options(#"{"sasl": {"mechanisms": "ANONYMOUS"}}"#)
        #expect(one.sending.saslMechanisms == ["ANONYMOUS"])
        #expect(try !options(#"{"tls": {"verify": false}}"#).sending.tls.isPeerVerified)
    }

    @Test("the command line wins")
    func commandLine() throws {
        let text = """
            {"user": "bo", "password": "pw", "virtual_host": "v",
             "sasl": {"mechanisms": ["EXTERNAL"]}, "tls": {"ca": "a", "cert": "c", "key": "k"}}
            """
        let options = try options(
            text, "-u", "al", "-p", "other", "--virtual-host=w", "--sasl-mechanisms=PLAIN",
            "--tls-ca=b", "--tls-cert=d")
        #expect(options.user == "al" && options.password == "other")
        #expect(options.sending.virtualHost == "w")
        #expect(options.sending.saslMechanisms == ["PLAIN"])
        #expect(options.sending.tls.authoritiesFile == "b")
        #expect(options.sending.tls.certificateFile == "d")
        // The file's key is the key of the file's certificate.
        #expect(options.sending.tls.keyFile == nil)
    }

    @Test("the file's password is for the file's user only")
    func otherUser() throws {
        let text = #"{"user": "bo", "password": "pw"}"#
        #expect(try options(text).password == "pw")
        #expect(try options(text, "-u", "bo").password == "pw")
        let other = try run(environment(text, password: "x"), "-a", "q", "-u", "al")
        #expect(other.user == "al" && other.password == "x")
    }

    @Test(
        "a password that others can read gets a warning",
        arguments: [
            (
                #"{"user": "bo", "password": "pw"}"#,
                [
                    #"warning: MESSAGING_CONNECT_FILE "connect.json" can be read by others: "#
                        + "chmod 600 prevents that"
                ]
            ),
            (#"{"host": "localhost"}"#, []),
        ])
    func readable(_ text: String, _ warnings: [String]) throws {
        var environment = Environment(
            files: ["connect.json": text], openToOthers: ["connect.json"],
            variables: ["MESSAGING_CONNECT_FILE": "connect.json"])
        #expect(try run(environment, "-a", "q").warnings == warnings)
        environment = self.environment(text)
        #expect(try run(environment, "-a", "q").warnings.isEmpty)
    }

    @Test("with a URL the file is not read")
    func url() throws {
        let options = try run(environment("junk"), "-a", "amqp://localhost/q")
        #expect(options.sending.endpoints == [Endpoint(host: "localhost", port: 5672)])
    }

    @Test("without the variable an address alone is no URL")
    func noVariable() {
        #expect(
            sentence(.none, "-a", "link1.test")
                == #"the URL "link1.test" is wrong: "#
                + "it must have the form amqp://host[:port]/address")
    }

    @Test(
        "an error names what is wrong",
        arguments: [
            ("", "it is not JSON"),
            ("[1]", "it must be an object"),
            (#"{"scheme": "http"}"#, #"its field "scheme" is "http", but must be amqp or amqps"#),
            (#"{"scheme": 1}"#, #"its field "scheme" must be a string"#),
            (
                #"{"host": "a/b"}"#,
                #"its field "host" is "a/b", but must be a host's name or address"#
            ),
            (
                #"{"host": "amqps://bo:s3crt@h/q"}"#,
                #"its field "host" is "amqps://…@h/q", but must be a host's name or address"#
            ),
            (
                #"{"scheme": "bo:s3crt"}"#,
                #"its field "scheme" is "bo:…", but must be amqp or amqps"#
            ),
            (#"{"port": 0}"#, #"its field "port" is "0", but must be a number from 1 to 65535"#),
            (
                #"{"port": 65536}"#,
                #"its field "port" is "65536", but must be a number from 1 to 65535"#
            ),
            (#"{"port": []}"#, #"its field "port" must be a string or a number"#),
            (#"{"password": 5}"#, #"its field "password" must be a string"#),
            (#"{"password": "a\nb"}"#, #"its field "password" must not hold control characters"#),
            (
                #"{"sasl": {"enable": false}}"#,
                #"its field "sasl.enable" is false, but sender always uses SASL"#
            ),
            (
                #"{"sasl": {"mechanisms": ["GSSAPI"]}}"#,
                #"its field "sasl.mechanisms" has "GSSAPI", "#
                    + "but must have names out of EXTERNAL, SCRAM-SHA-512, SCRAM-SHA-256, SCRAM-SHA-1, "
                    + "OAUTHBEARER, XOAUTH2, PLAIN, ANONYMOUS"
            ),
            (
                #"{"sasl": {"mechanisms": 1}}"#,
                #"its field "sasl.mechanisms" must be a string or a list of strings"#
            ),
            (#"{"scheme": "amqp", "tls": {}}"#, #"its field "tls" needs the scheme amqps"#),
            (#"{"tls": {"verify": "no"}}"#, #"its field "tls.verify" must be true or false"#),
            (#"{"tls": 1}"#, #"its field "tls" must be an object"#),
        ])
    func errors(_ text: String, _ expected: String) {
        #expect(
            sentence(environment(text), "-a", "q")
                == #"the connect file "connect.json" can't be used: "# + expected)
    }

    @Test("also with a file, an address that may hold a secret is refused")
    func secretInAnAddress() {
        for (text, shown) in [
            ("Endpoint=sb://h/;SharedAccessKey=s3crt", "Endpoint=…"), ("q?sig=s3crt", "q?…"),
        ] {
            #expect(
                sentence(environment("{}"), "-a", text)?
                    .hasPrefix("the URL \"\(shown)\" is wrong: ") == true)
        }
    }

    @Test("a file that is not there is named")
    func missingFile() {
        let environment = Environment(variables: ["MESSAGING_CONNECT_FILE": "nowhere"])
        #expect(
            sentence(environment, "-a", "q")
                == #"MESSAGING_CONNECT_FILE "nowhere" can't be read: No such file or directory"#)
    }

    @Test("a password in the clear is refused as one from a URL is")
    func clearText() {
        let text = #"{"scheme": "amqp", "host": "h", "user": "bo", "password": "pw"}"#
        #expect(sentence(environment(text), "-a", "q")?.contains("in the clear") == true)
    }
}
