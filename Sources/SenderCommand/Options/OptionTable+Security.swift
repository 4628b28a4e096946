// The options of authentication and TLS.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

extension CommandOption {
    static let security = [
        passwordFile, tokenFile, saslMechanisms, allowInsecureAuth,
        tlsCA, tlsCert, tlsKey, tlsKeyPasswordFile, tlsInsecure, tlsServerName,
        virtualHost,
    ]

    private static let passwordFile = CommandOption(
        long: "password-file", section: .security,
        summary: "authenticate with the first line of FILE",
        details: """
            Authenticate with the first line of FILE, without the line's end. FILE may be a pipe; \
            a regular file is read again at each connect, so that the password can be replaced during \
            a run. One that can't be used at that moment counts as a failed connection. A file that \
            others may read prints a warning. Can't be combined with --password.
            """,
        completes: .files,
        effect: .value(placeholder: "FILE") { options, value throws(UsageError) in
            options.security.passwordFile = try value.path()
        })

    private static let tokenFile = CommandOption(
        long: "token-file", section: .security,
        summary: "authenticate with the bearer token in FILE",
        details: """
            Authenticate with a bearer token (OAuth 2.0), the first line of FILE, by OAUTHBEARER or \
            XOAUTH2. A user is not needed; one that is given is named to the peer. The token is \
            sent where a password may be, and FILE is read as that of --password-file is: a token \
            that was renewed in it is used by the next connection. Can't be combined with a \
            password. A broker that takes tokens as passwords, as RabbitMQ does, needs \
            --password-file.
            """,
        completes: .files,
        effect: .value(placeholder: "FILE") { options, value throws(UsageError) in
            options.security.tokenFile = try value.path()
        })

    private static let saslMechanisms = CommandOption(
        long: "sasl-mechanisms", section: .security,
        summary: "allow only the SASL mechanisms in LIST",
        details: """
            The SASL mechanisms that may be used, separated by commas. Of those that the peer \
            offers, the strongest is used: EXTERNAL with a client certificate, then \
            SCRAM-SHA-512, SCRAM-SHA-256 and SCRAM-SHA-1 with a user and a password, OAUTHBEARER \
            and XOAUTH2 with a token, PLAIN with a user and a password, then ANONYMOUS. With SCRAM the peer does not learn the password, and must prove that it \
            knows it; user and password must be printable ASCII. The default is SCRAM-SHA-512, \
            SCRAM-SHA-256 and PLAIN if there is a password, OAUTHBEARER and XOAUTH2 if there is a \
            token, and else ANONYMOUS, and with a client certificate EXTERNAL before them: a user \
            with a password or token never becomes anonymous unnoticed.
            """,
        completes: .words(SASLMechanisms.supported),
        effect: .value(placeholder: "LIST") { options, value throws(UsageError) in
            options.security.saslMechanisms = try value.saslMechanisms()
        })

    private static let allowInsecureAuth = CommandOption(
        long: "allow-insecure-auth", section: .security,
        summary: "send passwords in the clear to other hosts",
        details: """
            Without TLS, a password or token is sent to this machine only (localhost, 127.x.x.x, ::1); \
            this option sends it to any host. Anyone on the network path can read it. SCRAM does \
            not send it.
            """,
        effect: .flag { $0.security.isInsecureAuthenticationAllowed = true })

    private static let tlsCA = CommandOption(
        long: "tls-ca", section: .security,
        summary: "trust the authorities in FILE only",
        details: """
            Trust the certificate authorities in FILE (PEM), instead of the system's. Needs an \
            amqps URL.
            """,
        completes: .files,
        effect: .value(placeholder: "FILE") { options, value throws(UsageError) in
            options.security.authorities = NamedFile(try value.path(), from: value.option)
        })

    private static let tlsCert = CommandOption(
        long: "tls-cert", section: .security,
        summary: "present the client certificate in FILE",
        details: """
            Show the client certificate in FILE (PEM) to a peer that asks for one. After it, FILE \
            may also hold the certificates that lead to its authority. Needs an amqps URL.
            """,
        completes: .files,
        effect: .value(placeholder: "FILE") { options, value throws(UsageError) in
            options.security.certificate = NamedFile(try value.path(), from: value.option)
        })

    private static let tlsKey = CommandOption(
        long: "tls-key", section: .security,
        summary: "use the key in FILE for that certificate",
        details: """
            The key of the certificate of --tls-cert is in FILE (PEM); without this option it is \
            in the certificate's file.
            """,
        completes: .files,
        effect: .value(placeholder: "FILE") { options, value throws(UsageError) in
            options.security.key = NamedFile(try value.path(), from: value.option)
        })

    private static let tlsKeyPasswordFile = CommandOption(
        long: "tls-key-password-file", section: .security,
        summary: "decrypt the key with the first line of FILE",
        details: """
            The password of an encrypted key is the first line of FILE, which is read again as \
            that of --password-file is.
            """,
        completes: .files,
        effect: .value(placeholder: "FILE") { options, value throws(UsageError) in
            options.security.keyPasswordFile = try value.path()
        })

    private static let tlsInsecure = CommandOption(
        long: "tls-insecure", section: .security,
        summary: "accept any certificate",
        details: """
            Accept any certificate, with any issuer and name: the connection is encrypted, but the \
            peer may be anyone. Prints a warning.
            """,
        effect: .flag { $0.security.isPeerVerified = false })

    private static let tlsServerName = CommandOption(
        long: "tls-server-name", section: .security,
        summary: "verify the certificate for NAME",
        details: """
            Expect a certificate for NAME, and name it to the peer in the handshake (SNI). The \
            default is the name of --virtual-host, or else the URL's host. IP addresses in \
            certificates are ignored: to verify a peer that is reached by its IP address, give \
            a name in its certificate here. Needs an amqps URL.
            """,
        effect: .value(placeholder: "NAME") { options, value throws(UsageError) in
            options.security.tlsServerName = try value.hostName()
        })

    private static let virtualHost = CommandOption(
        long: "virtual-host", section: .security,
        summary: "open the virtual host NAME, not the host",
        details: """
            Open the connection to the virtual host NAME; RabbitMQ takes vhost:NAME. With TLS, the \
            certificate must be for NAME as well, unless --tls-server-name gives another name.
            """,
        effect: .value(placeholder: "NAME") { options, value throws(UsageError) in
            options.security.virtualHost = try value.hostName()
        })
}

extension GivenValue {
    /// A list of supported SASL mechanisms.
    fileprivate func saslMechanisms() throws(UsageError) -> [String] {
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        if let error = SecurityOptions.mechanismError(in: names) {
            throw UsageError("\(option) \(error)")
        }
        return names
    }

    /// A name for an open or a certificate.
    fileprivate func hostName() throws(UsageError) -> String {
        guard (1...255).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else {
            throw UsageError(
                "\(option) is \(quoted(withoutSecrets(text))), but must be 1 to 255 visible "
                    + "ASCII characters")
        }
        return text
    }
}
