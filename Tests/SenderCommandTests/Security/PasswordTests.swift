// Sources of passwords, and invalid ones.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender
import Testing

@testable import SenderCommand

@Suite struct PasswordTests {
    private func password(_ environment: Environment, _ arguments: String...) throws -> String? {
        guard
            case .run(let options) = try parseArguments(
                ["-u", "bo"] + arguments, environment: environment)
        else { return nil }
        #expect(options.password == options.sending.endpoints[0].password)
        return options.password
    }

    @Test("the first place that has a password counts")
    func firstPlace() throws {
        let all = Environment(
            files: ["pw": "from file"], variables: ["SENDER_PASSWORD": "from variable"],
            answer: "from terminal")
        let url = "amqp://bo:from%20url@localhost/q"
        #expect(try password(all, "-a", url, "-p", "from option") == "from option")
        #expect(try password(all, "-a", url, "--password-file=pw") == "from file")
        #expect(try password(all, "-a", url) == "from url")
        #expect(try password(all, "-a", "amqp://localhost/q") == "from variable")
        let terminal = Environment(variables: ["SENDER_PASSWORD": ""], answer: "from terminal")
        #expect(try password(terminal, "-a", "amqp://localhost/q") == "from terminal")
    }

    @Test("the URL's password is for the URL's user only")
    func otherUser() throws {
        let environment = Environment(variables: ["SENDER_PASSWORD": "from variable"])
        let alices = "amqp://alice:from%20url@localhost/q"
        #expect(try run(environment, "-a", alices).password == "from url")
        #expect(try password(environment, "-a", alices) == "from variable")
        // A URL without a user leaves that to --user.
        let options = try run(
            environment, "-a", alices, "-u", "bo", "--failover=amqp://127.0.0.1")
        #expect(options.sending.endpoints.map(\.password) == ["from variable", "from variable"])
    }

    @Test("without a user there is no prompt")
    func noUser() throws {
        let environment = Environment(
            variables: ["SENDER_PASSWORD": "x"], answer: "y")
        #expect(try run(environment, "-a", "amqp://localhost/q").password == nil)
    }

    @Test("one password is for every router with the same user")
    func sameUser() throws {
        let options = try run(
            Environment(answer: "y"), "-a", "amqp://localhost/q", "-u", "bo",
            "--failover=amqp://127.0.0.1", "--failover=amqp://v:w@127.0.0.1")
        #expect(options.sending.endpoints.map(\.password) == ["y", "y", "w"])
        #expect(options.warnings.count == 1)
    }

    @Test("only the first line counts")
    func firstLine() throws {
        for text in ["secret", "secret\n", "secret\r\n", "secret\nmore\n"] {
            // The file's reader stops at the line's end.
            let read = text.firstIndex(of: "\n").map { String(text[...$0]) } ?? text
            #expect(
                try password(
                    Environment(files: ["pw": read]), "-a", "amqp://localhost/q",
                    "--password-file=pw") == "secret")
        }
    }

    @Test(
        "a text that is no password is refused",
        arguments: [
            ("", #"the first line of --password-file "pw" is empty: a password is needed"#),
            ("\n", #"the first line of --password-file "pw" is empty: a password is needed"#),
            (
                String(repeating: "x", count: 16385),
                #"the first line of --password-file "pw" is longer than the 16384 bytes "#
                    + "that a password may have"
            ),
            (
                "a\u{7}b",
                #"the first line of --password-file "pw" must not hold control characters"#
            ),
        ])
    func noPassword(_ text: String, _ expected: String) {
        let environment = Environment(files: ["pw": text])
        #expect(
            sentence(environment, "-a", "amqp://u@localhost/q", "--password-file=pw") == expected)
    }

    @Test("a file that is not there is named")
    func missingFile() {
        #expect(
            sentence(.none, "-a", "amqp://u@localhost/q", "--password-file=pw")
                == #"--password-file "pw" can't be read: No such file or directory"#)
    }

    @Test("an empty answer is no password")
    func emptyAnswer() {
        #expect(
            sentence(Environment(answer: ""), "-a", "amqp://u@localhost/q")
                == "the password that was typed is empty: a password is needed")
    }

    @Test("a regular file is read again for the endpoints that have its password")
    func readAgain() throws {
        let options = try run(
            Environment(files: ["pw": "old"]), "-a", "amqp://bo@localhost/q",
            "--failover=amqp://v:w@127.0.0.1", "--failover=amqp://127.0.0.1", "-u", "bo",
            "--password-file=pw")
        #expect(options.sending.endpoints.map(\.password) == ["old", "w", "old"])
        func passwords(_ environment: Environment) throws -> [String?] {
            try (0...2).map { try options.secretFiles.read(for: $0, environment).password }
        }
        #expect(try passwords(Environment(files: ["pw": "new\n"])) == ["new", nil, "new"])
        let empty = Environment(files: ["pw": ""])
        #expect {
            try options.secretFiles.read(for: 0, empty)
        } throws: { error in
            (error as? UsageError)?.sentence
                == "the first line of --password-file \"pw\" is empty: a password is needed"
        }
        #expect(try options.secretFiles.read(for: 1, empty) == Secrets())
        #expect(try run(.none, "-a", "amqp://u:p@localhost/q").secretFiles.login == nil)

        let tls = try run(
            .testing, "-a", "amqps://h/q", "--tls-cert=c", "--tls-key-password-file=kpw")
        #expect(tls.sending.tls.keyPassword == "secret")
        let now = try tls.secretFiles.read(for: 0, Environment(files: ["kpw": "new"]))
        #expect(now == Secrets(keyPassword: "new"))
        #expect(!"\(now)".contains("new"))
    }

    @Test(
        "a token is for the endpoints without a user of their own, and read again like a password")
    func token() throws {
        let environment = Environment(files: ["t": "a.b-c_d~+/=\r\n"], openToOthers: ["t"])
        let options = try run(
            environment, "-a", "amqp://bo@localhost/q", "--failover=amqp://v:w@127.0.0.1",
            "--failover=amqp://127.0.0.1", "--token-file=t")
        #expect(options.sending.endpoints.map(\.token) == ["a.b-c_d~+/=", nil, "a.b-c_d~+/="])
        #expect(options.sending.endpoints.map(\.password) == [nil, "w", nil])
        #expect(options.sending.endpoints.map(\.user) == ["bo", "v", nil])
        #expect(
            options.warnings.contains(
                #"warning: --token-file "t" can be read by others: chmod 600 prevents that"#))
        let renewed = Environment(files: ["t": "new"])
        #expect(
            try (0...2).map { try options.secretFiles.read(for: $0, renewed).token }
                == ["new", nil, "new"])
        #expect(!"\(options.sending.endpoints)".contains("a.b"))
        var dumped = ""
        dump(options.sending.endpoints, to: &dumped)
        #expect(!dumped.contains("a.b"))
    }

    @Test(
        "a text that is no token is refused",
        arguments: [
            ("", #"the first line of --token-file "t" is empty: a token is needed"#),
            (
                String(repeating: "x", count: 16385),
                #"the first line of --token-file "t" is longer than the 16384 bytes that a token may have"#
            ),
            (
                "two words",
                #"the first line of --token-file "t" is not a token: a token has only visible ASCII characters"#
            ),
            (
                "t\u{E4}",
                #"the first line of --token-file "t" is not a token: a token has only visible ASCII characters"#
            ),
        ])
    func noToken(_ text: String, _ expected: String) {
        #expect(
            sentence(
                Environment(files: ["t": text]), "-a", "amqp://localhost/q", "--token-file=t")
                == expected)
    }

    @Test("a pipe is read once, and a run does not wait for one that took a file's place")
    func pipes() throws {
        let path = "/tmp/sender-password-\(UInt64.random(in: 0 ... .max))"
        defer { unlink(path) }
        #expect(mkfifo(path, 0o600) == 0)
        let writer = open(path, O_RDWR)
        #expect(write(writer, "pw\n", 3) == 3)
        let file = NamedFile(path, from: "--password-file")
        let first = try SecretFile(file, .password, .process(without: []))
        #expect(first.secret == "pw" && first.renewable == nil)
        close(writer)
        #expect(throws: UsageError.self) { try SecretFile(file, .password, .regularFiles) }
    }

    @Test("a file that others can read gets a warning")
    func readable() throws {
        let environment = Environment(files: ["pw": "secret"], openToOthers: ["pw"])
        let options = try run(
            environment, "-a", "amqp://u@localhost/q", "--password-file=pw")
        #expect(
            options.warnings == [
                #"warning: --password-file "pw" can be read by others: "#
                    + "chmod 600 prevents that"
            ])
    }
}
