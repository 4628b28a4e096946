// Messages, and the template that makes many of them.
// SPDX-License-Identifier: Apache-2.0

import Proton
import RawPeer
import Testing

@Suite
struct MessageTests {
    @Test(
        "a template's message is the encoded message, with its numbers in eight bytes",
        arguments: [0, 1, 255, 256, 0x80, 0xF1E2_D3C4_B5A6_9788, UInt64.max])
    func template(sequence: UInt64) throws {
        var template = try MessageTemplate(isDurable: true)
        let size = template.size(sequence: sequence)
        let bytes = template.withEncoded(sequence: sequence) { Array($0) }
        #expect(bytes.count == size)

        let message = Message(
            id: sequence, isDurable: true,
            body: [Message.Entry(key: "sequence", value: sequence)])
        #expect(try sections(of: bytes) == sections(of: message.encoded()))
    }

    @Test("a message has the properties it was given, as strings")
    func properties() throws {
        let message = Message(
            id: 1,
            properties: [
                Message.Property(key: "b", value: "\u{e9}"), Message.Property(key: "b", value: ""),
                Message.Property(key: "", value: String(repeating: "v", count: 300)),
            ],
            body: [Message.Entry(key: "k", value: 2)])
        let section = try #require(
            try sections(of: message.encoded()).first { $0.isApplicationProperties })
        #expect(
            section
                == .described(
                    0x74,
                    .map([
                        .string(""), .string(String(repeating: "v", count: 300)), .string("b"),
                        .string(""),
                    ])))
    }

    /// Run ids around the lengths where AMQP's own length fields grow, and one of digits only.
    @Test(
        "a numbered property ends with the number in digits, and the size is the message's",
        arguments: ["run", "", "000", "9", String(repeating: "9", count: 130)]
            + (225...256).map { String(repeating: "x", count: $0) })
    func numberedProperty(prefix: String) throws {
        var template = try MessageTemplate(
            isDurable: true, property: NumberedProperty(key: "_AMQ_DUPL_ID", prefix: prefix + "-"))
        for sequence in Self.numbersOfAllLengths {
            let size = template.size(sequence: sequence)
            let bytes = template.withEncoded(sequence: sequence) { Array($0) }
            #expect(bytes.count == size)
            let message = Message(
                id: sequence, isDurable: true,
                properties: [
                    Message.Property(key: "_AMQ_DUPL_ID", value: "\(prefix)-\(sequence)")
                ],
                body: [Message.Entry(key: "sequence", value: sequence)])
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
            var template = try MessageTemplate(isDurable: false, key: key)
            let bytes = template.withEncoded(sequence: 9) { Array($0) }
            #expect(
                try sections(of: bytes).last == .described(0x77, .map([.string(key), .ulong(9)])))
        }
    }

    @Test("a message is a value: a copy of a template has its own bytes")
    func copies() throws {
        var one = try MessageTemplate(isDurable: true)
        var two = one
        one.withEncoded(sequence: 1) { first in
            two.withEncoded(sequence: 2) { second in
                #expect(!first.elementsEqual(second))
            }
        }
    }

    @Test("what a closure throws comes through")
    func throwing() throws {
        var template = try MessageTemplate(isDurable: true)
        #expect(throws: PeerError.self) {
            try template.withEncoded(sequence: 1) { _ in throw PeerError("thrown") }
        }
    }

    private func sections(of bytes: [UInt8]) throws -> [Value] {
        var decoder = Decoder(bytes[...])
        var sections: [Value] = []
        while !decoder.remaining.isEmpty { sections.append(try decoder.value()) }
        return sections
    }
}

extension Value {
    fileprivate var isApplicationProperties: Bool {
        if case .described(0x74, _) = self { return true }
        return false
    }
}
