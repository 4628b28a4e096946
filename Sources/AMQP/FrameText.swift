// Frames as text.
// SPDX-License-Identifier: Apache-2.0

/// A frame (§2.3), to be printed.
public struct TracedFrame: Sendable, Hashable, CustomStringConvertible {
    /// Whether the peer sent it.
    public var isIncoming: Bool
    /// Whether it is a SASL frame, not an AMQP frame.
    public var isSASL: Bool
    /// The sender's channel.
    public var channel: UInt16
    /// The performative and, in a transfer, the payload; empty in a heartbeat.
    public var body: [UInt8]

    /// Makes a frame.
    public init(isIncoming: Bool, isSASL: Bool, channel: UInt16, body: [UInt8]) {
        self.isIncoming = isIncoming
        self.isSASL = isSASL
        self.channel = channel
        self.body = body
    }

    /// The frame in a line: channel, direction, performative with its fields, and the size of the payload.
    public var description: String {
        "\(channel) \(isIncoming ? "<-" : "->") \(text)"
    }

    private var text: String {
        if body.isEmpty { return "(EMPTY FRAME)" }
        var decoder = ValueDecoder(body[...])
        guard let performative = decoder.value() else {
            return "(\(body.count) bytes) \(quoted(body[...]))"
        }
        let payload = decoder.remaining
        let head = frameText(performative)
        return payload.isEmpty ? head : "\(head) (\(payload.count) bytes) \(quoted(payload))"
    }
}

/// The bytes of a payload that are shown.
private let shownPayloadBytesMax = 256

private func quoted(_ bytes: ArraySlice<UInt8>) -> String {
    let shown = escaped(bytes.prefix(shownPayloadBytesMax))
    return bytes.count > shownPayloadBytesMax ? "\"\(shown)\" ..." : "\"\(shown)\""
}

private func escaped(_ bytes: ArraySlice<UInt8>) -> String {
    var text = ""
    for byte in bytes {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += "\\" + String(UnicodeScalar(byte))
        case 0x20...0x7E: text += String(UnicodeScalar(byte))
        default: text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }
    return text
}

private func frameText(_ value: AMQPValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .ubyte(let value): "\(value)"
    case .ushort(let value): "\(value)"
    case .uint(let value): "\(value)"
    case .ulong(let value): "\(value)"
    case .byte(let value): "\(value)"
    case .short(let value): "\(value)"
    case .int(let value): "\(value)"
    case .long(let value): "\(value)"
    case .float(let value): "\(value)"
    case .double(let value): "\(value)"
    case .decimal32(let bits): "decimal32(\(bits))"
    case .decimal64(let bits): "decimal64(\(bits))"
    case .decimal128(let high, let low): "decimal128(\(high), \(low))"
    case .char(let scalar): "char(\(scalar.value))"
    case .timestamp(let milliseconds): "timestamp(\(milliseconds))"
    case .uuid(let uuid): "\(uuid)"
    case .binary(let bytes): "b\"\(escaped(bytes[...]))\""
    case .string(let text): "\"\(escaped(ArraySlice(text.utf8)))\""
    case .symbol(let text): symbolText(text)
    case .list(let values): "[" + values.map(frameText).joined(separator: ", ") + "]"
    case .array(let values): "@[" + values.map(frameText).joined(separator: ", ") + "]"
    case .map(let entries):
        "{" + entries.map { "\(frameText($0.key))=\(frameText($0.value))" }.joined(separator: ", ")
            + "}"
    case .described(let descriptor, let value): describedText(descriptor, value)
    }
}

private func symbolText(_ text: String) -> String {
    let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    return isPlain && !text.isEmpty ? ":\(text)" : ":\"\(escaped(ArraySlice(text.utf8)))\""
}

private func describedText(_ descriptor: AMQPValue, _ value: AMQPValue) -> String {
    guard case .ulong(let number) = descriptor, let composite = Composite.all[number] else {
        return "@\(frameText(descriptor)) \(frameText(value))"
    }
    guard case .list(let fields) = value else {
        return "@\(composite.name)(\(number)) \(frameText(value))"
    }
    var texts: [String] = []
    for (index, field) in fields.enumerated() where field != .null {
        let name = index < composite.fields.count ? composite.fields[index] : "\(index)"
        texts.append("\(name)=\(frameText(field))")
    }
    if composite.isSecret { texts.append("the rest is not shown") }
    let numbered = composite.isSASL ? composite.name : "\(composite.name)(\(number))"
    return "@\(numbered) [\(texts.joined(separator: ", "))]"
}

/// A composite type (§1.4): a described list whose elements have names.
private struct Composite {
    var name: String
    var fields: [String]

    var isSASL: Bool { name.hasPrefix("sasl-") }
    /// Whether the credentials were removed from the frame.
    var isSecret: Bool { ["sasl-init", "sasl-challenge", "sasl-response"].contains(name) }

    private static func named(_ name: String, _ fields: String) -> Composite {
        Composite(name: name, fields: fields.split(separator: " ").map(String.init))
    }

    static let all: [UInt64: Composite] = [
        0x10: named(
            "open",
            """
            container-id hostname max-frame-size channel-max idle-time-out outgoing-locales \
            incoming-locales offered-capabilities desired-capabilities properties
            """),
        0x11: named(
            "begin",
            """
            remote-channel next-outgoing-id incoming-window outgoing-window handle-max \
            offered-capabilities desired-capabilities properties
            """),
        0x12: named(
            "attach",
            """
            name handle role snd-settle-mode rcv-settle-mode source target unsettled \
            incomplete-unsettled initial-delivery-count max-message-size offered-capabilities \
            desired-capabilities properties
            """),
        0x13: named(
            "flow",
            """
            next-incoming-id incoming-window next-outgoing-id outgoing-window handle \
            delivery-count link-credit available drain echo properties
            """),
        0x14: named(
            "transfer",
            """
            handle delivery-id delivery-tag message-format settled more rcv-settle-mode state \
            resume aborted batchable
            """),
        0x15: named("disposition", "role first last settled state batchable"),
        0x16: named("detach", "handle closed error"),
        0x17: named("end", "error"),
        0x18: named("close", "error"),
        0x1D: named("error", "condition description info"),
        0x23: named("received", "section-number section-offset"),
        0x24: named("accepted", ""),
        0x25: named("rejected", "error"),
        0x26: named("released", ""),
        0x27: named("modified", "delivery-failed undeliverable-here message-annotations"),
        0x28: named(
            "source",
            """
            address durable expiry-policy timeout dynamic dynamic-node-properties \
            distribution-mode filter default-outcome outcomes capabilities
            """),
        0x29: named(
            "target",
            "address durable expiry-policy timeout dynamic dynamic-node-properties capabilities"),
        0x40: named("sasl-mechanisms", "sasl-server-mechanisms"),
        0x41: named("sasl-init", "mechanism"),
        0x42: named("sasl-challenge", ""),
        0x43: named("sasl-response", ""),
        0x44: named("sasl-outcome", "code"),
    ]
}
