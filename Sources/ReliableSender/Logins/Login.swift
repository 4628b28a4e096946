// One login: the choice of the mechanism, and its steps.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
internal import Proton

/// A user's name and secrets.
struct LoginCredentials {
    var user: String?
    var password: String?
    /// A bearer token (RFC 6750).
    var token: String?
    /// Whether a secret may be sent as it is.
    var mayReveal = false
}

/// Answers the steps of one login (§5.3).
struct Login {
    private let credentials: LoginCredentials
    private let allowed: [SASLMechanism]
    private let makeNonce: () -> String
    private var mechanism: SASLMechanism?
    private var exchange: SCRAMExchange?
    /// The peer has given the reason for which it refuses the token.
    private var isTokenRefused = false

    /// Makes a login by one of the allowed mechanisms.
    init(
        _ credentials: LoginCredentials, allowed: [SASLMechanism],
        makeNonce: @escaping () -> String = { randomNonce() }
    ) {
        self.credentials = credentials
        self.allowed = allowed
        self.makeNonce = makeNonce
    }

    /// Answers a step.
    mutating func answer(_ step: LoginStep) -> LoginAnswer {
        do throws(LoginFault) {
            switch step {
            case .offered(let names): return try begin(with: names)
            case .challenged(let challenge): return .respond(try response(to: challenge))
            case .admitted(let data):
                try exchange?.succeed(with: data)
                return .none
            }
        } catch {
            return .fail(condition(error))
        }
    }

    /// Proton adds the mechanism.
    private func condition(_ fault: LoginFault) -> ErrorCondition {
        switch fault {
        case .refused(let reason):
            ErrorCondition(name: ConditionName.unauthorizedAccess, description: reason)
        case .broken(let reason):
            ErrorCondition(
                name: ConditionName.framingError,
                description: "the peer breaks the protocol: \(reason)")
        }
    }

    /// Makes a login at an endpoint, with secrets that may be newer than its own.
    init(_ endpoint: Endpoint, _ secrets: Secrets, _ options: SendingOptions) {
        let mayReveal = endpoint.mayReceivePassword(
            isInsecureAllowed: options.isInsecureAuthenticationAllowed)
        self.init(
            LoginCredentials(
                user: endpoint.user, password: secrets.password ?? endpoint.password,
                token: secrets.token ?? endpoint.token, mayReveal: mayReveal),
            allowed: options.saslMechanisms(for: endpoint))
    }

    // MARK: Choice

    /// Takes the strongest mechanism of those that the peer offers, the user allows and what there is
    /// will do for.
    private mutating func begin(with names: [String]) throws(LoginFault) -> LoginAnswer {
        let offered = SASLMechanism.strongestFirst.filter {
            names.contains($0.rawValue) && allowed.contains($0)
        }
        guard let mechanism = offered.first(where: canUse) else {
            if let reason = offered.lazy.compactMap(obstacle).first { throw .refused(reason) }
            return .none
        }
        self.mechanism = mechanism
        return .begin(mechanism: mechanism.rawValue, response: initialResponse(of: mechanism))
    }

    private func canUse(_ mechanism: SASLMechanism) -> Bool {
        hasSecret(of: mechanism) && obstacle(to: mechanism) == nil
    }

    /// Whether there is all that the mechanism proves a user by.
    private func hasSecret(of mechanism: SASLMechanism) -> Bool {
        if mechanism.needsToken { return credentials.token != nil }
        return !mechanism.needsPassword
            || credentials.user != nil && credentials.password != nil
    }

    /// Why a mechanism can't be used although there is all that it needs.
    private func obstacle(to mechanism: SASLMechanism) -> String? {
        guard hasSecret(of: mechanism) else { return nil }
        if mechanism.isSCRAM, let user = credentials.user, let password = credentials.password {
            return SASLMechanisms.scramAccepts(user: user, password: password)
                ? nil : SASLMechanisms.scramNeedsASCII
        }
        if mechanism.needsToken, !SASLMechanisms.isToken(credentials.token ?? "") {
            return "a token has visible ASCII characters only"
        }
        guard mechanism.revealsSecret, !credentials.mayReveal else { return nil }
        return mechanism.needsToken
            ? "the token would cross the network in the clear"
            : "the peer offers no mechanism that keeps the password to itself: it would cross the "
                + "network in the clear"
    }

    private mutating func initialResponse(of mechanism: SASLMechanism) -> [UInt8] {
        let user = credentials.user ?? ""
        let password = credentials.password ?? ""
        if let hash = mechanism.scramHash {
            let exchange = SCRAMExchange(
                hash: hash, user: user, password: password, nonce: makeNonce())
            self.exchange = exchange
            return exchange.first
        }
        switch mechanism {
        case .oauthBearer:
            let name = credentials.user.map { "a=" + escapedName($0) } ?? ""
            return Array("n,\(name),\u{1}\(bearer)".utf8)
        case .xoauth2: return Array("user=\(user)\u{1}\(bearer)".utf8)
        case .plain: return [0] + Array(user.utf8) + [0] + Array(password.utf8)
        case .anonymous: return Array((credentials.user ?? "anonymous").utf8)
        default: return []
        }
    }

    /// The token, as RFC 7628 §3.1 and XOAUTH2 write it.
    private var bearer: String { "auth=Bearer \(credentials.token ?? "")\u{1}\u{1}" }

    // MARK: Challenges

    private mutating func response(to challenge: [UInt8]) throws(LoginFault) -> [UInt8] {
        // The peer says why it refuses the token, and refuses it once that is answered.
        if let mechanism, mechanism.needsToken, !isTokenRefused {
            isTokenRefused = true
            return mechanism == .oauthBearer ? [1] : []
        }
        guard let response = try exchange?.response(to: challenge) else {
            throw .broken("a challenge, which the mechanism does not have")
        }
        return response
    }
}

/// 24 random bytes in base64, of the system's secure source.
private func randomNonce() -> String {
    var source = SystemRandomNumberGenerator()
    let bytes = (0..<24).map { _ in UInt8.random(in: .min ... .max, using: &source) }
    return String(decoding: Base64.encode(bytes), as: UTF8.self)
}
