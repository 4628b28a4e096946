// Encodes messages from input texts.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// Turns the texts of an input into encoded messages, on any thread.
struct MessageEncoder: Sendable {
    /// The meaning of a text.
    enum Reading: Hashable, Sendable {
        /// The body.
        case body(BodyType)
        /// A JSON object that describes the message.
        case json
    }

    /// A message must fit into a journal record.
    static let encodedByteCountMax = 128 << 20

    let reading: Reading
    /// Properties that all messages share.
    let prototype: Message
    let duplicateID: DuplicateID?

    /// U+FEFF in UTF-8; some editors begin each text with it.
    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Whether texts are parsed as JSON.
    var readsJSON: Bool { [.json, .body(.map), .body(.value)].contains(reading) }

    /// Drops the byte-order mark at the beginning of JSON input (RFC 8259 §8.1); elsewhere it is
    /// data.
    func beginning(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        readsJSON && bytes.starts(with: Self.byteOrderMark)
            ? bytes.dropFirst(Self.byteOrderMark.count) : bytes
    }

    /// Whether a line is skipped: a blank one of JSON input.
    func skips(_ bytes: ArraySlice<UInt8>) -> Bool {
        readsJSON && JSONReader.isBlank(bytes)
    }

    /// Encodes a line; nil for one that is skipped.
    func message(ofLine bytes: ArraySlice<UInt8>, sequence: UInt64) throws(BadMessage) -> [UInt8]? {
        skips(bytes) ? nil : try message(bytes, sequence: sequence)
    }

    /// Encodes a text.
    func message(_ bytes: ArraySlice<UInt8>, sequence: UInt64) throws(BadMessage) -> [UInt8] {
        var message = prototype
        message.id = .ulong(sequence)
        switch reading {
        case .body(let type):
            message.body = try Self.body(bytes, type)
        case .json:
            try message.apply(Self.json(bytes))
        }
        if let duplicateID,
            !message.applicationProperties.contains(where: { $0.hasKey(duplicateID.property) })
        {
            message.applicationProperties.append(
                MapEntry(
                    key: duplicateID.property,
                    value: .string(duplicateID.value(sequence: sequence))))
        }
        return try Self.encode(message)
    }

    private static func body(
        _ bytes: ArraySlice<UInt8>, _ type: BodyType
    ) throws(BadMessage) -> Message.Body {
        switch type {
        case .string:
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw BadMessage("is not valid UTF-8: --body-type binary sends any bytes")
            }
            return .value(.string(text))
        case .binary:
            return .data(Array(bytes))
        case .map:
            let json = try json(bytes, orElse: Self.anyText)
            guard case .object = json else {
                throw BadMessage(
                    "is \(json.kindWords), but --body-type map needs an object: "
                        + "--body-type value takes any JSON")
            }
            return .value(AMQPValue(json))
        case .value:
            return .value(AMQPValue(try json(bytes, orElse: Self.anyText)))
        }
    }

    private static let anyText = "; --body-type string sends any text"

    private static func json(
        _ bytes: ArraySlice<UInt8>, orElse wayOut: String = ""
    ) throws(BadMessage) -> JSONValue {
        do throws(JSONFault) {
            return try JSONReader.read(bytes)
        } catch {
            throw BadMessage(
                "is not JSON that can be sent: at byte \(error.offset + 1) \(error.reason)\(wayOut)"
            )
        }
    }

    private static func encode(_ message: Message) throws(BadMessage) -> [UInt8] {
        let encoded: [UInt8]
        do throws(EncodingError) {
            encoded = try message.encoded()
        } catch {
            throw BadMessage("can't be a message: \(printable(error.reason, byteCountMax: 256))")
        }
        guard encoded.count <= encodedByteCountMax else {
            throw BadMessage("makes a message of more than \(encodedByteCountMax >> 20) MiB")
        }
        return encoded
    }
}
