// Keeps what may be a secret out of sentences about an address.
// SPDX-License-Identifier: Apache-2.0

/// What was given as a URL, in a sentence: whatever may be a user, a password or a key is left out.
///
/// What is pasted in place of a URL may be anything: a connection string, a signed URL, a token.
func withoutSecrets(_ text: String) -> String {
    guard let at = text.lastIndex(of: "@") else { return withoutParameters(withoutOddPort(text)) }
    let start = schemeEnd(of: text[..<at]) ?? text.startIndex
    // A key may hold an @ as well: what is behind that is not a host then.
    guard !text[..<at].contains(where: isParameterMark) else {
        return text[..<start].contains(where: isParameterMark)
            ? withoutParameters(text) : text[..<start] + "…"
    }
    return text[..<start] + "…" + withoutParameters(String(text[at...]))
}

/// The place after the first colon, if that is the colon of `://`, and the slashes.
func schemeEnd(of text: Substring) -> String.Index? {
    guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
        return nil
    }
    return text.index(colon, offsetBy: 3)
}

/// The name before an equals sign behind which a secret stands; nil when there is none.
func secretName(in text: Substring) -> Substring? {
    var rest = text
    while let equals = rest.firstIndex(of: "=") {
        let name = rest[..<equals].reversed().prefix { $0.isLetter || $0 == "_" || $0 == "-" }
        let letters = name.reversed().filter(\.isLetter).map { $0.lowercased() }.joined()
        if secretNames.contains(where: letters.hasSuffix) {
            return rest[..<equals].suffix(name.count)
        }
        rest = rest[equals...].dropFirst()
    }
    return nil
}

private let secretNames = [
    "password", "passwd", "pwd", "secret", "secretvalue", "token", "credential", "credentials",
    "signature", "sig", "accesskey", "accountkey", "apikey", "secretkey", "sharedkey",
]

/// No more of what has no scheme is shown: a token is longer.
private let wordLengthMax = 40

private func isParameterMark(_ character: Character) -> Bool {
    [";", "?", "&", "="].contains(character)
}

private func withoutParameters(_ text: String) -> String {
    if schemeEnd(of: text[...]) == nil, text.utf8.count > wordLengthMax {
        let end = text.prefix(wordLengthMax).firstIndex(where: isParameterMark)
        return end.map { text[...$0] + "…" } ?? "…"
    }
    guard let mark = text.firstIndex(where: isParameterMark) else { return text }
    return text[...mark] + "…"
}

/// With the host forgotten, user and password stand where host and port belong.
private func withoutOddPort(_ text: String) -> String {
    let start = schemeEnd(of: text[...]) ?? text.startIndex
    let authority = text[start...].prefix { $0 != "/" }
    guard let colon = authority.lastIndex(of: ":"), !authority.hasPrefix("["),
        !authority[colon...].dropFirst().utf8.allSatisfy(isDigit)
    else { return text }
    return text[...colon] + "…" + text[authority.endIndex...]
}
