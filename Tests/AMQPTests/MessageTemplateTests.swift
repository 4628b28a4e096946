// The template that makes many messages.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RawPeer
import Testing

@Suite
struct MessageTemplateTests {
    @Test(
        "a template's message is the encoded message, with its numbers in eight bytes",
        arguments: [0, 1, 255, 256, 0x80, 0xF1E2_D3C4_B5A6_9788, UInt64.max])
    func template(sequence: UInt64) throws {
        var template = try MessageTemplate(prototype: durable)
        let size = template.size(sequence: sequence)
        let bytes = template.encoded(sequence: sequence)
        #expect(bytes.count == size)

        #expect(try sections(of: bytes) == sections(of: numbered(sequence).encoded()))
    }

    @Test("all that the prototype says is in every message, whatever its bytes look like")
    func prototype() throws {
        let marker: UInt64 = 0xF1E2_D3C4_B5A6_9788
        var prototype = Message(body: .data([1]))
        prototype.priority = 9
        prototype.timeToLive = 60_000
        prototype.id = .string("not this one")
        prototype.subject = "subject"
        prototype.correlationID = .uuid(AMQPUUID(high: marker, low: ~marker))
        prototype.annotations = [MapEntry(symbol: "x-opt-a", value: .ulong(marker))]
        prototype.applicationProperties = [MapEntry(key: "p", value: .ulong(~marker))]
        for property in [nil, NumberedProperty(key: "n", prefix: "n-")] {
            var template = try MessageTemplate(prototype: prototype, property: property)
            for sequence: UInt64 in [0, 9, 10, .max] {
                var message = prototype
                message.id = .ulong(sequence)
                message.body = .value(.map([MapEntry(key: "sequence", value: .ulong(sequence))]))
                if property != nil {
                    message.applicationProperties.append(
                        MapEntry(key: "n", value: .string("n-\(sequence)")))
                }
                let bytes = template.encoded(sequence: sequence)
                #expect(try sections(of: bytes) == sections(of: message.encoded()))
            }
        }
    }

    @Test(
        "messages are offered one after the other, while there is room, as they are lent one by one"
    )
    func offered() throws {
        for property in [nil, NumberedProperty(key: "n", prefix: "n-")] {
            var template = try MessageTemplate(prototype: Message(), property: property)
            let single = template
            var room = 150
            var offered: [[UInt8]] = []
            let count = template.offer(
                5, through: 1200,
                while: { size in
                    #expect(size == single.size(sequence: UInt64(5 + offered.count)))
                    return room > 0
                }
            ) { sequence, bytes in
                #expect(sequence == UInt64(5 + offered.count))
                offered.append(Array(bytes))
                room -= 1
            }
            #expect(count == 150 && offered.count == 150)
            for (index, bytes) in offered.enumerated() {
                #expect(bytes == template.encoded(sequence: UInt64(5 + index)))
            }
            #expect(template.offer(99, through: 101, while: { _ in true }, to: { _, _ in }) == 3)
        }
    }

    @Test("a body of any length stands behind what is encoded once")
    func bodies() throws {
        for property in [nil, NumberedProperty(key: "n", prefix: "n-")] {
            for size in [0, 1, 255, 256, 70_000] {
                let text = String(repeating: "x", count: size)
                var message = durable
                message.id = .ulong(.max)
                if property != nil {
                    message.applicationProperties.append(
                        MapEntry(key: "n", value: .string("n-\(UInt64.max)")))
                }
                let strings = try BodyTemplate(
                    prototype: durable, kind: .string, property: property)
                message.body = .string(text)
                #expect(
                    try strings.encoded(Array(text.utf8)[...], sequence: .max)
                        == message.encoded())
                let binary = try BodyTemplate(
                    prototype: durable, kind: .binary, property: property)
                message.body = .data(Array(text.utf8))
                #expect(
                    try binary.encoded(Array(text.utf8)[...], sequence: .max) == message.encoded())
            }
        }
    }

    @Test("a prototype that can't be encoded is refused")
    func refusedPrototype() throws {
        var prototype = Message()
        prototype.applicationProperties = [MapEntry(key: "id", value: .null)]
        #expect(throws: EncodingError.self) {
            try MessageTemplate(
                prototype: prototype, property: NumberedProperty(key: "id", prefix: ""))
        }
    }

    /// Run ids around the lengths where AMQP's own length fields grow, and one of digits only.
    private static let prefixes: [String] =
        ["run", "", "000", "9", String(repeating: "9", count: 130)]
        + (225...256).map { String(repeating: "x", count: $0) }

    @Test(
        "a numbered property ends with the number in digits, and the size is the message's",
        arguments: prefixes)
    func numberedProperty(prefix: String) throws {
        var template = try MessageTemplate(
            prototype: durable,
            property: NumberedProperty(key: "_AMQ_DUPL_ID", prefix: prefix + "-"))
        for sequence in Self.numbersOfAllLengths {
            let size = template.size(sequence: sequence)
            let bytes = template.encoded(sequence: sequence)
            #expect(bytes.count == size)
            var message = numbered(sequence)
            message.applicationProperties = [
                MapEntry(key: "_AMQ_DUPL_ID", value: .string("\(prefix)-\(sequence)"))
            ]
            #expect(try sections(of: bytes) == sections(of: message.encoded()))
        }
    }

    /// The first and the last of each count of digits, and of the next one back.
    private static let numbersOfAllLengths: [UInt64] = {
        var numbers: [UInt64] = [0]
        var power: UInt64 = 1
        while true {
            numbers += [power, power + 1, power - 1]
            let (next, isOver) = power.multipliedReportingOverflow(by: 10)
            if isOver { return numbers + [.max, 7] }
            power = next
        }
    }()

    @Test("a key may be anything, also what looks like a number")
    func keys() throws {
        for key in ["", "sequence", "\u{80}\u{1}", String(repeating: "k", count: 300)] {
            var template = try MessageTemplate(prototype: Message(), key: key)
            let bytes = template.encoded(sequence: 9)
            #expect(
                try sections(of: bytes).last == .described(0x77, .map([.string(key), .ulong(9)])))
        }
    }

    @Test("a message is a value: a copy of a template has its own bytes")
    func copies() throws {
        var one = try MessageTemplate(prototype: durable)
        var two = one
        one.withEncoded(sequence: 1) { first in
            two.withEncoded(sequence: 2) { second in
                #expect(!first.elementsEqual(second))
            }
        }
    }

    private let durable: Message = {
        var message = Message()
        message.isDurable = true
        return message
    }()

    private func numbered(_ sequence: UInt64) -> Message {
        var message = durable
        message.id = .ulong(sequence)
        message.body = .value(.map([MapEntry(key: "sequence", value: .ulong(sequence))]))
        return message
    }
}

extension MessageTemplate {
    fileprivate mutating func encoded(sequence: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        withEncoded(sequence: sequence) { bytes = Array($0) }
        return bytes
    }
}
