// The URL of an endpoint, and of an address behind it.
// SPDX-License-Identifier: Apache-2.0

/// A parsed `amqp://[user[:password]@]host[:port][/address]`, or `amqps` for TLS.
///
/// Everything behind the host but the first slash is the address: brokers use further slashes, `?`
/// and `#`.
package struct EndpointURL: Sendable, Hashable {
    /// The peer, and the login there.
    package let endpoint: Endpoint
    /// Address; empty when the URL has none.
    package let address: String
    /// The URL without user and password, for printing.
    package let display: String

    /// Parses a URL.
    package init(_ text: String) throws(URLFault) {
        let (isTLS, rest) = try Self.afterScheme(text)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<slash]
        let path = rest[slash...].dropFirst()

        // An unencoded slash in user or password would make the rest of the password part of the
        // address, which is printed.
        let at = authority.lastIndex(of: "@")
        if let pathAt = path.lastIndex(of: "@"), at != nil || path[..<pathAt].contains(":") {
            throw .unencodedSeparator
        }
        var (user, password): (String?, String?)
        if let at { (user, password) = try Self.credentials(authority[..<at]) }
        let hostAndPort = at.map { authority[authority.index(after: $0)...] } ?? authority
        let (host, port) = try Self.hostAndPort(hostAndPort)
        endpoint = Endpoint(host: host, port: port, user: user, password: password, isTLS: isTLS)
        address = try Self.address(path)
        display = "\(isTLS ? "amqps" : "amqp")://\(hostAndPort)\(rest[slash...])"
    }

    /// Whether a text is meant as a URL.
    package static func isURL(_ text: String) -> Bool { schemeEnd(of: text[...]) != nil }

    /// Refuses an Azure connection string, which holds the same parts in another form.
    package static func checkForm(_ text: String) throws(URLFault) {
        guard !text.hasPrefix("Endpoint="), !text.contains("SharedAccessKey=") else {
            throw .connectionString
        }
    }

    /// Parses an address, which is printed and so must not contain secrets.
    package static func address(_ path: Substring) throws(URLFault) -> String {
        if let name = secretName(in: path) { throw .secretInAddress(name: String(name)) }
        return try decoded(path, .address)
    }

    private static func afterScheme(
        _ text: String
    ) throws(URLFault) -> (isTLS: Bool, rest: Substring) {
        if text.hasControlCharacter { throw .controlCharacter }
        try checkForm(text)
        guard let end = schemeEnd(of: text[...]) else { throw .form }
        switch text[..<end].lowercased() {
        case "amqp://": return (false, text[end...])
        case "amqps://": return (true, text[end...])
        default: throw .scheme
        }
    }

    private static func credentials(
        _ information: Substring
    ) throws(URLFault) -> (user: String?, password: String?) {
        let colon = information.firstIndex(of: ":") ?? information.endIndex
        let user = try decoded(information[..<colon], .user)
        let password = try decoded(information[colon...].dropFirst(), .password)
        return (user.isEmpty ? nil : user, password.isEmpty ? nil : password)
    }

    private static func hostAndPort(
        _ text: Substring
    ) throws(URLFault) -> (host: String, port: UInt16?) {
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { throw .openBracket }
            let host = try decoded(text[..<close].dropFirst(), .host)
            guard host.utf8.count <= 255, isIPv6(host) else { throw .noIPv6Address }
            return (host, try port(text[text.index(after: close)...]))
        }
        let colon = text.firstIndex(of: ":") ?? text.endIndex
        let host = text[..<colon]
        if text[colon...].dropFirst().contains(":") { throw .bareIPv6Address }
        if host.isEmpty { throw .hostMissing }
        // Other characters are resolved differently from system to system.
        guard isHostName(host) else { throw .hostCharacters }
        return (String(host), try port(text[colon...]))
    }

    /// Parses the text behind the host: empty, or a colon and a port.
    private static func port(_ text: Substring) throws(URLFault) -> UInt16? {
        if text.isEmpty { return nil }
        let digits = text.dropFirst()
        guard text.hasPrefix(":"), digits.utf8.allSatisfy(isDigit),
            let port = UInt16(digits), port > 0
        else { throw .port }
        return port
    }

    /// Decodes percent-encoding (RFC 3986 §2.1).
    private static func decoded(
        _ text: Substring, _ part: URLFault.Part
    ) throws(URLFault) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexValue),
                let low = rest.popFirst().flatMap(hexValue)
            else { throw .percentSign(part) }
            bytes.append(high << 4 | low)
        }
        guard let result = String(validating: bytes, as: UTF8.self) else { throw .notUTF8(part) }
        if result.hasControlCharacter { throw .controlCharacterIn(part) }
        return result
    }
}
