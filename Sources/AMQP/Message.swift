// One message.
// SPDX-License-Identifier: Apache-2.0

/// A message (§3.2): what can be said of it, and its body.
///
/// What is nil or empty is not there in the encoded message.
public struct Message: Sendable, Hashable {
    /// What a message carries.
    public enum Body: Sendable, Hashable {
        /// A value of any type, AMQP's section amqp-value (§3.2.8).
        case value(AMQPValue)
        /// Bytes, AMQP's section data (§3.2.6).
        case data([UInt8])

        /// A text: an AMQP string as the section amqp-value.
        public static func string(_ text: String) -> Body { .value(.string(text)) }
    }

    // MARK: Header (§3.2.1)

    /// Whether the message is to outlive its broker.
    ///
    /// - Default: false.
    public var isDurable = false
    /// Urgency; the larger the more urgent, and 4 when nothing is said.
    public var priority: UInt8?
    /// How long the message is of use, from when it is sent.
    ///
    /// - Units: milliseconds.
    public var timeToLive: UInt32?

    // MARK: Properties (§3.2.4)

    /// message-id: an AMQP ulong, uuid, binary or string.
    public var id: AMQPValue?
    /// user-id: who made the message.
    public var userID: [UInt8]?
    /// Address of the node that the message is for.
    public var to: String?
    /// What the message is about.
    public var subject: String?
    /// Address of the node that answers go to.
    public var replyTo: String?
    /// correlation-id: an AMQP ulong, uuid, binary or string.
    public var correlationID: AMQPValue?
    /// MIME type of the body, an AMQP symbol.
    public var contentType: String?
    /// content-encoding of the body, an AMQP symbol.
    public var contentEncoding: String?
    /// absolute-expiry-time.
    ///
    /// - Units: milliseconds since 1970 began, in UTC.
    public var absoluteExpiryTime: Int64?
    /// creation-time.
    ///
    /// - Units: milliseconds since 1970 began, in UTC.
    public var creationTime: Int64?
    /// group-id: the group of messages that this one belongs to.
    public var groupID: String?
    /// group-sequence: the position in the group.
    public var groupSequence: UInt32?
    /// reply-to-group-id: the group of the answers.
    public var replyToGroupID: String?

    // MARK: The rest

    /// Message annotations (§3.2.3), whose keys are AMQP symbols.
    public var annotations: [MapEntry] = []
    /// Application properties (§3.2.5).
    ///
    /// Their values are encoded only if they are neither lists nor maps.
    public var applicationProperties: [MapEntry] = []
    /// The body.
    public var body: Body

    /// Makes a message that is nothing but a body.
    public init(body: Body = .value(.null)) {
        self.body = body
    }
}
