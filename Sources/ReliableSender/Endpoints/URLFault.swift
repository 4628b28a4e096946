// Errors of URLs.
// SPDX-License-Identifier: Apache-2.0

/// Why a text is no URL of an endpoint.
///
/// It holds nothing of the text but the name of a parameter.
package enum URLFault: Error, Hashable {
    /// A part that may be percent-encoded, as sentences name it.
    package enum Part: String, Hashable {
        case user = "the user"
        case password = "the password"
        case host = "the host"
        case address = "the address"
    }

    case controlCharacter
    /// Azure's form of the same parts.
    case connectionString
    case form
    case scheme
    /// A slash or an @ that stands for itself in user, password or address.
    case unencodedSeparator
    case openBracket
    case noIPv6Address
    case bareIPv6Address
    case hostMissing
    case hostCharacters
    case port
    /// The address has a parameter of this name, whose value may be a secret.
    case secretInAddress(name: String)
    case percentSign(Part)
    case notUTF8(Part)
    case controlCharacterIn(Part)

    /// The reason and the way out, behind "the URL … is wrong:".
    ///
    /// `form` is the form that it must have, `address` what stands behind the host in an example.
    package func reason(form: String, address: String) -> String {
        switch self {
        case .controlCharacter: "it must not hold control characters"
        case .connectionString:
            "a connection string is not a URL: write amqps://HOST with its host, and give its "
                + "SharedAccessKeyName as the user and its SharedAccessKey as the password"
        case .form: "it must have the form \(form)"
        case .scheme: "the scheme must be amqp or amqps"
        case .unencodedSeparator:
            "write / in user and password as %2F, and @ in an address as %40"
        case .openBracket: "the bracket of the IPv6 address is not closed"
        case .noIPv6Address: "between the brackets is no IPv6 address"
        case .bareIPv6Address:
            "an IPv6 address belongs in brackets, as in amqp://[::1]\(address)"
        case .hostMissing: "the host is missing, as in amqp://host\(address)"
        case .hostCharacters:
            "a host is at most 255 letters, digits, dots, hyphens and underscores"
        case .port: "the port must be a number from 1 to 65535"
        case .secretInAddress(let name): "what follows \(name)= may be a secret"
        case .percentSign(let part):
            "\(part.rawValue) has a % without two hexadecimal digits, write % as %25"
        case .notUTF8(let part):
            "the percent-encoding of \(part.rawValue) does not make valid UTF-8"
        case .controlCharacterIn(let part): "\(part.rawValue) must not hold control characters"
        }
    }
}
