// A message that will not be sent again, as a line of JSON.
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import LinkRecovery

/// What the rejected file says of a message; a key whose value is nil is left out.
struct RejectedMessage: Encodable {
    /// In UTC, as RFC 3339 has it.
    var time: String
    var sequence: UInt64
    /// message-id (§3.2.4).
    var id: UInt64
    var duplicateID: String?
    var body: [String: UInt64]
    var outcome: Outcome
    /// The peer's, if it gave one.
    var condition: String?
    /// The peer's words, or why the message was given up.
    var description: String?

    enum Outcome: String, Encodable {
        case rejected
        case givenUp = "given up"
    }

    private enum CodingKeys: String, CodingKey {
        case time, sequence, id
        case duplicateID = "duplicate_id"
        case body, outcome, condition, description
    }

    /// Describes a counted message; nil when it is accepted, sent again or forgotten.
    init?(_ report: OutcomeReport, duplicateID: String?, at date: Date) {
        switch report.kind {
        case .accepted, .returned, .unconfirmed:
            return nil
        case .rejected(let peer):
            outcome = .rejected
            condition = Self.text(peer.name)
            description = Self.text(peer.description)
        case .givenUp(let reason):
            outcome = .givenUp
            description = reason.words
        }
        time = date.ISO8601Format(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        sequence = report.sequence
        id = report.sequence
        self.duplicateID = duplicateID
        body = ["sequence": report.sequence]
    }

    private static func text(_ text: String) -> String? {
        text.isEmpty ? nil : cut(text)
    }

    /// The line, with its end.
    var line: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let json = try? encoder.encode(self) else {
            preconditionFailure("text and whole numbers have a form in JSON")
        }
        var line: [UInt8] = []
        for scalar in String(decoding: json, as: UTF8.self).unicodeScalars {
            // JSON allows more of them than somebody who prints the file wants. They can only
            // stand in strings.
            if scalar.isInvisibleCommand {
                for unit in String(scalar).utf16 { line.append("\\u\(fourDigits(unit))") }
            } else {
                line.append(String(scalar))
            }
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }
}

private func fourDigits(_ unit: UInt16) -> Substring {
    String(0x10000 + UInt32(unit), radix: 16).dropFirst()
}
