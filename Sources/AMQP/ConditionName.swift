// The names of error conditions.
// SPDX-License-Identifier: Apache-2.0

/// Names of error conditions that something is decided by, or said about.
///
/// A peer may send any other.
public enum ConditionName {
    // MARK: Of the specification (§2.8.15 to §2.8.18)

    /// An internal error occurred.
    public static let internalError = "amqp:internal-error"
    /// What is asked for does not exist.
    public static let notFound = "amqp:not-found"
    /// The user may not do this.
    public static let unauthorizedAccess = "amqp:unauthorized-access"
    /// Data could not be decoded.
    public static let decodeError = "amqp:decode-error"
    /// A limit was exceeded: of the peer's, or of proton's own idle time.
    public static let resourceLimitExceeded = "amqp:resource-limit-exceeded"
    /// What is asked for is not allowed.
    public static let notAllowed = "amqp:not-allowed"
    /// A field's value is none that may be.
    public static let invalidField = "amqp:invalid-field"
    /// The peer does not implement what is asked for.
    public static let notImplemented = "amqp:not-implemented"
    /// A precondition does not hold.
    public static let preconditionFailed = "amqp:precondition-failed"
    /// What was used was deleted.
    public static let resourceDeleted = "amqp:resource-deleted"
    /// The state does not permit what is asked for.
    public static let illegalState = "amqp:illegal-state"
    /// What has to be sent is larger than the frames that are taken.
    public static let frameSizeTooSmall = "amqp:frame-size-too-small"
    /// An operator closed the connection.
    public static let connectionForced = "amqp:connection:forced"
    /// A frame could not be read; proton's name for any connection that breaks.
    public static let framingError = "amqp:connection:framing-error"
    /// The peer names another place for the connection.
    public static let connectionRedirect = "amqp:connection:redirect"
    /// An operator detached the link.
    public static let detachForced = "amqp:link:detach-forced"
    /// A message was larger than the link allows.
    public static let messageSizeExceeded = "amqp:link:message-size-exceeded"
    /// The peer names another place for the link.
    public static let linkRedirect = "amqp:link:redirect"

    // MARK: Of the routers (qdrouterd, skupper-router)

    /// A link route has no broker.
    public static let noRouteToDestination = "qd:no-route-to-dest"
    /// The broker behind a link route went away.
    public static let routedLinkLost = "qd:routed-link-lost"
}
