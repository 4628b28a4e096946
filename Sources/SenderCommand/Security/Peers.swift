// The endpoints of a run, with users and passwords.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// A value of --address.
struct GivenAddress: Hashable {
    var text: String
    /// nil: without a scheme it may be an address alone, if the connect file has the rest.
    var url: TargetURL?
    /// Whether it is the value of a variable, which other users can't read.
    var isOfEnvironment = false

    init(_ text: String, isOfEnvironment: Bool = false) throws(UsageError) {
        self.text = text
        self.isOfEnvironment = isOfEnvironment
        url = TargetURL.isURL(text) ? try TargetURL(text) : nil
    }

    /// The URL, completed from the connect file if it is an address alone.
    fileprivate func url(on file: ConnectFile?) throws(UsageError) -> TargetURL {
        if let url { return url }
        guard let file else { return try TargetURL(text) }
        return try TargetURL(address: text, on: file)
    }
}

extension CommandOptions {
    /// The URL of each address, completed from the connect file where --address is an address alone;
    /// and a warning about that file.
    mutating func takeTargets(
        _ environment: Environment
    ) throws(UsageError) -> (urls: [TargetURL], warning: String?) {
        if addresses.isEmpty, let text = environment.variable("SENDER_ADDRESS"), !text.isEmpty {
            addresses.append(try GivenAddress(text, isOfEnvironment: true))
        }
        guard !addresses.isEmpty else {
            throw UsageError(
                "--address is missing: say where to, as in -a amqp://host/address, or in the "
                    + "environment variable SENDER_ADDRESS")
        }
        let file = addresses.allSatisfy { $0.url != nil } ? nil : try ConnectFile(environment)
        if let file { security.fill(from: file) }
        var urls: [TargetURL] = []
        for given in addresses {
            let url = try given.url(on: file)
            if let first = urls.first { try url.check(besides: first) }
            if urls.contains(where: { $0.address.isExactly(url.address) }) {
                throw UsageError(
                    "--address \(quoted(url.display)) is given twice: --links opens several links "
                        + "to an address")
            }
            urls.append(url)
        }
        return (urls, file?.warning)
    }
}

extension TargetURL {
    /// Checks that both addresses can share a connection.
    fileprivate func check(besides first: TargetURL) throws(UsageError) {
        let (ours, others) = (endpoint, first.endpoint)
        guard ours.host == others.host, ours.port == others.port, ours.isTLS == others.isTLS else {
            throw UsageError(
                "--address \(quoted(display)) has another scheme, host or port than "
                    + "\(quoted(first.display)): a run has one connection, so run sender for each")
        }
        guard [nil, others.user].contains(ours.user),
            [nil, others.password].contains(ours.password)
        else {
            throw UsageError(
                "--address \(quoted(display)) has another user or password than the first one: "
                    + "leave them out, all addresses share a connection")
        }
    }
}

/// The endpoint of --address, then those of --failover.
struct Peers {
    private(set) var endpoints: [Endpoint] = []
    private(set) var warnings: [String] = []
    private(set) var secretFiles = SecretFiles()

    private let security: SecurityOptions

    init(
        _ given: CommandOptions, _ targets: [TargetURL], _ environment: Environment
    ) throws(UsageError) {
        let target = targets[0]
        security = given.security
        let user = given.user ?? target.endpoint.user
        let isAnyTLS = ([target] + given.failover).contains(where: \.endpoint.isTLS)
        try security.check(isTLS: isAnyTLS, user: user)

        let sources = PasswordSources(given: given, environment: environment)
        let option = try sources.option()
        secretFiles.login = option.file?.renewable
        secretFiles.isToken = option.token != nil
        // A URL's password belongs to the URL's user.
        let urlPassword =
            [user, nil].contains(target.endpoint.user) ? target.endpoint.password : nil
        guard option.token == nil || urlPassword == nil else {
            throw UsageError(
                "--token-file and the password of \(quoted(target.display)) contradict each other: "
                    + "leave one of them out")
        }
        try add(
            target, user: user, password: option.password ?? urlPassword, token: option.token)
        secretFiles.endpoints.insert(0)
        for router in given.failover {
            try checkAddress(of: router, targets)
            // --user, --password and --token-file apply to failover URLs without a user.
            if router.endpoint.user != nil {
                try checkPassword(of: router)
                try add(router, user: router.endpoint.user, password: router.endpoint.password)
            } else {
                let password = option.password ?? router.endpoint.password
                secretFiles.endpoints.insert(endpoints.count)
                try add(router, user: given.user, password: password, token: option.token)
            }
        }
        try askForPasswords(sources)
        for endpoint in endpoints { try checkCharacters(of: endpoint) }
        warn(given, optionWarning: option.file?.warning)
    }

    private func checkAddress(of router: TargetURL, _ targets: [TargetURL]) throws(UsageError) {
        guard
            router.address.isEmpty
                || targets.contains(where: { $0.address.isExactly(router.address) })
        else {
            throw UsageError(
                "--failover \(quoted(router.display)) has another address than --address: "
                    + "leave it out, all routers lead to the same addresses")
        }
    }

    private func checkPassword(of router: TargetURL) throws(UsageError) {
        guard
            router.endpoint.password != nil
                || !security.mechanisms(isTLS: router.endpoint.isTLS).needPassword
        else {
            throw UsageError(
                "--failover \(quoted(router.display)) has a user without a password: "
                    + "add it, or leave the user to --user")
        }
    }

    private mutating func add(
        _ router: TargetURL, user: String?, password: String?, token: String? = nil
    ) throws(UsageError) {
        guard user != nil || password == nil else {
            throw UsageError("a password is given without a user: add --user USER")
        }
        let mechanisms = security.mechanisms(isTLS: router.endpoint.isTLS)
        guard password == nil || mechanisms.takePassword else {
            throw UsageError(
                "a password is given, but none of the SASL mechanisms takes one: add SCRAM-SHA-256 "
                    + "or PLAIN to --sasl-mechanisms")
        }
        guard token == nil || mechanisms.takeToken else {
            throw UsageError(
                "--token-file is given, but none of the SASL mechanisms takes a token: add "
                    + "OAUTHBEARER to --sasl-mechanisms")
        }
        var endpoint = router.endpoint
        endpoint.user = user
        endpoint.password = password
        endpoint.token = token
        let mayReveal = endpoint.mayReceivePassword(
            isInsecureAllowed: security.isInsecureAuthenticationAllowed)
        guard token == nil || mayReveal else {
            throw UsageError(
                "the token for \(quoted(endpoint.host)) would cross the network in the clear: "
                    + "write the URL with amqps://, use a tunnel that begins on this machine, or "
                    + "allow it with --allow-insecure-auth")
        }
        let willRevealPassword =
            mechanisms.mayRevealPassword && (password != nil || isLacking(endpoint))
        guard !willRevealPassword || mayReveal else {
            throw UsageError(
                "the password for \(quoted(endpoint.host)) would cross the network in the clear: "
                    + "write the URL with amqps://, use a tunnel that begins on this machine, let "
                    + "--sasl-mechanisms name only those of SCRAM, or allow it with "
                    + "--allow-insecure-auth")
        }
        endpoints.append(endpoint)
    }

    /// Checks that SCRAM, if it is all that takes the password, can take it.
    private func checkCharacters(of endpoint: Endpoint) throws(UsageError) {
        guard security.mechanisms(isTLS: endpoint.isTLS).haveOnlySCRAM,
            let user = endpoint.user, let password = endpoint.password
        else { return }
        guard SASLMechanisms.scramAccepts(user: user, password: password) else {
            throw UsageError(
                "\(SASLMechanisms.scramNeedsASCII): change them, or add PLAIN to --sasl-mechanisms")
        }
    }

    private func isLacking(_ endpoint: Endpoint) -> Bool {
        endpoint.user != nil && endpoint.password == nil && endpoint.token == nil
            && security.mechanisms(isTLS: endpoint.isTLS).needPassword
    }

    /// Asks once: endpoints without a password have the same user.
    private mutating func askForPasswords(_ sources: PasswordSources) throws(UsageError) {
        guard let first = endpoints.first(where: isLacking), let user = first.user else { return }
        // A password in the URL of --address is for the same user.
        var password = endpoints[0].password
        if password == nil { password = try sources.last(user: user, host: first.host) }
        for index in endpoints.indices where isLacking(endpoints[index]) {
            endpoints[index].password = password
        }
    }

    private mutating func warn(_ given: CommandOptions, optionWarning: String?) {
        let addresses = given.addresses.filter { !$0.isOfEnvironment }
        let urls = addresses.compactMap(\.url) + given.failover
        if given.password != nil || urls.contains(where: { $0.endpoint.password != nil }) {
            warnings.append(
                "warning: every user of this machine can read the password given here: "
                    + "--password-file and SENDER_PASSWORD keep it off the command line")
        }
        if let optionWarning { warnings.append(optionWarning) }
        if !security.isPeerVerified {
            warnings.append(
                "warning: no certificate is verified: any peer is trusted")
        }
    }
}
