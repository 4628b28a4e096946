// Hints for TLS failures. A missing TLS is among the entries of `Hints`.
// SPDX-License-Identifier: Apache-2.0

import AMQP

extension ErrorCondition {
    /// Whether TLS failed, which a reconnect does not cure.
    var isOfTLS: Bool { name.hasPrefix(ConditionName.tlsPrefix) }

    /// The meaning and the way out; nil for other conditions.
    var tlsHint: String? {
        switch name {
        case ConditionName.tlsCertificateUntrusted:
            "no authority that is trusted here signed the peer's certificate: "
                + "--tls-ca FILE names one to trust"
        case ConditionName.tlsCertificateExpired:
            "the peer needs a new certificate, unless this machine's clock is wrong"
        case ConditionName.tlsCertificateNotYetValid:
            "the peer's certificate is not valid yet, unless this machine's clock is wrong"
        case ConditionName.tlsCertificateNameMismatch:
            "connect by a name that is in it, or give that with --tls-server-name NAME; "
                + "IP addresses in it are ignored"
        case ConditionName.tlsCertificateInvalid:
            "the peer's certificate can't be accepted"
        case ConditionName.tlsClientCertificateRefused:
            "the peer wants a client certificate that it trusts: --tls-cert FILE names one"
        case ConditionName.tlsNotSpoken:
            "the peer does not speak TLS there: name the port of amqps, or write amqp://"
        case ConditionName.tlsFailed:
            "no version or cipher in common, or the peer wants a client certificate: "
                + "--tls-cert FILE names one"
        default:
            nil
        }
    }
}
