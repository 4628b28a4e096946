// Who we are and whom we trust, as it was given, and as it is used.
// SPDX-License-Identifier: Apache-2.0

import Sending

/// A file, and where its name comes from, for the sentences about it.
struct NamedFile: Hashable {
    var path: String
    /// Such as `--tls-ca`.
    var source: String

    init(_ path: String, from source: String) {
        self.path = path
        self.source = source
    }

    /// The start of a sentence about it.
    var words: String { "\(source) \(quoted(path))" }

    /// For one with a password.
    var openToOthersWarning: String {
        "warning: \(words) can be read by others: chmod 600 prevents that"
    }
}

/// The options of security as they were given.
struct SecurityOptions: Hashable {
    /// What Debian's proton has.
    static let saslMechanisms = ["ANONYMOUS", "PLAIN", "EXTERNAL"]

    var passwordFile: String?
    /// nil: the default, which depends on what there is to show.
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

    /// What else was read; nil: nothing.
    var connectFile: NamedFile?

    /// All files that are named.
    var files: [NamedFile] {
        let passwordFiles = [
            ("--password-file", passwordFile), ("--tls-key-password-file", keyPasswordFile),
        ]
        return passwordFiles.compactMap { option, path in path.map { NamedFile($0, from: option) } }
            + [authorities, certificate, key, connectFile].compactMap(\.self)
    }

    /// Fills what was not given from the file that describes the connection.
    mutating func fill(from file: ConnectFile) {
        connectFile = NamedFile(file.path, from: ConnectFile.variable)
        saslMechanisms = saslMechanisms ?? file.saslMechanisms
        if file.isInsecureAuthenticationAllowed { isInsecureAuthenticationAllowed = true }
        virtualHost = virtualHost ?? file.virtualHost
        // Who names an authority wants it to count.
        if authorities == nil, !file.isPeerVerified { isPeerVerified = false }
        if isPeerVerified { authorities = authorities ?? file.authorities }
        guard certificate == nil else { return }
        certificate = file.certificate
        key = key ?? file.key
    }

    /// Checks that the options fit each other and the URLs.
    func check(isTLS: Bool, user: String?) throws(UsageError) {
        try checkFiles()
        if !isTLS, let option = firstOfTLS {
            throw UsageError("\(option) is of no use without TLS: write the URL with amqps://")
        }
        guard let saslMechanisms else { return }
        if saslMechanisms.contains("EXTERNAL"), certificate == nil {
            throw UsageError(
                "the SASL mechanism EXTERNAL needs a client certificate: add --tls-cert FILE")
        }
        if saslMechanisms.contains("PLAIN"), user == nil {
            throw UsageError("the SASL mechanism PLAIN needs a user: add --user USER")
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
                "\(key.source) is of no use without a certificate: add --tls-cert FILE")
        }
        if keyPasswordFile != nil {
            throw UsageError(
                "--tls-key-password-file is of no use without a certificate: add --tls-cert FILE")
        }
    }

    private var firstOfTLS: String? {
        if let file = authorities ?? certificate { return file.source }
        if tlsServerName != nil { return "--tls-server-name" }
        return isPeerVerified ? nil : "--tls-insecure"
    }

    /// Whether a user has to have a password there.
    func needsPassword(isTLS: Bool) -> Bool {
        saslMechanisms?.contains("PLAIN") ?? !(isTLS && certificate != nil)
    }

    /// TLS as the connection needs it.
    func tls(_ environment: Environment) throws(UsageError) -> (
        settings: TLSOptions, keyPasswordFile: PasswordFile?
    ) {
        var settings = TLSOptions()
        settings.authoritiesFile = authorities?.path
        settings.certificateFile = certificate?.path
        settings.keyFile = key?.path
        settings.isPeerVerified = isPeerVerified
        settings.serverName = tlsServerName
        guard let keyPasswordFile else { return (settings, nil) }
        let file = try PasswordFile(
            NamedFile(keyPasswordFile, from: "--tls-key-password-file"), environment)
        settings.keyPassword = file.password
        return (settings, file)
    }
}
