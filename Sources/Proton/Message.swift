// One message.
// SPDX-License-Identifier: Apache-2.0

internal import CShim

/// A message whose body is a map of strings to AMQP ulongs (§3.2.8).
public struct Message: Sendable, Hashable {
    /// One pair of the application properties.
    public struct Property: Sendable, Hashable {
        /// Key.
        public var key: String
        /// Value, an AMQP string.
        public var value: String

        /// Makes a pair.
        public init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    /// One pair of the body's map.
    public struct Entry: Sendable, Hashable {
        /// Key.
        public var key: String
        /// Value, an AMQP ulong.
        public var value: UInt64

        /// Makes a pair.
        public init(key: String, value: UInt64) {
            self.key = key
            self.value = value
        }
    }

    /// message-id, an AMQP ulong (§3.2.4).
    ///
    /// - Default: none.
    public var id: UInt64?
    /// Whether the message is to outlive its broker (§3.2.1).
    ///
    /// - Default: false.
    public var isDurable: Bool
    /// The application properties (§3.2.5); of equal keys the last one holds.
    public var properties: [Property]
    /// The body, in this order.
    public var body: [Entry]

    /// Makes a message.
    public init(
        id: UInt64? = nil, isDurable: Bool = false, properties: [Property] = [], body: [Entry] = []
    ) {
        self.id = id
        self.isDurable = isDurable
        self.properties = properties
        self.body = body
    }

    /// Encodes the message with proton's codec.
    ///
    /// - Throws: ``ProtonError/Code/outOfMemory``, or what proton's codec refuses.
    public func encoded() throws(ProtonError) -> [UInt8] {
        let operation = "encode a message"
        var made: OpaquePointer?
        try check(operation) { cshim_message_new(&made, $0) }
        let message = try unwrap(made, operation)
        defer { cshim_message_free(message) }
        try check(operation) { cshim_message_set_durable(message, isDurable, $0) }
        if let id { try check(operation) { cshim_message_set_id_ulong(message, id, $0) } }
        for property in properties {
            try check(operation) {
                cshim_message_add_property_string(message, property.key, property.value, $0)
            }
        }
        for entry in body {
            try check(operation) {
                cshim_message_add_body_ulong(message, entry.key, entry.value, $0)
            }
        }
        var size = 0
        var bytes: [UInt8] = []
        if cshim_message_encode(message, nil, 0, &size, nil) == .bufferTooSmall {
            bytes = [UInt8](repeating: 0, count: size)
        }
        try check(operation) { error in
            bytes.withUnsafeMutableBufferPointer { buffer in
                cshim_message_encode(message, buffer.baseAddress, buffer.count, &size, error)
            }
        }
        return bytes
    }
}
