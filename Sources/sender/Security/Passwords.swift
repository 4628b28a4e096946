// Where a password comes from.
// SPDX-License-Identifier: Apache-2.0

/// A password in the first line of a file.
struct PasswordFile {
    /// What fits into the first frame of SASL, with a user before it, is far less.
    static let sizeMax = 1024

    let password: String
    /// nil when only its owner may read the file.
    let warning: String?

    init(_ file: NamedFile, _ surroundings: Surroundings) throws(UsageError) {
        let start: Surroundings.FileStart
        switch surroundings.readFile(file.path, Self.sizeMax + 2, true) {
        case .success(let read): start = read
        case .failure(let error):
            throw UsageError("\(file.words) can't be read: \(error)")
        }
        var line = start.bytes[...]
        if line.last == UInt8(ascii: "\n") { line.removeLast() }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        password = try checked(line, "the first line of \(file.words)")
        warning = start.isOpenToOthers ? file.openToOthersWarning : nil
    }
}

/// A password that may be used; the text itself is never part of a sentence.
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

/// The places that a password may come from beside the URL.
struct PasswordSources {
    private static let variable = "SENDER_PASSWORD"

    let given: CommandOptions
    let surroundings: Surroundings

    /// What an option says, with what is odd about it; nil when none does.
    ///
    /// - Throws: For a file that can't be used.
    func option() throws(UsageError) -> (password: String, warning: String?)? {
        guard let path = given.security.passwordFile else {
            return given.password.map { ($0, nil) }
        }
        guard given.password == nil else {
            throw UsageError(
                "--password and --password-file contradict each other: give one of them")
        }
        let file = try PasswordFile(NamedFile(path, from: "--password-file"), surroundings)
        return (file.password, file.warning)
    }

    /// What the environment says, or else a person at the terminal.
    func last(user: String, host: String) throws(UsageError) -> String {
        if let text = surroundings.variable(Self.variable), !text.isEmpty {
            return try checkedPassword(text, Self.variable)
        }
        let question = "sender: password of \(quotable(user)) at \(quotable(host)): "
        guard let answer = surroundings.askForPassword(question) else {
            throw UsageError(
                "the user \(quoted(user)) has no password, and there is no terminal to ask at: "
                    + "give it with --password-file FILE or in \(Self.variable)")
        }
        return try checkedPassword(answer, "the password that was typed")
    }
}
