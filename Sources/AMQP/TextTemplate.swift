// Encodes messages of texts by writing them between parts that are encoded once.
// SPDX-License-Identifier: Apache-2.0

/// Messages whose id is their number, and which have texts as body and as some of their properties.
///
/// Each is encoded as ``Message/encoded()`` does it, byte for byte, at a fifth of the cost.
public struct TextTemplate: Sendable {
    /// The texts of a message, borrowed; nil: it has no such property.
    ///
    /// All are valid UTF-8.
    public struct Texts {
        /// The property `to`.
        public var to: UnsafeRawBufferPointer?
        /// The property `subject`.
        public var subject: UnsafeRawBufferPointer?
        /// The property `reply-to`.
        public var replyTo: UnsafeRawBufferPointer?
        /// The property `group-id`.
        public var groupID: UnsafeRawBufferPointer?
        /// The body.
        public var body: UnsafeRawBufferPointer

        /// Makes the texts of a message that has a body only.
        public init(body: UnsafeRawBufferPointer) {
            self.body = body
        }

        /// The texts in the order of the properties (§3.2.4), from the second on.
        fileprivate func field(_ index: Int) -> UnsafeRawBufferPointer? {
            switch index {
            case 2: to
            case 3: subject
            case 4: replyTo
            case 10: groupID
            default: nil
            }
        }

        /// The index of the last property.
        fileprivate var lastField: Int {
            groupID != nil ? 10 : replyTo != nil ? 4 : subject != nil ? 3 : to != nil ? 2 : 0
        }
    }

    /// The sections before the properties, and behind them.
    private let before: [UInt8]
    private let behind: [UInt8]

    /// Makes a template of a prototype; nil if that has properties of its own, or can't be encoded.
    public init?(prototype: Message) {
        var outer = Message(body: .value(.null))
        outer.isDurable = prototype.isDurable
        outer.priority = prototype.priority
        outer.timeToLive = prototype.timeToLive
        outer.annotations = prototype.annotations
        var inner = Message(body: .value(.null))
        inner.applicationProperties = prototype.applicationProperties
        // The section of this body: its descriptor takes three bytes, and null one.
        guard let before = try? outer.encoded().dropLast(4),
            let behind = try? inner.encoded().dropLast(4)
        else { return nil }
        outer.applicationProperties = prototype.applicationProperties
        outer.body = prototype.body
        guard outer == prototype else { return nil }
        self.before = Array(before)
        self.behind = Array(behind)
    }

    /// Encodes the message of this number.
    ///
    /// - Throws: ``EncodingError`` for 4 GiB and more.
    public func encoded(_ texts: Texts, sequence: UInt64) throws(EncodingError) -> [UInt8] {
        let lastField = texts.lastField
        var fieldsSize = sequence > 255 ? 9 : sequence > 0 ? 2 : 1
        if lastField > 0 {
            for index in 1...lastField {
                guard let text = texts.field(index) else {
                    fieldsSize += 1
                    continue
                }
                fieldsSize += try Self.size(text)
            }
        }
        // A size of one byte counts the count.
        let isShort = fieldsSize + 1 < 256
        let bodySize = try Self.size(texts.body)
        let size = before.count + (isShort ? 6 : 12) + fieldsSize + behind.count + 3 + bodySize
        // Not an array of this size from the start: its type would be looked up for each message.
        var encoded: [UInt8] = []
        encoded.reserveCapacity(size)
        encoded.append(contentsOf: before)
        encoded.append(descriptor: Section.properties)
        if isShort {
            encoded.append(Constructor.list8)
            encoded.append(UInt8(fieldsSize + 1))
            encoded.append(UInt8(lastField + 1))
        } else {
            encoded.append(Constructor.list32)
            encoded.append(bigEndian: UInt32(fieldsSize + 4))
            encoded.append(bigEndian: UInt32(lastField + 1))
        }
        encoded.append(ulong: sequence)
        if lastField > 0 {
            for index in 1...lastField {
                if let text = texts.field(index) {
                    encoded.append(text: text)
                } else {
                    encoded.append(Constructor.null)
                }
            }
        }
        encoded.append(contentsOf: behind)
        encoded.append(descriptor: Section.amqpValue)
        encoded.append(text: texts.body)
        return encoded
    }

    /// The encoded size of a text.
    private static func size(_ text: UnsafeRawBufferPointer) throws(EncodingError) -> Int {
        guard text.count < UInt32.max / 2 else { throw .tooLarge }
        return text.count + (text.count > 255 ? 5 : 2)
    }
}

extension [UInt8] {
    fileprivate mutating func append(descriptor: UInt64) {
        append(Constructor.described)
        append(Constructor.smallUlong)
        append(UInt8(descriptor))
    }

    fileprivate mutating func append(ulong number: UInt64) {
        if number > 255 {
            append(Constructor.ulong)
            append(bigEndian: UInt32(number >> 32))
            append(bigEndian: UInt32(truncatingIfNeeded: number))
        } else if number > 0 {
            append(Constructor.smallUlong)
            append(UInt8(number))
        } else {
            append(Constructor.ulong0)
        }
    }

    fileprivate mutating func append(text: UnsafeRawBufferPointer) {
        if text.count > 255 {
            append(Constructor.string32)
            append(bigEndian: UInt32(text.count))
        } else {
            append(Constructor.string8)
            append(UInt8(text.count))
        }
        append(contentsOf: text)
    }

    mutating func append(bigEndian number: UInt32) {
        append(UInt8(number >> 24))
        append(UInt8(number >> 16 & 0xFF))
        append(UInt8(number >> 8 & 0xFF))
        append(UInt8(number & 0xFF))
    }
}
