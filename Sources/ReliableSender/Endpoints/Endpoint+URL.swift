// Endpoints from URLs.
// SPDX-License-Identifier: Apache-2.0

extension Endpoint {
    /// Makes an endpoint from `amqp://[user[:password]@]host[:port]`, or `amqps` for TLS.
    ///
    /// Without a port it is the one that IANA has for the scheme: 5672, or 5671 with TLS. In user and
    /// password, a character that would have another meaning is written as % and two hexadecimal digits
    /// (RFC 3986 §2.1): / as %2F, @ as %40. An IPv6 address stands in brackets.
    ///
    /// - Isolation: any thread. Nothing is looked up or connected.
    /// - Throws: ``SenderError`` with ``SenderError/Code/invalidURL``. Its sentence shows the URL without what
    ///   may be a user, a password or a token.
    public init(url: String) throws(SenderError) {
        let parsed: EndpointURL
        do throws(URLFault) {
            parsed = try EndpointURL(url)
        } catch .secretInAddress {
            throw SenderError(of: url, Self.addressReason)
        } catch {
            throw SenderError(of: url, error.reason(form: Self.form, address: ""))
        }
        guard parsed.address.isEmpty else { throw SenderError(of: url, Self.addressReason) }
        self = parsed.endpoint
    }

    private static let addressReason =
        "an endpoint has no address: leave out what follows the host, and give it to sender(to:)"
    private static let form = "amqp[s]://[user[:password]@]host[:port]"

    /// The port that IANA has registered.
    package static func standardPort(isTLS: Bool) -> UInt16 { isTLS ? 5671 : 5672 }

    /// Host and port in the form of a URL.
    package var inURL: String { "\(hostInURL(host)):\(port)" }
}

extension Endpoint: CustomStringConvertible, CustomReflectable {
    /// Scheme, host and port: neither user nor password.
    public var description: String { "\(isTLS ? "amqps" : "amqp")://\(inURL)" }

    /// The same as ``description``: `dump` would print the password.
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}

extension SenderError {
    fileprivate static let shownLengthMax = 128

    /// The error for a text that is no URL of an endpoint.
    fileprivate init(of url: String, _ reason: String) {
        let redacted = withoutSecrets(url)
        var shown = String(redacted.prefix(Self.shownLengthMax))
        if shown != redacted { shown += "…" }
        self.init(
            code: .invalidURL,
            description: "the URL \(shown.debugDescription) can't be used: \(reason)")
    }
}
