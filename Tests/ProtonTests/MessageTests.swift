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
        let size = template.size
        let bytes = template.withEncoded(sequence: sequence) { Array($0) }
        #expect(bytes.count == size)

        let message = Message(
            id: sequence, isDurable: true,
            body: [Message.Entry(key: "sequence", value: sequence)])
        #expect(try sections(of: bytes) == sections(of: message.encoded()))
    }

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
