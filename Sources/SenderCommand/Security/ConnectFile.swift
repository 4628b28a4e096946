// Proton's configuration file of a connection.
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import ReliableSender

/// The file named by MESSAGING_CONNECT_FILE: JSON with comments, with the fields and defaults of
/// proton's clients; unknown fields are ignored.
struct ConnectFile: Hashable {
    static let variable = "MESSAGING_CONNECT_FILE"
    private static let sizeMax = 1024 * 1024

    let path: String
    let isTLS: Bool
    let host: String
    let port: UInt16
    let user: String?
    let password: String?
    let virtualHost: String?
    let saslMechanisms: [String]?
    let isInsecureAuthenticationAllowed: Bool
    let authorities: NamedFile?
    let certificate: NamedFile?
    let key: NamedFile?
    let isPeerVerified: Bool
    /// Set when the file holds a password and others may read it.
    let warning: String?

    /// Reads the file; nil when the variable is not set.
    init?(_ environment: Environment) throws(UsageError) {
        guard let path = environment.variable(Self.variable), !path.isEmpty else { return nil }
        try NamedFile(path, from: Self.variable).checkDescriptor(environment)
        let start: Environment.FileStart
        switch environment.readFile(path, Self.sizeMax + 1, false) {
        case .success(let read): start = read
        case .failure(let error):
            throw UsageError("\(Self.variable) \(quoted(path)) can't be read: \(error)")
        }
        try self.init(path: path, start)
    }

    private init(path: String, _ start: Environment.FileStart) throws(UsageError) {
        self.path = path
        let fields = ConnectFields(path: path)
        guard start.bytes.count <= Self.sizeMax else {
            throw fields.wrong("it is longer than \(Self.sizeMax) bytes")
        }
        let root = try fields.decode(start.bytes)
        let scheme = root.scheme ?? "amqps"
        guard ["amqp", "amqps"].contains(scheme) else {
            throw fields.wrong(
                "scheme", "is \(quoted(withoutSecrets(scheme))), but must be amqp or amqps")
        }
        isTLS = scheme == "amqps"
        if !isTLS, root.tls != nil { throw fields.wrong("tls", "needs the scheme amqps") }
        host = root.host ?? "localhost"
        guard isHost(host) else {
            throw fields.wrong(
                "host", "is \(quoted(withoutSecrets(host))), but must be a host's name or address")
        }
        port = try fields.port(root.port, isTLS: isTLS)
        user = try fields.credential("user", root.user)
        password = try fields.credential("password", root.password)
        virtualHost = try fields.credential("virtual_host", root.virtualHost)
        if root.sasl?.enable == false {
            throw fields.wrong("sasl.enable", "is false, but sender always uses SASL")
        }
        saslMechanisms = try fields.mechanisms(root.sasl?.mechanisms)
        isInsecureAuthenticationAllowed = root.sasl?.allowInsecure ?? false
        authorities = fields.file("tls.ca", root.tls?.ca)
        certificate = fields.file("tls.cert", root.tls?.cert)
        key = fields.file("tls.key", root.tls?.key)
        isPeerVerified = root.tls?.verify ?? true
        warning =
            password != nil && start.isOpenToOthers
            ? NamedFile(path, from: Self.variable).openToOthersWarning : nil
    }
}

/// Reads fields; errors name the field and the file.
private struct ConnectFields {
    let path: String

    struct Root: Decodable {
        var scheme: String?
        var host: String?
        var port: OneOf<Int, String>?
        var user: String?
        var password: String?
        var virtualHost: String?
        var sasl: SASL?
        var tls: TLS?

        enum CodingKeys: String, CodingKey {
            case scheme, host, port, user, password, sasl, tls
            case virtualHost = "virtual_host"
        }
    }

    struct SASL: Decodable {
        var enable: Bool?
        var mechanisms: OneOf<[String], String>?
        var allowInsecure: Bool?

        enum CodingKeys: String, CodingKey {
            case enable, mechanisms
            case allowInsecure = "allow_insecure"
        }
    }

    struct TLS: Decodable {
        var cert: String?
        var key: String?
        var ca: String?
        var verify: Bool?
    }

    /// A field that proton accepts in two forms.
    enum OneOf<First: Decodable, Second: Decodable>: Decodable {
        case first(First)
        case second(Second)

        init(from decoder: any Decoder) throws {
            if let first = try? First(from: decoder) {
                self = .first(first)
            } else if let second = try? Second(from: decoder) {
                self = .second(second)
            } else {
                throw DecodingError.typeMismatch(
                    Self.self, .init(codingPath: decoder.codingPath, debugDescription: ""))
            }
        }
    }

    /// Errors never quote a value that may be a password.
    func wrong(_ what: String) -> UsageError {
        UsageError("the connect file \(quoted(path)) can't be used: \(what)")
    }

    func wrong(_ field: String, _ what: String) -> UsageError {
        wrong("its field \(quoted(field)) \(what)")
    }

    func decode(_ bytes: [UInt8]) throws(UsageError) -> Root {
        let decoder = JSONDecoder()
        // JSON5 allows comments.
        decoder.allowsJSON5 = true
        do {
            return try decoder.decode(Root.self, from: Data(bytes))
        } catch DecodingError.typeMismatch(let type, let context) {
            let field = context.codingPath.map(\.stringValue).joined(separator: ".")
            let right = words(type)
            throw field.isEmpty ? wrong("it must be \(right)") : wrong(field, "must be \(right)")
        } catch {
            throw wrong("it is not JSON")
        }
    }

    private func words(_ type: any Any.Type) -> String {
        switch type {
        case is Bool.Type: "true or false"
        case is String.Type: "a string"
        case is OneOf<Int, String>.Type: "a string or a number"
        case is OneOf<[String], String>.Type: "a string or a list of strings"
        default: "an object"
        }
    }

    func port(_ given: OneOf<Int, String>?, isTLS: Bool) throws(UsageError) -> UInt16 {
        let text: String
        switch given {
        case nil: return Endpoint.standardPort(isTLS: isTLS)
        case .first(let number): text = String(number)
        case .second("amqp"): return Endpoint.standardPort(isTLS: false)
        case .second("amqps"): return Endpoint.standardPort(isTLS: true)
        case .second(let digits): text = digits
        }
        guard let port = UInt16(text), port > 0 else {
            throw wrong(
                "port", "is \(quoted(withoutSecrets(text))), but must be a number from 1 to 65535")
        }
        return port
    }

    /// A user or password; an empty one counts as absent.
    func credential(_ field: String, _ text: String?) throws(UsageError) -> String? {
        guard let text, !text.isEmpty else { return nil }
        guard !text.hasControlCharacter else {
            throw wrong(field, "must not hold control characters")
        }
        return text
    }

    func mechanisms(_ given: OneOf<[String], String>?) throws(UsageError) -> [String]? {
        let names: [String]
        switch given {
        case nil: return nil
        case .first(let list): names = list
        case .second(let text): names = text.split(separator: " ").map(String.init)
        }
        if let error = SecurityOptions.mechanismError(in: names) {
            throw wrong("sasl.mechanisms", error)
        }
        return names.isEmpty ? nil : names
    }

    func file(_ field: String, _ path: String?) -> NamedFile? {
        guard let path, !path.isEmpty else { return nil }
        return NamedFile(path, from: "\(field) in \(quoted(self.path)):")
    }
}
