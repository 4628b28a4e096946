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
        /// Nothing: the body is that of a counted message.
        case counted
    }

    /// A message must fit into a journal record.
    static let encodedByteCountMax = 128 << 20

    let reading: Reading
    /// Properties that all messages share.
    let prototype: Message
    let duplicateID: DuplicateID?
    /// nil: no property has a placeholder.
    private let filled: FilledProperties?
    /// The values of placeholders.
    let values: PlaceholderValues
    /// nil: lines of JSON name no files.
    private let bodyFiles: BodyFiles?
    /// Whether a line of JSON may name the address that it goes to.
    private let mayNameAddress: Bool
    /// For bodies that are the bytes of the text; nil for others, and where the properties can't be encoded.
    private let template: BodyTemplate?
    /// For lines of JSON that are plain texts; nil where they get more than the line has.
    private let textTemplate: TextTemplate?

    init(
        reading: Reading, prototype: Message, duplicateID: DuplicateID?,
        bodyFiles: BodyFiles? = nil, mayNameAddress: Bool = true,
        filled: FilledProperties? = nil,
        values: PlaceholderValues = PlaceholderValues()
    ) {
        self.reading = reading
        self.mayNameAddress = mayNameAddress
        self.values = values
        self.filled = filled
        self.bodyFiles = bodyFiles
        self.prototype = prototype
        self.duplicateID = duplicateID
        let kind: BodyTemplate.Kind? =
            switch reading {
            case .body(.string): .string
            case .body(.binary): .binary
            case .body(.map), .body(.value), .json, .counted: nil
            }
        let property = duplicateID.flatMap { id in
            prototype.applicationProperties.contains { $0.hasKey(id.property) }
                ? nil : NumberedProperty(key: id.property, prefix: id.prefix)
        }
        textTemplate =
            reading == .json && duplicateID == nil && filled == nil
            ? TextTemplate(prototype: prototype) : nil
        template = (filled == nil ? kind : nil).flatMap {
            try? BodyTemplate(prototype: prototype, kind: $0, property: property)
        }
    }

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

    /// Encodes a line, and sets the address if it names one; nil for one that is skipped.
    func message(
        ofLine bytes: ArraySlice<UInt8>, sequence: UInt64, address: inout String?
    ) throws(BadMessage) -> [UInt8]? {
        if let template { return try body(bytes, by: template, sequence) }
        return skips(bytes) ? nil : try described(bytes, sequence, &address)
    }

    /// Encodes a text.
    func message(_ bytes: ArraySlice<UInt8>, sequence: UInt64) throws(BadMessage) -> [UInt8] {
        if let template { return try body(bytes, by: template, sequence) }
        var address: String?
        return try described(bytes, sequence, &address)
    }

    /// Encodes a text that is the bytes of a body.
    private func body(
        _ bytes: ArraySlice<UInt8>, by template: BodyTemplate, _ sequence: UInt64
    ) throws(BadMessage) -> [UInt8] {
        try check(bytes)
        return try Self.checked { () throws(EncodingError) in
            try template.encoded(bytes, sequence: sequence)
        }
    }

    /// Encodes a text that is parsed.
    private func described(
        _ bytes: ArraySlice<UInt8>, _ sequence: UInt64, _ address: inout String?
    ) throws(BadMessage) -> [UInt8] {
        if let textTemplate, let line = try plain(bytes, by: textTemplate, sequence) {
            address = line.address
            return line.encoded
        }
        var message = prototype
        message.id = .ulong(sequence)
        let json = reading == .json ? try Self.json(bytes) : nil
        var values = values
        if filled != nil, let named = json?.namedAddress { values.address = named }
        filled?.fill(&message, sequence: sequence, values)
        switch reading {
        case .body(let type):
            message.body = try Self.body(bytes, type)
        case .counted:
            message.body = .value(.map([MapEntry(key: "sequence", value: .ulong(sequence))]))
        case .json:
            address = try message.apply(json ?? .null, bodyFiles: bodyFiles)
            try check(address: address)
        }
        if let duplicateID,
            !message.applicationProperties.contains(where: { $0.hasKey(duplicateID.property) })
        {
            message.applicationProperties.append(
                MapEntry(
                    key: duplicateID.property,
                    value: .string(duplicateID.value(sequence: sequence))))
        }
        return try Self.checked { () throws(EncodingError) in try message.encoded() }
    }

    private func check(address: String?) throws(BadMessage) {
        guard let address else { return }
        guard !address.isEmpty else {
            throw BadMessage("has an empty \"address\": leave it out for that of -a")
        }
        guard address.utf8.count <= EncodedLine.addressByteCountMax else {
            throw BadMessage(
                "has an \"address\" of \(address.utf8.count) bytes: at most "
                    + "\(EncodedLine.addressByteCountMax) can be one")
        }
        guard EncodedLine.isAddress(address) else {
            throw BadMessage(
                "has the \"address\" \(quoted(address)), which holds a control character: write it "
                    + "without")
        }
        guard mayNameAddress else {
            throw BadMessage(
                "names the address \(quoted(address)), and each line goes to every -a: give one -a, "
                    + "for the lines that name none")
        }
    }

    /// Encodes what stands before a body of this size, where bodies are the bytes of the text; nil elsewhere.
    func head(bodySize: Int, sequence: UInt64) throws(BadMessage) -> [UInt8]? {
        guard let template else { return nil }
        return try Self.checked(beside: bodySize) { () throws(EncodingError) in
            try template.head(bodySize: bodySize, sequence: sequence)
        }
    }

    /// Checks a text that is to be a body.
    func check(_ bytes: ArraySlice<UInt8>) throws(BadMessage) {
        if reading == .body(.string) { try Self.checkIsText(bytes) }
    }

    /// Encodes a line of plain texts; nil for any other.
    private func plain(
        _ bytes: ArraySlice<UInt8>, by template: TextTemplate, _ sequence: UInt64
    ) throws(BadMessage) -> EncodedLine? {
        let result = bytes.withUnsafeBytes { bytes in
            PlainJSONLine.texts(of: bytes).map { line in
                Result { () throws(BadMessage) in
                    let address = line.address.map { String(decoding: $0, as: UTF8.self) }
                    try check(address: address)
                    let encoded = try Self.checked { () throws(EncodingError) in
                        try template.encoded(line.texts, sequence: sequence)
                    }
                    return EncodedLine(encoded: encoded, address: address)
                }
            }
        }
        return try result?.get()
    }

    private static func checkIsText(_ bytes: ArraySlice<UInt8>) throws(BadMessage) {
        let isText = bytes.withUnsafeBytes {
            $0.isASCII || $0.isValidUTF8
        }
        guard isText else {
            throw BadMessage("is not valid UTF-8: --body-type binary sends any bytes")
        }
    }

    private static func body(
        _ bytes: ArraySlice<UInt8>, _ type: BodyType
    ) throws(BadMessage) -> Message.Body {
        switch type {
        case .string:
            try checkIsText(bytes)
            return .value(.string(String(decoding: bytes, as: UTF8.self)))
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

    /// The encoded message, if it can be sent, `beside` bytes of it that are not encoded here.
    private static func checked(
        beside byteCount: Int = 0, _ encode: () throws(EncodingError) -> [UInt8]
    ) throws(BadMessage) -> [UInt8] {
        let encoded: [UInt8]
        do throws(EncodingError) {
            encoded = try encode()
        } catch {
            throw BadMessage("can't be a message: \(printable(error.reason, byteCountMax: 256))")
        }
        guard encoded.count + byteCount <= encodedByteCountMax else {
            throw BadMessage("makes a message of more than \(encodedByteCountMax >> 20) MiB")
        }
        return encoded
    }
}

extension JSONValue {
    /// The address that a line names; nil also where it is none.
    fileprivate var namedAddress: String? {
        guard case .object(let members) = self,
            let member = members.first(where: { $0.key == MessageKey.address.rawValue }),
            case .string(let address) = member.value
        else { return nil }
        return address
    }
}
