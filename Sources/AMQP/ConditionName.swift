// Names of error conditions.
// SPDX-License-Identifier: Apache-2.0

/// Names of the error conditions that recovery or a hint depends on.
///
/// A peer may send any other name.
public enum ConditionName {
    // MARK: Of the specification (§2.8.15 to §2.8.18)

    /// An internal error occurred.
    public static let internalError = "amqp:internal-error"
    /// The address or entity does not exist.
    public static let notFound = "amqp:not-found"
    /// The user lacks the permission.
    public static let unauthorizedAccess = "amqp:unauthorized-access"
    /// Data could not be decoded.
    public static let decodeError = "amqp:decode-error"
    /// A limit of the peer was exceeded, or proton's idle timeout.
    public static let resourceLimitExceeded = "amqp:resource-limit-exceeded"
    /// The request is not allowed.
    public static let notAllowed = "amqp:not-allowed"
    /// A field has an invalid value.
    public static let invalidField = "amqp:invalid-field"
    /// The peer does not implement the request.
    public static let notImplemented = "amqp:not-implemented"
    /// A precondition does not hold.
    public static let preconditionFailed = "amqp:precondition-failed"
    /// The entity was deleted while it was used.
    public static let resourceDeleted = "amqp:resource-deleted"
    /// The request is not permitted in the current state.
    public static let illegalState = "amqp:illegal-state"
    /// The peer's largest frame is too small for what has to be sent.
    public static let frameSizeTooSmall = "amqp:frame-size-too-small"
    /// An operator closed the connection.
    public static let connectionForced = "amqp:connection:forced"
    /// A frame could not be decoded; proton uses the name for every connection that breaks.
    public static let framingError = "amqp:connection:framing-error"
    /// The peer names another place for the connection.
    public static let connectionRedirect = "amqp:connection:redirect"
    /// An operator detached the link.
    public static let detachForced = "amqp:link:detach-forced"
    /// A message was larger than the link allows.
    public static let messageSizeExceeded = "amqp:link:message-size-exceeded"
    /// The peer names another place for the link.
    public static let linkRedirect = "amqp:link:redirect"

    // MARK: Of this program

    /// The peer let us in, and no longer accepts the login, as when its token has ended.
    public static let loginExpired = "login:expired"
    /// A file that a connection needs can't be used as it is.
    public static let unusableFile = "file:unusable"

    /// A host's name could not be looked up.
    public static let lookUpFailed = "name:failed"
    /// The name servers did not answer in time.
    public static let lookUpUnanswered = "name:no-answer"
    /// Begins the names of conditions of look-ups.
    public static let lookUpPrefix = "name:"
    /// No authority that is trusted here signed the peer's certificate.
    public static let tlsCertificateUntrusted = "tls:certificate-untrusted"
    /// The peer's certificate has expired.
    public static let tlsCertificateExpired = "tls:certificate-expired"
    /// The peer's certificate is not valid yet.
    public static let tlsCertificateNotYetValid = "tls:certificate-not-yet-valid"
    /// The peer's certificate has another name.
    public static let tlsCertificateNameMismatch = "tls:certificate-name-mismatch"
    /// The peer's certificate can't be accepted for another reason.
    public static let tlsCertificateInvalid = "tls:certificate-invalid"
    /// The peer refuses the client's certificate.
    public static let tlsClientCertificateRefused = "tls:client-certificate-refused"
    /// The peer does not speak TLS.
    public static let tlsNotSpoken = "tls:not-spoken"
    /// The TLS handshake failed for another reason.
    public static let tlsFailed = "tls:failed"
    /// Begins the names of conditions of TLS.
    public static let tlsPrefix = "tls:"

    // MARK: Of proton

    /// The system's error of a socket.
    public static let socketError = "proton:io"

    // MARK: Of the routers (qdrouterd, skupper-router)

    /// A link route has no broker.
    public static let noRouteToDestination = "qd:no-route-to-dest"
    /// The broker behind a link route went away.
    public static let routedLinkLost = "qd:routed-link-lost"
}
