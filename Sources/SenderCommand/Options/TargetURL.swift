// The URL of the target.
// SPDX-License-Identifier: Apache-2.0

/// A parsed `amqp://[user[:password]@]host[:port]/address`, or `amqps` for TLS.
///
/// Everything behind the host but the first slash is the address: brokers use further slashes, `?`
/// and `#`.
struct TargetURL: Hashable {
    var user: String?
    var password: String?
    /// Host, an IPv6 address without brackets.
    var host: String
    var port: UInt16
    var isTLS: Bool
    /// Address; empty in a --failover URL without one.
    var address: String
    /// The URL without user and password, for printing.
    var display: String

    /// Parses a URL with an address.
    init(_ text: String) throws(UsageError) {
        let reader = URLReader(text)
        try self.init(reader)
        if address.isEmpty {
            throw reader.wrong("an address must follow the host, as in amqp://host/address")
        }
    }

    /// Parses a URL whose address is optional.
    init(router text: String, of option: String) throws(UsageError) {
        try self.init(
            URLReader(text, name: "the URL of \(option)", form: "amqp://host[:port]"))
    }

    /// Combines an address with the connection of the connect file.
    init(address text: String, on file: ConnectFile) throws(UsageError) {
        let reader = URLReader(text)
        try reader.checkForm()
        let path = text.hasPrefix("/") ? text.dropFirst() : text[...]
        address = try reader.address(path)
        guard !address.isEmpty else { throw reader.wrong("it is empty, write an address") }
        user = file.user
        password = file.password
        host = file.host
        port = file.port
        isTLS = file.isTLS
        display = "\(isTLS ? "amqps" : "amqp")://\(hostInURL(host)):\(port)/\(path)"
    }

    /// The default port.
    static func standardPort(isTLS: Bool) -> UInt16 { isTLS ? 5671 : 5672 }

    /// Whether a text is meant as a URL.
    static func isURL(_ text: String) -> Bool { schemeEnd(of: text[...]) != nil }

    private init(_ reader: URLReader) throws(UsageError) {
        let rest: Substring
        (isTLS, rest) = try reader.afterScheme()
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<slash]
        let path = rest[slash...].dropFirst()

        // An unencoded slash in user or password would make the rest of the password part of the
        // address, which is printed.
        let at = authority.lastIndex(of: "@")
        if let pathAt = path.lastIndex(of: "@"), at != nil || path[..<pathAt].contains(":") {
            throw reader.wrong("write / in user and password as %2F, and @ in an address as %40")
        }
        if let at {
            (user, password) = try reader.credentials(authority[..<at])
        }
        let hostAndPort = at.map { authority[authority.index(after: $0)...] } ?? authority
        let givenPort: UInt16?
        (host, givenPort) = try reader.hostAndPort(hostAndPort)
        port = givenPort ?? Self.standardPort(isTLS: isTLS)
        address = try reader.address(path)
        display = "\(isTLS ? "amqps" : "amqp")://\(hostAndPort)\(rest[slash...])"
    }
}

private struct URLReader {
    private let text: String
    private let name: String
    private let form: String

    init(
        _ text: String, name: String = "the URL", form: String = "amqp://host[:port]/address"
    ) {
        self.text = text
        self.name = name
        self.form = form
    }

    func wrong(_ what: String) -> UsageError {
        UsageError("\(name) \(quoted(withoutSecrets(text))) is wrong: \(what)")
    }

    func afterScheme() throws(UsageError) -> (isTLS: Bool, Substring) {
        if text.hasControlCharacter {
            throw wrong("it must not hold control characters")
        }
        try checkForm()
        guard let end = schemeEnd(of: text[...]) else {
            throw wrong("it must have the form \(form)")
        }
        switch text[..<end].lowercased() {
        case "amqp://":
            return (false, text[end...])
        case "amqps://":
            return (true, text[end...])
        default:
            throw wrong("the scheme must be amqp or amqps")
        }
    }

    /// The error for an Azure connection string, which holds the same parts in another form.
    func checkForm() throws(UsageError) {
        guard text.hasPrefix("Endpoint=") || text.contains("SharedAccessKey=") else { return }
        throw wrong(
            "a connection string is no URL: write amqps://HOST/ADDRESS with its host, --user with "
                + "its SharedAccessKeyName, and put its SharedAccessKey into the file of "
                + "--password-file")
    }

    func credentials(
        _ information: Substring
    ) throws(UsageError) -> (user: String?, password: String?) {
        let colon = information.firstIndex(of: ":") ?? information.endIndex
        let user = try decoded(information[..<colon], what: "the user")
        let password = try decoded(information[colon...].dropFirst(), what: "the password")
        return (user.isEmpty ? nil : user, password.isEmpty ? nil : password)
    }

    func hostAndPort(_ text: Substring) throws(UsageError) -> (host: String, port: UInt16?) {
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else {
                throw wrong("the bracket of the IPv6 address is not closed")
            }
            let host = try decoded(text[..<close].dropFirst(), what: "the host")
            guard host.utf8.count <= 255, isIPv6(host) else {
                throw wrong("between the brackets is no IPv6 address")
            }
            return (host, try port(text[text.index(after: close)...]))
        }
        let colon = text.firstIndex(of: ":") ?? text.endIndex
        let host = text[..<colon]
        if text[colon...].dropFirst().contains(":") {
            throw wrong("an IPv6 address belongs in brackets, as in amqp://[::1]/address")
        }
        if host.isEmpty {
            throw wrong("the host is missing, as in amqp://host/address")
        }
        // Other characters are resolved differently from system to system.
        guard isHostName(host) else {
            throw wrong("a host is at most 255 letters, digits, dots, hyphens and underscores")
        }
        return (String(host), try port(text[colon...]))
    }

    /// Parses the text behind the host: empty, or a colon and a port.
    private func port(_ text: Substring) throws(UsageError) -> UInt16? {
        if text.isEmpty { return nil }
        let digits = text.dropFirst()
        guard text.hasPrefix(":"), digits.utf8.allSatisfy(isDigit),
            let port = UInt16(digits), port > 0
        else {
            throw wrong("the port must be a number from 1 to 65535")
        }
        return port
    }

    /// Parses the address, which is printed and so must not contain secrets.
    func address(_ path: Substring) throws(UsageError) -> String {
        if let name = secretName(in: path) {
            throw wrong(
                "what follows \(name)= may be a secret, and the address is printed: give it as the "
                    + "password, best with --password-file, or write = in an address as %3D")
        }
        return try decoded(path, what: "the address")
    }

    /// Decodes percent-encoding (RFC 3986 §2.1).
    func decoded(_ text: Substring, what: String) throws(UsageError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexValue),
                let low = rest.popFirst().flatMap(hexValue)
            else {
                throw wrong("\(what) has a % without two hexadecimal digits, write % as %25")
            }
            bytes.append(high << 4 | low)
        }
        guard let result = String(validating: bytes, as: UTF8.self) else {
            throw wrong("the percent-encoding of \(what) does not make valid UTF-8")
        }
        if result.hasControlCharacter {
            throw wrong("\(what) must not hold control characters")
        }
        return result
    }
}
