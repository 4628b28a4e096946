// The security options.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// A file with the option or variable that named it, for errors.
struct NamedFile: Hashable {
    var path: String
    /// The option or variable, such as `--tls-ca`.
    var source: String

    init(_ path: String, from source: String) {
        self.path = path
        self.source = source
    }

    /// Source and path, as the beginning of a sentence.
    var words: String { "\(source) \(quoted(path))" }

    /// The warning for a password file that others may read.
    var openToOthersWarning: String {
        "warning: \(words) can be read by others: chmod 600 prevents that"
    }
}

/// The security options as given.
struct SecurityOptions: Hashable {
    /// Continues an error about the first mechanism that is not supported; nil for none.
    static func mechanismError(in names: [String]) -> String? {
        names.first { !SASLMechanisms.supported.contains($0) }.map {
            "has \(quoted($0)), but must have names out of "
                + SASLMechanisms.supported.joined(separator: ", ")
        }
    }

    var passwordFile: String?
    var tokenFile: String?
    /// nil: chosen by the credentials.
    var saslMechanisms: [String]?
    var isInsecureAuthenticationAllowed = false
    var authorities: NamedFile?
    var certificate: NamedFile?
    var key: NamedFile?
    var keyPasswordFile: String?
    var isPeerVerified = true
    var virtualHost: String?
    /// nil: the virtual host.
    var tlsServerName: String?

    /// The connect file, if one was read.
    var connectFile: NamedFile?

    /// All files named by options.
    var files: [NamedFile] {
        let secretFiles = [
            ("--password-file", passwordFile), ("--token-file", tokenFile),
            ("--tls-key-password-file", keyPasswordFile),
        ]
        return secretFiles.compactMap { option, path in path.map { NamedFile($0, from: option) } }
            + [authorities, certificate, key, connectFile].compactMap(\.self)
    }

    /// Fills options that were not given from the connect file.
    mutating func fill(from file: ConnectFile) {
        connectFile = NamedFile(file.path, from: ConnectFile.variable)
        saslMechanisms = saslMechanisms ?? file.saslMechanisms
        if file.isInsecureAuthenticationAllowed { isInsecureAuthenticationAllowed = true }
        virtualHost = virtualHost ?? file.virtualHost
        // A named authority implies verification.
        if authorities == nil, !file.isPeerVerified { isPeerVerified = false }
        if isPeerVerified { authorities = authorities ?? file.authorities }
        guard certificate == nil else { return }
        certificate = file.certificate
        key = key ?? file.key
    }

    /// Checks the options against each other and the URLs.
    func check(isTLS: Bool, user: String?) throws(UsageError) {
        try checkFiles()
        if !isTLS, let option = firstOfTLS {
            throw UsageError("\(option) has no effect without TLS: write the URL with amqps://")
        }
        guard let saslMechanisms else { return }
        if saslMechanisms.contains("EXTERNAL"), certificate == nil {
            throw UsageError(
                "the SASL mechanism EXTERNAL needs a client certificate: add --tls-cert FILE")
        }
        let mechanisms = saslMechanisms.compactMap(SASLMechanism.init(rawValue:))
        if user == nil, let mechanism = mechanisms.first(where: \.needsPassword) {
            throw UsageError(
                "the SASL mechanism \(mechanism.rawValue) needs a user: add --user USER")
        }
        if tokenFile == nil, let mechanism = mechanisms.first(where: \.needsToken) {
            throw UsageError(
                "the SASL mechanism \(mechanism.rawValue) needs a token: add --token-file FILE")
        }
    }

    private func checkFiles() throws(UsageError) {
        if let authorities, !isPeerVerified {
            throw UsageError(
                "\(authorities.source) and --tls-insecure contradict each other: give one of them")
        }
        guard certificate == nil else { return }
        if let key {
            throw UsageError(
                "\(key.source) has no effect without a certificate: add --tls-cert FILE")
        }
        if keyPasswordFile != nil {
            throw UsageError(
                "--tls-key-password-file has no effect without a certificate: add --tls-cert FILE")
        }
    }

    private var firstOfTLS: String? {
        if let file = authorities ?? certificate { return file.source }
        if tlsServerName != nil { return "--tls-server-name" }
        return isPeerVerified ? nil : "--tls-insecure"
    }

    /// The mechanisms that may be used at an endpoint.
    func mechanisms(isTLS: Bool) -> SASLMechanisms {
        SASLMechanisms(
            named: saslMechanisms ?? [], isTLS: isTLS, hasCertificate: certificate != nil)
    }

    /// The TLS options of the connection.
    func tls(_ environment: Environment) throws(UsageError) -> (
        settings: TLSOptions, keyPasswordFile: SecretFile?
    ) {
        var settings = TLSOptions()
        settings.authoritiesFile = authorities?.path
        settings.certificateFile = certificate?.path
        settings.keyFile = key?.path
        settings.isPeerVerified = isPeerVerified
        settings.serverName = tlsServerName
        guard let keyPasswordFile else { return (settings, nil) }
        let file = try SecretFile(
            NamedFile(keyPasswordFile, from: "--tls-key-password-file"), .password, environment)
        settings.keyPassword = file.secret
        return (settings, file)
    }
}
