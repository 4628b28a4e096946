// Hints for TLS failures. A missing TLS is among the entries of `Hints`.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import LinkRecovery

extension ErrorCondition {
    /// Whether TLS failed, which a reconnect does not cure.
    var isOfTLS: Bool { name.hasPrefix("tls:") }

    /// The meaning and the way out; nil for other conditions.
    var tlsHint: String? {
        switch name {
        case "tls:certificate-untrusted":
            "no authority that is trusted here signed the peer's certificate: "
                + "--tls-ca FILE names one to trust"
        case "tls:certificate-expired":
            "the peer needs a new certificate, unless this machine's clock is wrong"
        case "tls:certificate-not-yet-valid":
            "the peer's certificate is not valid yet, unless this machine's clock is wrong"
        case "tls:certificate-name-mismatch":
            "connect by a name that is in it, or give that with --tls-server-name NAME; "
                + "IP addresses in it are ignored"
        case "tls:certificate-invalid":
            "the peer's certificate can't be accepted"
        case "tls:client-certificate-refused":
            "the peer wants a client certificate that it trusts: --tls-cert FILE names one"
        case "tls:not-spoken":
            "the peer does not speak TLS there: name the port of amqps, or write amqp://"
        case "tls:failed":
            "no version or cipher in common, or the peer wants a client certificate: "
                + "--tls-cert FILE names one"
        default:
            nil
        }
    }
}
