// The options of message properties.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

// The same limits apply to JSON input.

/// In milliseconds.
///
/// Brokers disagree on the meaning of 0: no limit, or expired at once.
let timesToLive: ClosedRange<UInt32> = 1...(.max)
let priorities: ClosedRange<UInt8> = 0...(.max)
let symbolByteCountMax = 255

extension CommandOption {
    static let ttl = CommandOption(
        long: "ttl", section: .properties,
        summary: "let messages expire after MS milliseconds",
        details: """
            Let a message expire after MS milliseconds on the broker, which then drops it or moves it \
            to its expired messages. Without this option, or \
            if the broker ignores it, a message does not expire.
            """,
        effect: .value(placeholder: "MS") { options, value throws(UsageError) in
            options.prototype.timeToLive = try value.wholeNumber(in: timesToLive, of: .time)
        })

    static let priority = CommandOption(
        long: "priority", section: .properties,
        summary: "set the priority; a larger one is more urgent",
        details: """
            Messages of a larger priority leave a queue before others. Artemis tells 0 to 9 \
            apart; RabbitMQ needs a queue with x-max-priority. A message without one counts as 4.
            """,
        effect: .value(placeholder: "N") { options, value throws(UsageError) in
            options.prototype.priority = try value.wholeNumber(in: priorities)
        })

    static let subject = text(
        "subject", "TEXT", into: \.subject,
        summary: "set the subject",
        details: "The property subject: what a message is about.")

    static let to = text(
        "to", "ADDRESS", into: \.to,
        summary: "set the property to (not the target)",
        details: """
            The property to: the address of the node that a message is for. It does not change \
            where messages are sent, which --address says. Brokers do not need it, and it can \
            lead messages astray, so it brings a warning: a router that has lost the broker \
            behind a link sends what still comes on that link to this address.
            """)

    static let replyTo = text(
        "reply-to", "ADDRESS", into: \.replyTo,
        summary: "set the address for replies",
        details: "The property reply-to: the address that answers go to.")

    static let correlationID = CommandOption(
        long: "correlation-id", section: .properties,
        summary: "set the correlation id",
        details: """
            The property correlation-id, as a string: the id of what a message belongs to, for \
            instance of the question that it answers.
            """,
        effect: .value(placeholder: "ID") { options, value throws(UsageError) in
            options.prototype.correlationID = .string(try value.nonEmptyText())
        })

    static let contentType = CommandOption(
        long: "content-type", section: .properties,
        summary: "set the MIME type of the body",
        details: "The property content-type: the MIME type of the body, as in text/plain.",
        completes: .words(["text/plain", "application/json", "application/octet-stream"]),
        effect: .value(placeholder: "TYPE") { options, value throws(UsageError) in
            options.prototype.contentType = try value.printableASCII(
                countMax: symbolByteCountMax)
        })

    static let groupID = text(
        "group-id", "GROUP", into: \.groupID,
        summary: "set the group, which goes to one consumer",
        details: """
            The property group-id: the group that a message belongs to. Brokers that know \
            message groups (Artemis) give all messages of a group to the same consumer, in \
            their order.
            """)

    static let property = CommandOption(
        long: "property", section: .properties,
        summary: "add an application property; may be repeated",
        details: """
            An application property, to which brokers and consumers give a meaning. TYPE is \
            \(ValueType.names), and string if it is left out; a timestamp is given in \
            milliseconds since 1970 or as 2026-01-31T23:59:59.5Z, binary in base64. What stands between the \
            last colon before the = and the = is always the type, so a key that contains a \
            colon itself needs one, as in a:b:string=c. May be given several times, once for \
            each key.
            """,
        repetition: .isCollected,
        effect: .value(placeholder: "KEY[:TYPE]=VALUE") { options, value throws(UsageError) in
            try value.addPair(to: &options.prototype.applicationProperties)
        })

    static let annotation = CommandOption(
        long: "annotation", section: .properties,
        summary: "add a message annotation; may be repeated",
        details: """
            A message annotation: an instruction to brokers and routers. Keys are AMQP symbols, and begin with x-opt- by AMQP's rule. The rest is \
            as with --property.
            """,
        repetition: .isCollected,
        effect: .value(placeholder: "KEY[:TYPE]=VALUE") { options, value throws(UsageError) in
            try value.addPair(to: &options.prototype.annotations, keysAreSymbols: true)
        })

    /// A non-empty string property: an empty value is usually an unset shell variable.
    private static func text(
        _ long: String, _ placeholder: String,
        into field: any WritableKeyPath<Message, String?> & Sendable,
        summary: String, details: String
    ) -> CommandOption {
        CommandOption(
            long: long, section: .properties, summary: summary, details: details,
            effect: .value(placeholder: placeholder) { options, value throws(UsageError) in
                options.prototype[keyPath: field] = try value.nonEmptyText()
            })
    }
}

extension GivenValue {
    fileprivate func wholeNumber<Number: FixedWidthInteger>(
        in range: ClosedRange<Number>, of quantity: Quantity = .plain
    ) throws(UsageError) -> Number {
        Number(
            try wholeNumber(in: Int64(range.lowerBound)...Int64(range.upperBound), of: quantity))
    }

    fileprivate func nonEmptyText() throws(UsageError) -> String {
        guard !text.isEmpty else { throw wrong("at least one character") }
        return text
    }

    /// Parses `KEY[:TYPE]=VALUE`.
    fileprivate func addPair(
        to entries: inout [MapEntry], keysAreSymbols: Bool = false
    ) throws(UsageError) {
        guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")), equals != text.startIndex
        else {
            throw wrong("KEY=VALUE or KEY:TYPE=VALUE")
        }
        let key = try typedKey(String(text[..<equals]))
        guard !keysAreSymbols || key.name.isPrintableASCII else {
            throw UsageError(
                "the key of \(option) is \(quoted(key.name)), but must be printable ASCII "
                    + "characters")
        }
        guard !entries.contains(where: { $0.hasKey(key.name) }) else {
            throw UsageError(
                "\(option) \(quoted(key.name)) is given more than once: give each key once")
        }
        let valueText = String(text[text.utf8.index(after: equals)...])
        guard let value = key.type.value(of: valueText) else {
            throw UsageError(
                "the value of \(option) \(quoted(key.name)) is \(quoted(valueText)), but of the "
                    + "type \(key.type.rawValue) must be \(key.type.form)")
        }
        entries.append(
            MapEntry(
                key: keysAreSymbols ? .symbol(key.name) : .string(key.name), value: value))
    }

    private func typedKey(_ text: String) throws(UsageError) -> TypedKey {
        do throws(TypedKey.Mistake) {
            return try TypedKey(text)
        } catch {
            throw UsageError("\(option) is \(quoted(self.text)), but \(error.words(key: text))")
        }
    }
}
