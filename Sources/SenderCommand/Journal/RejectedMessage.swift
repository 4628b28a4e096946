// A message that will not be sent again, as a line of JSON.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import FoundationEssentials
import ReliableSender

/// A line of the rejected file: the outcome, and the message in the form that --json takes, or the line of
/// the input that could not become one.
struct RejectedMessage {
    private var members: [JSONValue.Member] = []

    /// nil for any other outcome than rejected or given up.
    ///
    /// `address` is where it went, if the run has several.
    init?(
        _ kind: OutcomeReport.Kind, of sequence: UInt64, address: String? = nil, message: Message?,
        duplicateID: String?, at date: Date
    ) {
        let outcome: String
        var condition: String?
        let description: String?
        var info: JSONValue?
        switch kind {
        case .final(.accepted), .final(.unconfirmed), .returned:
            return nil
        case .final(.rejected(let peer)):
            outcome = "rejected"
            condition = Self.text(peer.name)
            description = Self.text(peer.description)
            info = peer.info.isEmpty ? nil : peer.infoJSON
        case .final(.givenUp(let reason)):
            outcome = "given up"
            description = reason.words
        }
        add("time", date.ISO8601Format(Self.timeStyle))
        add("address", address)
        members.append(.init(key: "sequence", value: .integer(Int64(clamping: sequence))))
        add("outcome", outcome)
        // The peer's condition.
        add("condition", condition)
        // The peer's description, or the reason for giving up.
        add("description", description)
        if let info { members.append(.init(key: "info", value: info)) }
        add("duplicate_id", duplicateID)
        if let message { members += message.jsonMembers }
    }

    /// A line of the input that could not become a message.
    init(_ line: BadLine, at date: Date = .now) {
        add("time", date.ISO8601Format(Self.timeStyle))
        members.append(.init(key: "line", value: .integer(Int64(clamping: line.number))))
        add("outcome", Self.badData)
        add("description", line.reason)
        let bytes = line.bytes ?? []
        if let text = String(validating: bytes, as: UTF8.self) {
            add("text", text)
        } else {
            add("base64", Data(bytes).base64EncodedString())
        }
    }

    /// The outcome of a line that holds no message.
    static let badData = "bad data"

    /// RFC 3339 in UTC.
    private static let timeStyle = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    private static func text(_ text: String) -> String? {
        text.isEmpty ? nil : cut(text)
    }

    private mutating func add(_ key: String, _ text: String?) {
        if let text { members.append(.init(key: key, value: .string(text))) }
    }

    /// The line, with its end.
    var line: [UInt8] {
        var line: [UInt8] = []
        line.append(json: .object(members))
        line.append(UInt8(ascii: "\n"))
        return line
    }
}
