// Properties with placeholders.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import ReliableSender

/// The properties of messages that have placeholders.
struct FilledProperties: Hashable, Sendable {
    private var subject: FilledText?
    private var correlationID: FilledText?
    private var groupID: FilledText?
    /// By their place among the application properties.
    private var properties: [Int: FilledText] = [:]

    /// Takes them from a message, and leaves there what has no placeholder.
    init(of message: inout Message) throws(UsageError) {
        subject = try Self.take(&message.subject, "--subject")
        groupID = try Self.take(&message.groupID, "--group-id")
        if case .string(let text)? = message.correlationID {
            var text: String? = text
            correlationID = try Self.take(&text, "--correlation-id")
            message.correlationID = text.map { .string($0) }
        }
        for (index, entry) in message.applicationProperties.enumerated() {
            guard case .string(let value) = entry.value else { continue }
            var text: String? = value
            properties[index] = try Self.take(&text, "--property")
            message.applicationProperties[index].value = .string(text ?? "")
        }
    }

    /// The text if it has placeholders; else nil, and the text without escapes.
    private static func take(
        _ text: inout String?, _ option: String
    ) throws(UsageError) -> FilledText? {
        guard let given = text else { return nil }
        let filled = try FilledText(strict: given, of: option)
        if filled.placeholders.isEmpty {
            text = filled.string(sequence: 0, PlaceholderValues())
            return nil
        }
        return filled
    }

    private var all: [FilledText] {
        [subject, correlationID, groupID].compactMap(\.self) + properties.values
    }

    var isEmpty: Bool { all.isEmpty }

    func contains(_ placeholder: Placeholder) -> Bool {
        all.contains { $0.placeholders.contains(placeholder) }
    }

    /// Fills a message in.
    func fill(_ message: inout Message, sequence: UInt64, _ values: PlaceholderValues) {
        func string(_ text: FilledText) -> String { text.string(sequence: sequence, values) }
        if let subject { message.subject = string(subject) }
        if let groupID { message.groupID = string(groupID) }
        if let correlationID { message.correlationID = .string(string(correlationID)) }
        for (index, text) in properties {
            message.applicationProperties[index].value = .string(string(text))
        }
    }
}

extension FilledText {
    /// Parses the value of an option.
    init(strict text: String, of option: String) throws(UsageError) {
        do throws(UnknownName) {
            try self.init(strict: text)
        } catch {
            let near = nearest(to: error.name, among: Placeholder.allCases.map(\.rawValue))
            throw UsageError(
                "\(option) has {{\(error.name)}}, "
                    + (near.map { "which is no placeholder: did you mean {{\($0)}}? A " }
                        ?? "but the placeholders are \(Placeholder.names.withLastCommaAsAnd); a ")
                    + "literal {{ is written as {{{{")
        }
    }
}
