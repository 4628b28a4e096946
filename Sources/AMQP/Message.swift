// Messages.
// SPDX-License-Identifier: Apache-2.0

/// A message (§3.2): header, annotations, properties and body.
///
/// Fields that are nil or empty are left out of the encoded message.
public struct Message: Sendable, Hashable {
    /// The body of a message.
    public enum Body: Sendable, Hashable {
        /// A value of any type, as an amqp-value section (§3.2.8).
        case value(AMQPValue)
        /// Bytes, as a data section (§3.2.6).
        case data([UInt8])

        /// A text: an AMQP string as the section amqp-value.
        public static func string(_ text: String) -> Body { .value(.string(text)) }
    }

    // MARK: Header (§3.2.1)

    /// Whether the message is to survive a restart of its broker.
    ///
    /// - Default: false.
    public var isDurable = false
    /// Priority; a larger number is more urgent, nil means 4.
    public var priority: UInt8?
    /// Lifetime of the message, from when it is sent.
    ///
    /// - Units: milliseconds.
    public var timeToLive: UInt32?

    // MARK: Properties (§3.2.4)

    /// message-id: an AMQP ulong, uuid, binary or string.
    public var id: AMQPValue?
    /// user-id: who made the message.
    public var userID: [UInt8]?
    /// Address of the node that the message is intended for.
    public var to: String?
    /// The subject of the message.
    public var subject: String?
    /// Address of the node for replies.
    public var replyTo: String?
    /// correlation-id: an AMQP ulong, uuid, binary or string.
    public var correlationID: AMQPValue?
    /// MIME type of the body, an AMQP symbol.
    public var contentType: String?
    /// content-encoding of the body, an AMQP symbol.
    public var contentEncoding: String?
    /// absolute-expiry-time.
    ///
    /// - Units: milliseconds since 1970-01-01 00:00 UTC.
    public var absoluteExpiryTime: Int64?
    /// creation-time.
    ///
    /// - Units: milliseconds since 1970-01-01 00:00 UTC.
    public var creationTime: Int64?
    /// group-id: the group of messages that this one belongs to.
    public var groupID: String?
    /// group-sequence: the position in the group.
    public var groupSequence: UInt32?
    /// reply-to-group-id: the group of the replies.
    public var replyToGroupID: String?

    // MARK: Other sections

    /// Message annotations (§3.2.3), whose keys are AMQP symbols.
    public var annotations: [MapEntry] = []
    /// Application properties (§3.2.5).
    ///
    /// A list, a map or an array in them can't be encoded.
    public var applicationProperties: [MapEntry] = []
    /// The body.
    public var body: Body

    /// Makes a message that has only a body.
    public init(body: Body = .value(.null), isDurable: Bool = false) {
        self.body = body
        self.isDurable = isDurable
    }
}
