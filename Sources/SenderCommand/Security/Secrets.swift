// The sources of passwords and tokens.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// The kind of secret in a file or variable.
enum SecretKind: String {
    case password
    case token

    /// Tokens are long, and some brokers take them as passwords.
    static let sizeMax = 16 * 1024

    /// Checks a secret; errors never quote it.
    func check(_ bytes: some Collection<UInt8>, _ source: String) throws(UsageError) -> String {
        guard !bytes.isEmpty else {
            throw UsageError("\(source) is empty: a \(rawValue) is needed")
        }
        guard bytes.count <= Self.sizeMax else {
            throw UsageError(
                "\(source) is longer than the \(Self.sizeMax) bytes that a \(rawValue) may have")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw UsageError(
                "\(source) is not valid UTF-8: give the \(rawValue) in that encoding")
        }
        guard self == .password || SASLMechanisms.isToken(text) else {
            throw UsageError("\(source) is not a token: a token has only visible ASCII characters")
        }
        guard !text.hasControlCharacter else {
            throw UsageError("\(source) must not hold control characters")
        }
        return text
    }
}

/// A secret in the first line of a file.
struct SecretFile {
    let secret: String
    /// Set when others than the owner may read the file.
    let warning: String?
    /// The file, if it can be read again: a regular one.
    let renewable: NamedFile?

    init(
        _ file: NamedFile, _ kind: SecretKind, _ environment: Environment
    ) throws(UsageError) {
        let start: Environment.FileStart
        switch environment.readFile(file.path, SecretKind.sizeMax + 2, true) {
        case .success(let read): start = read
        case .failure(let error):
            throw UsageError("\(file.words) can't be read: \(error)")
        }
        var line = start.bytes[...]
        if line.last == UInt8(ascii: "\n") { line.removeLast() }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        secret = try kind.check(line, "the first line of \(file.words)")
        warning = start.isOpenToOthers ? file.openToOthersWarning : nil
        renewable = start.isRegularFile ? file : nil
    }
}

/// Files with secrets that are read again at each connect, so that a secret can be replaced during
/// a run.
struct SecretFiles: Hashable {
    /// The file of the SASL password or token; nil if it can't be read again.
    var login: NamedFile?
    /// Whether it holds a token.
    var isToken = false
    /// Endpoints that use it.
    var endpoints: Set<Int> = []
    /// The file with the TLS key's password.
    var key: NamedFile?

    /// Reads the current secrets.
    func read(
        for endpoint: Int, _ environment: Environment = .regularFiles
    ) throws(UsageError) -> Secrets {
        func secret(_ file: NamedFile?, _ kind: SecretKind) throws(UsageError) -> String? {
            guard let file else { return nil }
            return try SecretFile(file, kind, environment).secret
        }
        let login = endpoints.contains(endpoint) ? login : nil
        return Secrets(
            password: try secret(isToken ? nil : login, .password),
            token: try secret(isToken ? login : nil, .token),
            keyPassword: try secret(key, .password))
    }
}

/// Sources of a password besides the URL.
struct PasswordSources {
    private static let variable = "SENDER_PASSWORD"

    let given: CommandOptions
    let environment: Environment

    /// The password of --password or --password-file, or the token of --token-file, with its file.
    func option() throws(UsageError) -> Option {
        let given: [(option: String, isGiven: Bool)] = [
            ("--password", self.given.password != nil),
            ("--password-file", self.given.security.passwordFile != nil),
            ("--token-file", self.given.security.tokenFile != nil),
        ]
        let options = given.filter(\.isGiven).map(\.option)
        guard options.count <= 1 else {
            throw UsageError(
                "\(options[0]) and \(options[1]) contradict each other: give one of them")
        }
        if let path = self.given.security.tokenFile {
            let file = try SecretFile(
                NamedFile(path, from: "--token-file"), .token, environment)
            return Option(token: file.secret, file: file)
        }
        if let path = self.given.security.passwordFile {
            let file = try SecretFile(
                NamedFile(path, from: "--password-file"), .password, environment)
            return Option(password: file.secret, file: file)
        }
        return Option(password: self.given.password)
    }

    /// The secret that an option gives.
    struct Option {
        var password: String?
        var token: String?
        var file: SecretFile?
    }

    /// The password of SENDER_PASSWORD, or of the prompt.
    func last(user: String, host: String) throws(UsageError) -> String {
        if let text = environment.variable(Self.variable), !text.isEmpty {
            return try SecretKind.password.check(text.utf8, Self.variable)
        }
        let question = "sender: password of \(quotable(user)) at \(quotable(host)): "
        guard let answer = environment.askForPassword(question) else {
            throw UsageError(
                "the user \(quoted(user)) has no password, and there is no terminal to ask at: "
                    + "give it with --password-file FILE or in \(Self.variable)")
        }
        return try SecretKind.password.check(answer.utf8, "the password that was typed")
    }
}
