// AMQP's frames (§2.3) and performatives (§2.7).
// SPDX-License-Identifier: Apache-2.0

/// The kinds of performatives, by their descriptor codes.
public enum Performative: UInt64, Sendable {
    case open = 0x10
    case begin = 0x11
    case attach = 0x12
    case flow = 0x13
    case transfer = 0x14
    case disposition = 0x15
    case detach = 0x16
    case end = 0x17
    case close = 0x18
    case saslMechanisms = 0x40
    case saslInit = 0x41
    case saslChallenge = 0x42
    case saslResponse = 0x43
    case saslOutcome = 0x44
}

/// A delivery's state (§3.4).
public enum DeliveryState: Sendable {
    case accepted
    case rejected(name: String, description: String)
    case released
    case modified(deliveryFailed: Bool, undeliverableHere: Bool)
    case received

    var value: Value {
        switch self {
        case .received: .described(0x23, .list([.uint(0), .ulong(0)]))
        case .accepted: .described(0x24, .list([]))
        case .rejected(let name, let description):
            .described(0x25, .list([error(name, description)]))
        case .released: .described(0x26, .list([]))
        case .modified(let deliveryFailed, let undeliverableHere):
            .described(0x27, .list([.bool(deliveryFailed), .bool(undeliverableHere)]))
        }
    }
}

private func error(_ name: String, _ description: String) -> Value {
    .described(0x1D, .list([.symbol(name), .string(description)]))
}

/// One frame.
public struct Frame: Sendable {
    /// The kind of the frame.
    public var performative: Performative
    /// The channel, which SASL and open do not use.
    public var channel: UInt16
    /// The fields, in the order of the specification; those at the end may be missing.
    public var fields: [Value]
    /// The bytes behind the performative of a transfer.
    public var payload: [UInt8] = []
    /// Whether the descriptor is written in one byte, as most peers do, or in eight.
    public var hasSmallDescriptor = false

    /// Of one that was read, its size in bytes.
    public private(set) var size = 0

    /// Makes a frame.
    public init(_ performative: Performative, on channel: UInt16 = 0, _ fields: [Value]) {
        self.performative = performative
        self.channel = channel
        self.fields = fields
    }

    /// A field, null when the frame does not have it.
    public subscript(index: Int) -> Value { fields.indices.contains(index) ? fields[index] : .null }

    /// Of a transfer, whether more of its delivery follows.
    public var isMore: Bool { if case .bool(true) = self[5] { true } else { false } }

    /// Of a transfer, whether its delivery is aborted.
    public var isAborted: Bool { if case .bool(true) = self[9] { true } else { false } }

    /// Whether it is a frame of SASL (§5.3).
    public var isSASL: Bool { performative.rawValue >= Performative.saslMechanisms.rawValue }

    /// The frame's bytes.
    public var encoded: [UInt8] {
        let descriptor =
            hasSmallDescriptor
            ? [0x53, UInt8(performative.rawValue)] : Value.ulong(performative.rawValue).encoded
        let body = [0x00] + descriptor + Value.list(fields).encoded + payload
        let size = UInt32(8 + body.count)
        let channelBytes = withUnsafeBytes(of: channel.bigEndian, Array.init)
        return withUnsafeBytes(of: size.bigEndian, Array.init) + [2, isSASL ? 1 : 0] + channelBytes
            + body
    }

    /// Reads a frame behind its size.
    ///
    /// An empty frame is none.
    init?(_ bytes: [UInt8]) throws {
        guard bytes.count >= 4 else { throw PeerError("a frame is too short") }
        guard bytes.count > 4 else { return nil }
        var decoder = Decoder(bytes[4...])
        guard case .described(let code, .list(let fields)) = try decoder.value(),
            let performative = Performative(rawValue: code)
        else { throw PeerError("a frame that is not known") }
        self.performative = performative
        self.fields = fields
        channel = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        payload = decoder.remaining
        size = bytes.count + 4
    }
}

extension Frame {
    /// Opens as "raw-peer".
    public static func open(idleTimeout: UInt32? = nil) -> Frame {
        Frame(
            .open,
            [
                .string("raw-peer"), .null, .uint(65536), .ushort(100),
                idleTimeout.map { .uint($0) } ?? .null,
            ])
    }

    /// Answers the begin on a channel, on the same one.
    public static func begin(
        on channel: UInt16 = 0, incomingWindow: UInt32 = 2_000_000, handleMax: UInt32 = .max
    ) -> Frame {
        Frame(
            .begin, on: channel,
            [
                .ushort(channel), .uint(0), .uint(incomingWindow), .uint(1000),
                .uint(handleMax),
            ])
    }

    /// Answers an attach, with its name and handle.
    ///
    /// Without a target, the link is refused. The mode of settling is the attach's own unless another
    /// is given (§2.8.2).
    public static func attach(
        answering attach: Frame, hasTarget: Bool = true, maxMessageSize: UInt64 = 0,
        senderSettleMode: Value? = nil
    ) -> Frame {
        Frame(
            .attach, on: attach.channel,
            [
                attach[0], attach[1], .bool(true), senderSettleMode ?? attach[3], .ubyte(0),
                attach[5],
                hasTarget ? attach[6] : .null, .null, .null, .null, .ulong(maxMessageSize),
            ])
    }

    /// Grants credit on a link, and transfers on its session.
    public static func flow(
        credit: UInt32, handle: UInt32 = 0, deliveryCount: UInt32 = 0, drain: Bool = false,
        nextIncomingID: UInt32 = 0, incomingWindow: UInt32 = 2_000_000, on channel: UInt16 = 0
    ) -> Frame {
        Frame(
            .flow, on: channel,
            [
                .uint(nextIncomingID), .uint(incomingWindow), .uint(0), .uint(1000),
                .uint(handle), .uint(deliveryCount), .uint(credit), .null, .bool(drain),
            ])
    }

    /// Says what became of deliveries; nil settles without a state.
    public static func disposition(
        _ deliveries: ClosedRange<UInt32>, _ state: DeliveryState?, settled: Bool = true,
        on channel: UInt16 = 0
    ) -> Frame {
        Frame(
            .disposition, on: channel,
            [
                .bool(true), .uint(deliveries.lowerBound), .uint(deliveries.upperBound),
                .bool(settled), state?.value ?? .null,
            ])
    }

    /// Rejects deliveries, with an error that has this info, whatever it is.
    public static func rejection(
        of deliveries: ClosedRange<UInt32>, name: String = "amqp:not-allowed", info: Value
    ) -> Frame {
        let error = Value.described(0x1D, .list([.symbol(name), .string("no"), info]))
        var rejection = disposition(deliveries, nil)
        rejection.fields[4] = .described(0x25, .list([error]))
        return rejection
    }

    /// Detaches a link, with an error of this name.
    public static func detach(
        handle: UInt32 = 0, closed: Bool = true, name: String? = nil, on channel: UInt16 = 0
    ) -> Frame {
        Frame(
            .detach, on: channel,
            [.uint(handle), .bool(closed), name.map { error($0, "by the peer") } ?? .null])
    }

    /// Ends a session, with an error of this name.
    public static func end(name: String? = nil, on channel: UInt16 = 0) -> Frame {
        Frame(.end, on: channel, [name.map { error($0, "by the peer") } ?? .null])
    }

    /// Closes the connection, with an error of this name.
    public static func close(name: String? = nil, description: String = "by the peer") -> Frame {
        Frame(.close, [name.map { error($0, description) } ?? .null])
    }
}
