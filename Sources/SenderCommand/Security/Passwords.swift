// The sources of passwords.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// A password in the first line of a file.
struct PasswordFile {
    /// A SASL initial response must fit into a frame of 512 bytes; this is a generous bound.
    static let sizeMax = 1024

    let password: String
    /// Set when others than the owner may read the file.
    let warning: String?
    /// The file, if it can be read again: a regular one.
    let renewable: NamedFile?

    init(_ file: NamedFile, _ environment: Environment) throws(UsageError) {
        let start: Environment.FileStart
        switch environment.readFile(file.path, Self.sizeMax + 2, true) {
        case .success(let read): start = read
        case .failure(let error):
            throw UsageError("\(file.words) can't be read: \(error)")
        }
        var line = start.bytes[...]
        if line.last == UInt8(ascii: "\n") { line.removeLast() }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        password = try checked(line, "the first line of \(file.words)")
        warning = start.isOpenToOthers ? file.openToOthersWarning : nil
        renewable = start.isRegularFile ? file : nil
    }
}

/// Password files that are read again at each connect, so that a secret can be replaced during a
/// run.
struct PasswordFiles: Hashable {
    /// The SASL password's file; nil if it can't be read again.
    var sasl: NamedFile?
    /// Endpoints that use it.
    var endpoints: Set<Int> = []
    /// The file with the TLS key's password.
    var key: NamedFile?

    /// Reads the current passwords; `onFailure` gets a sentence about an unusable file.
    func read(
        for endpoint: Int, _ environment: Environment = .regularFiles,
        onFailure: (String) -> Void
    ) -> Passwords {
        func password(_ file: NamedFile?) -> String? {
            guard let file else { return nil }
            do throws(UsageError) {
                return try PasswordFile(file, environment).password
            } catch {
                onFailure("\(error.sentence); the password that was read at first is used")
                return nil
            }
        }
        return Passwords(
            sasl: password(endpoints.contains(endpoint) ? sasl : nil), key: password(key))
    }
}

/// Checks a password; errors never quote it.
func checkedPassword(_ text: String, _ source: String) throws(UsageError) -> String {
    try checked(Array(text.utf8)[...], source)
}

private func checked(
    _ bytes: ArraySlice<UInt8>, _ source: String
) throws(UsageError) -> String {
    guard !bytes.isEmpty else { throw UsageError("\(source) is empty: a password is needed") }
    guard bytes.count <= PasswordFile.sizeMax else {
        throw UsageError(
            "\(source) is longer than the \(PasswordFile.sizeMax) bytes that a password may have")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
        throw UsageError("\(source) is not valid UTF-8: give the password in that encoding")
    }
    guard !text.hasControlCharacter else {
        throw UsageError("\(source) must not hold control characters")
    }
    return text
}

/// Sources of a password besides the URL.
struct PasswordSources {
    private static let variable = "SENDER_PASSWORD"

    let given: CommandOptions
    let environment: Environment

    /// The password of --password or --password-file, with its file; nil without them.
    func option() throws(UsageError) -> (password: String, file: PasswordFile?)? {
        guard let path = given.security.passwordFile else {
            return given.password.map { ($0, nil) }
        }
        guard given.password == nil else {
            throw UsageError(
                "--password and --password-file contradict each other: give one of them")
        }
        let file = try PasswordFile(NamedFile(path, from: "--password-file"), environment)
        return (file.password, file)
    }

    /// The password of SENDER_PASSWORD, or of the prompt.
    func last(user: String, host: String) throws(UsageError) -> String {
        if let text = environment.variable(Self.variable), !text.isEmpty {
            return try checkedPassword(text, Self.variable)
        }
        let question = "sender: password of \(quotable(user)) at \(quotable(host)): "
        guard let answer = environment.askForPassword(question) else {
            throw UsageError(
                "the user \(quoted(user)) has no password, and there is no terminal to ask at: "
                    + "give it with --password-file FILE or in \(Self.variable)")
        }
        return try checkedPassword(answer, "the password that was typed")
    }
}
