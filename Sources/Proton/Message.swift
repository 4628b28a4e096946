// One message, and how many of the same kind are made at no cost.
// SPDX-License-Identifier: Apache-2.0

internal import CShim

/// A message whose body is a map of strings to AMQP ulongs (§3.2.8).
public struct Message: Sendable, Hashable {
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
    /// The body, in this order.
    public var body: [Entry]

    /// Makes a message.
    public init(id: UInt64? = nil, isDurable: Bool = false, body: [Entry] = []) {
        self.id = id
        self.isDurable = isDurable
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

/// Messages that differ in nothing but their number, which is the id and the one value of the body.
///
/// A message is encoded once, with a number that takes all its eight bytes, and from then on only
/// those bytes change. Encoding anew is a quarter of what sending a message costs.
public struct MessageTemplate: Sendable {
    private var bytes: [UInt8]
    private let places: [Int]

    /// No UTF-8 holds these bytes, so that no key is taken for them.
    private static let marker: UInt64 = 0xF1E2_D3C4_B5A6_9788
    /// The constructor of a ulong of eight bytes (§1.6.6).
    ///
    /// Proton writes a small one in fewer.
    private static let ulongConstructor: UInt8 = 0x80

    /// Encodes the message that all others are made from.
    ///
    /// - Throws: What ``Message/encoded()`` throws.
    public init(isDurable: Bool, key: String = "sequence") throws(ProtonError) {
        let message = Message(
            id: Self.marker, isDurable: isDurable,
            body: [Message.Entry(key: key, value: Self.marker)])
        bytes = try message.encoded()
        places = Self.places(in: bytes)
        guard places.count == 2 else {
            throw ProtonError(
                code: .protonError, operation: "encode a message", name: "",
                detail: "the number stands in \(places.count) places, not in 2")
        }
    }

    /// Size of each message.
    ///
    /// - Units: bytes.
    public var size: Int { bytes.count }

    /// Gives the encoded message of a number, for as long as `body` runs.
    ///
    /// Nothing is allocated.
    public mutating func withEncoded<Result, Failure: Error>(
        sequence: UInt64, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        bytes.withUnsafeMutableBytes { buffer in
            for place in places {
                buffer.storeBytes(of: sequence.bigEndian, toByteOffset: place, as: UInt64.self)
            }
        }
        return try bytes.withUnsafeBufferPointer { buffer throws(Failure) in
            try body(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Where the marker's eight bytes stand.
    private static func places(in bytes: [UInt8]) -> [Int] {
        let pattern = [ulongConstructor] + withUnsafeBytes(of: marker.bigEndian, Array.init)
        return bytes.indices.filter { bytes[$0...].starts(with: pattern) }.map { $0 + 1 }
    }
}
