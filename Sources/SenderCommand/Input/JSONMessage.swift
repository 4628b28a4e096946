// A message as a JSON object.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import ReliableSender

/// The keys of a message, as --json reads them and the rejected file has them.
enum MessageKey: String, CaseIterable {
    case id, body, subject, to, ttl, priority, durable, annotations, address
    case bodyType = "body_type"
    case replyTo = "reply_to"
    case correlationID = "correlation_id"
    case contentType = "content_type"
    case groupID = "group_id"
    case applicationProperties = "application_properties"
    case bodyFile = "body_file"
    case userID = "user_id"
    case replyToGroupID = "reply_to_group_id"
    case groupSequence = "group_sequence"
    case contentEncoding = "content_encoding"
    case absoluteExpiryTime = "absolute_expiry_time"
    case creationTime = "creation_time"

    private static let names = allCases.map(\.rawValue)

    /// The key of this name.
    ///
    /// Compares strings, most of which fit a word: `init(rawValue:)` costs five times as much.
    static func named(_ name: String) -> MessageKey? {
        names.firstIndex(of: name).map { allCases[$0] }
    }

    /// Keys of the rejected file that are not part of the message.
    static let report: Set<String> = [
        "time", "sequence", "outcome", "condition", "description", "info",
        "duplicate_id",
    ]
}

extension Message {
    /// Applies the members of an object, and returns the address that it names; `bodyFiles` reads the file of
    /// body_file.
    @discardableResult mutating func apply(
        _ json: JSONValue, bodyFiles: BodyFiles? = nil
    ) throws(BadMessage) -> String? {
        guard case .object(let members) = json else {
            throw BadMessage(
                "is \(json.kindWords), but --json needs an object such as {\"body\": 1}")
        }
        // A line of the rejected file has these keys besides the message.
        let isRejected = members.contains { $0.key == "outcome" }
        if isRejected { try Self.checkHoldsMessage(members) }
        var bodyJSON: JSONValue?
        var bodyFile: JSONValue.Member?
        var bodyType: JSONValue?
        var address: String?
        var seen: [MessageKey] = []
        seen.reserveCapacity(members.count)
        for member in members {
            if isRejected, MessageKey.report.contains(member.key) { continue }
            let (name, type) = try Self.typed(member.key, as: MessageKey.self)
            // As "id" and as "id:string".
            guard !seen.contains(name) else {
                throw BadMessage("has \"\(name.rawValue)\" twice")
            }
            seen.append(name)
            switch name {
            case .body: bodyJSON = member.value
            case .bodyType: bodyType = member.value
            case .bodyFile: bodyFile = member.value == .null ? nil : member
            case .address: address = try Self.text(member)
            case .userID: userID = try Self.bytes(member, type)
            case .id: id = try Self.id(member, type) ?? id
            case .correlationID: correlationID = try Self.id(member, type)
            default: try apply(member, name)
            }
        }
        guard let bodyFile else {
            try setBody(bodyJSON, type: bodyType)
            return address
        }
        guard bodyJSON == nil else {
            throw BadMessage("has \"body\" and \"body_file\": give one of them")
        }
        try setBody(of: bodyFile, type: bodyType, bodyFiles)
        return address
    }

    /// Refuses a line of the rejected file that has bad data instead of a message.
    private static func checkHoldsMessage(_ members: [JSONValue.Member]) throws(BadMessage) {
        guard members.contains(.init(key: "outcome", value: .string(RejectedMessage.badData)))
        else { return }
        throw BadMessage(
            "is a line of a rejected file that holds bad data and no message: mend what it has as "
                + "\"text\" or \"base64\", and send that")
    }

    private mutating func apply(
        _ member: JSONValue.Member, _ name: MessageKey
    ) throws(BadMessage) {
        switch name {
        case .subject: subject = try Self.text(member)
        case .to: to = try Self.text(member)
        case .replyTo: replyTo = try Self.text(member)
        case .contentType: contentType = try Self.printableASCII(member)
        case .contentEncoding: contentEncoding = try Self.printableASCII(member)
        case .groupID: groupID = try Self.text(member)
        case .groupSequence: groupSequence = try Self.number(member, in: 0...UInt32.max)
        case .replyToGroupID: replyToGroupID = try Self.text(member)
        case .absoluteExpiryTime: absoluteExpiryTime = try Self.time(member)
        case .creationTime: creationTime = try Self.time(member)
        case .ttl:
            timeToLive = try Self.number(member, in: timesToLive)
        case .priority:
            priority = try Self.number(member, in: priorities)
        case .durable:
            if member.value == .null { return }
            guard case .bool(let value) = member.value else {
                throw Self.wrong(member, "true or false")
            }
            isDurable = value
        case .applicationProperties:
            try Self.merge(member, into: &applicationProperties)
        case .annotations:
            try Self.merge(member, into: &annotations, keysAreSymbols: true)
        case .address, .body, .bodyFile, .bodyType, .id, .correlationID, .userID:
            preconditionFailure("\(name) is not one value of its own")
        }
    }

    // MARK: Values

    private mutating func setBody(_ json: JSONValue?, type: JSONValue?) throws(BadMessage) {
        guard let type, type != .null else {
            if let json { body = .value(AMQPValue(json)) }
            return
        }
        guard case .string(let text) = type, let type = ForcedType(rawValue: text) else {
            throw BadMessage("has a \"body_type\" that is not one of \(ForcedType.names)")
        }
        guard let json else { throw BadMessage("has a \"body_type\" without a \"body\"") }
        let value = try type.value(of: json, for: "body")
        if case .binary(let bytes) = value {
            body = .data(bytes)
        } else {
            body = .value(value)
        }
    }

    /// Sets the body to the contents of a file: bytes, or a string.
    private mutating func setBody(
        of member: JSONValue.Member, type: JSONValue?, _ bodyFiles: BodyFiles?
    ) throws(BadMessage) {
        guard case .string(let path) = member.value, !path.isEmpty, let bodyFiles else {
            throw Self.wrong(member, "the path of a file")
        }
        switch type {
        case nil, .null, .string("binary"):
            body = .data(try bodyFiles.contents(of: path))
        case .string("string"):
            guard let text = String(validating: try bodyFiles.contents(of: path), as: UTF8.self)
            else {
                throw BadMessage(
                    "has the body_file \(quoted(path)), which is not valid UTF-8: body_type binary "
                        + "sends any bytes")
            }
            body = .value(.string(text))
        default:
            throw BadMessage(
                "has a \"body_file\" with a \"body_type\" that is not binary or string")
        }
    }

    /// nil for null.
    private static func printableASCII(_ member: JSONValue.Member) throws(BadMessage) -> String? {
        let text = try text(member)
        let countMax = symbolByteCountMax
        guard text?.isPrintableASCII(countMax: countMax) ?? true else {
            throw wrong(member, "1 to \(countMax) printable ASCII characters")
        }
        return text
    }

    /// nil for null.
    private static func time(_ member: JSONValue.Member) throws(BadMessage) -> Int64? {
        if member.value == .null { return nil }
        guard
            case .timestamp(let time) = try ForcedType.timestamp.value(
                of: member.value, for: member.key)
        else { return nil }
        return time
    }

    /// A string as its bytes, or base64; nil for null.
    private static func bytes(
        _ member: JSONValue.Member, _ type: ForcedType?
    ) throws(BadMessage) -> [UInt8]? {
        switch (type, member.value) {
        case (nil, .null): return nil
        case (nil, .string(let text)), (.string, .string(let text)): return Array(text.utf8)
        case (.binary, _):
            guard
                case .binary(let bytes) = try ForcedType.binary.value(
                    of: member.value, for: member.key)
            else { return nil }
            return bytes
        default: throw wrong(member, "a string, or with the type binary one of base64")
        }
    }

    /// nil for null.
    private static func text(_ member: JSONValue.Member) throws(BadMessage) -> String? {
        switch member.value {
        case .string(let text): return text
        case .null: return nil
        default: throw wrong(member, "a string")
        }
    }

    private static func number<Number: FixedWidthInteger>(
        _ member: JSONValue.Member, in range: ClosedRange<Number>
    ) throws(BadMessage) -> Number? {
        switch member.value {
        case .null: return nil
        case .integer(let value):
            if let number = Number(exactly: value), range.contains(number) { return number }
        default: break
        }
        throw wrong(member, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }

    /// nil for null.
    private static func id(
        _ member: JSONValue.Member, _ type: ForcedType?
    ) throws(BadMessage) -> AMQPValue? {
        switch (type, member.value) {
        case (nil, .null): return nil
        case (nil, .string(let text)): return .string(text)
        case (nil, let value):
            guard let number = try? ForcedType.ulong.value(of: value, for: member.key) else {
                throw wrong(member, "a string or a whole number from 0 on")
            }
            return number
        case (let type?, let value):
            return try type.value(of: value, for: member.key)
        }
    }

    /// Replaces entries with the same keys, and keeps the others.
    private static func merge(
        _ member: JSONValue.Member, into entries: inout [MapEntry], keysAreSymbols: Bool = false
    ) throws(BadMessage) {
        if member.value == .null {
            entries = []
            return
        }
        guard case .object(let members) = member.value else { throw wrong(member, "an object") }
        var new: [MapEntry] = []
        for pair in members {
            let (key, type) = try typed(pair.key)
            guard !key.isEmpty else {
                throw BadMessage("has a value without a key in \(quoted(member.key))")
            }
            guard !keysAreSymbols || key.isPrintableASCII else {
                throw BadMessage(
                    "has the key \(quoted(key)) in \(quoted(member.key)), but a key there must be "
                        + "printable ASCII characters")
            }
            new.append(
                MapEntry(
                    key: keysAreSymbols ? .symbol(key) : .string(key),
                    value: try type?.value(of: pair.value, for: pair.key) ?? AMQPValue(pair.value)))
        }
        entries.removeAll { old in new.contains { old.hasKey($0.key.text ?? "") } }
        entries += new
    }

    private static func wrong(_ member: JSONValue.Member, _ right: String) -> BadMessage {
        BadMessage(
            "has \(member.value.kindWords) for \(quoted(member.key)), but it must be \(right)")
    }

    // MARK: Keys

    /// Splits the type off a key such as `price:int`.
    private static func typed(_ key: String) throws(BadMessage) -> (String, ForcedType?) {
        guard let colon = key.utf8.lastIndex(of: UInt8(ascii: ":")) else { return (key, nil) }
        guard let type = ForcedType(rawValue: String(key[key.utf8.index(after: colon)...])) else {
            throw BadMessage(
                "has the key \(quoted(key)), but what follows its last colon is not a type: "
                    + "\(ForcedType.names); a key with a colon gets one, as in \"\(quotable(key)):string\""
            )
        }
        return (String(key[..<colon]), type)
    }

    /// A key of the message; only some may have a type.
    private static func typed(
        _ key: String, as _: MessageKey.Type
    ) throws(BadMessage) -> (MessageKey, ForcedType?) {
        if let name = MessageKey.named(key) { return (name, nil) }
        for name in [MessageKey.id, .correlationID, .userID]
        where key.hasPrefix(name.rawValue + ":") {
            if let type = try typed(key).1 { return (name, type) }
        }
        let nearest = nearest(to: key, among: MessageKey.allCases.map(\.rawValue))
        throw BadMessage(
            "has the key \(quoted(key)), which no message has"
                + (nearest.map { ": did you mean \"\($0)\"?" } ?? "; see --json in sender --help"))
    }
}

extension Message {
    /// The members from which ``apply(_:)`` builds the same message.
    var jsonMembers: [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        func add(_ key: MessageKey, _ value: JSONValue?) {
            if let value { members.append(.init(key: key.rawValue, value: value)) }
        }
        func add(_ key: MessageKey, text: String?) { add(key, text.map { .string($0) }) }
        func add(_ key: MessageKey, id: AMQPValue?) {
            guard let id else { return }
            let (json, type) = id.json
            // A number is a ulong there.
            let suffix = type == .ulong ? "" : type.map { ":\($0.rawValue)" } ?? ""
            members.append(.init(key: key.rawValue + suffix, value: json))
        }
        func add(_ key: MessageKey, entries: [MapEntry]) {
            if !entries.isEmpty { add(key, .object(entries.map(\.jsonMember))) }
        }
        add(.id, id: id)
        add(.subject, text: subject)
        add(.to, text: to)
        add(.replyTo, text: replyTo)
        add(.correlationID, id: correlationID)
        add(.contentType, text: contentType)
        add(.groupID, text: groupID)
        add(.groupSequence, groupSequence.map { .integer(Int64($0)) })
        add(.replyToGroupID, text: replyToGroupID)
        add(.contentEncoding, text: contentEncoding)
        add(.absoluteExpiryTime, absoluteExpiryTime.map { .integer($0) })
        add(.creationTime, creationTime.map { .integer($0) })
        if let userID {
            // Most are names.
            let text = String(validating: userID, as: UTF8.self)
            add(.userID, id: text.map { .string($0) } ?? .binary(userID))
        }
        add(.ttl, timeToLive.map { .integer(Int64($0)) })
        add(.priority, priority.map { .integer(Int64($0)) })
        add(.durable, .bool(isDurable))
        add(.applicationProperties, entries: applicationProperties)
        add(.annotations, entries: annotations)
        let (json, type) =
            switch body {
            case .value(let value): value.json
            case .data(let bytes): AMQPValue.binary(bytes).json
            }
        add(.bodyType, text: type?.rawValue)
        add(.body, json)
        return members
    }
}
