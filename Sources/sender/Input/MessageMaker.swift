// From a text to an encoded message.
// SPDX-License-Identifier: Apache-2.0

import Sending

/// Makes the messages of an input, whichever thread that is on.
struct MessageMaker: Sendable {
    /// How a text is read.
    enum Reading: Hashable, Sendable {
        /// It is the body.
        case body(BodyType)
        /// It is an object that describes the message.
        case json
    }

    /// A message has to have room in a record of the journal.
    static let encodedByteCountMax = 128 << 20

    let reading: Reading
    /// What all messages have in common.
    let prototype: Message
    let duplicateID: DuplicateID?

    /// Whether a text is passed over: a blank one where JSON is read.
    func skips(_ bytes: ArraySlice<UInt8>) -> Bool {
        reading == .json && JSONReader.isBlank(bytes)
    }

    /// The encoded message of a text; nil when it is passed over.
    func message(_ bytes: ArraySlice<UInt8>, sequence: UInt64) throws(BadMessage) -> [UInt8]? {
        var message = prototype
        message.id = .ulong(sequence)
        switch reading {
        case .body(let type):
            message.body = try Self.body(bytes, type)
        case .json:
            if skips(bytes) { return nil }
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
