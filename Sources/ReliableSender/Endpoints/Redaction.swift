// Redaction of URLs in errors.
// SPDX-License-Identifier: Apache-2.0

/// A text given as a URL, without anything that may be a user, password or key.
///
/// Users paste connection strings, signed URLs and tokens in place of a URL.
package func withoutSecrets(_ text: String) -> String {
    guard let at = text.lastIndex(of: "@") else { return withoutParameters(withoutOddPort(text)) }
    let start = schemeEnd(of: text[..<at]) ?? text.startIndex
    // A key may contain an @ itself, with no host behind it.
    guard !text[..<at].contains(where: isParameterMark) else {
        return text[..<start].contains(where: isParameterMark)
            ? withoutParameters(text) : text[..<start] + "…"
    }
    return text[..<start] + "…" + withoutParameters(String(text[at...]))
}

/// The index behind `://`, if the first colon belongs to it.
func schemeEnd(of text: Substring) -> String.Index? {
    guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
        return nil
    }
    return text.index(colon, offsetBy: 3)
}

/// The name of a `name=secret` pair; nil for none.
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

/// Maximum text shown without a scheme: tokens are longer.
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

/// Without a host, user and password take the place of host and port.
private func withoutOddPort(_ text: String) -> String {
    let start = schemeEnd(of: text[...]) ?? text.startIndex
    let authority = text[start...].prefix { $0 != "/" }
    guard let colon = authority.lastIndex(of: ":"), !authority.hasPrefix("["),
        !authority[colon...].dropFirst().utf8.allSatisfy(isDigit)
    else { return text }
    return text[...colon] + "…" + text[authority.endIndex...]
}
