// Frames as a person reads them.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AMQP

@Suite
struct FrameTextTests {
    private static func line(
        _ value: AMQPValue, payload: [UInt8] = [], isIncoming: Bool = false, isSASL: Bool = false
    ) throws -> String {
        let body = try value.encoded() + payload
        let frame = TracedFrame(isIncoming: isIncoming, isSASL: isSASL, channel: 3, body: body)
        return "\(frame)"
    }

    private static func performative(_ code: UInt64, _ fields: AMQPValue...) -> AMQPValue {
        .described(descriptor: .ulong(code), value: .list(fields))
    }

    @Test("a performative has its name, and the fields that are there theirs")
    func performative() throws {
        let attach = Self.performative(
            0x12, .string("a \"b\""), .uint(0), .bool(false), .null, .ubyte(0), .null,
            Self.performative(0x29, .string("link1.test"), .uint(2)))
        #expect(
            try Self.line(attach) == """
                3 -> @attach(18) [name="a \\"b\\"", handle=0, role=false, rcv-settle-mode=0, \
                target=@target(41) [address="link1.test", durable=2]]
                """)
    }

    @Test("what a peer says of its own is shown as it is")
    func unknown() throws {
        let state = AMQPValue.described(
            descriptor: .symbol("vendor:parked:list"),
            value: .list([.symbol("x"), .binary([0, 65])]))
        let disposition = Self.performative(0x15, .bool(true), .uint(4), .null, .bool(true), state)
        #expect(
            try Self.line(disposition, isIncoming: true) == """
                3 <- @disposition(21) [role=true, first=4, settled=true, \
                state=@:"vendor:parked:list" [:x, b"\\x00A"]]
                """)
    }

    @Test("a message behind its transfer is counted, and shown in part")
    func payload() throws {
        let transfer = Self.performative(0x14, .uint(0), .uint(1))
        let head = "3 -> @transfer(20) [handle=0, delivery-id=1]"
        #expect(try Self.line(transfer, payload: [65, 10]) == "\(head) (2 bytes) \"A\\x0a\"")
        let long = [UInt8](repeating: 66, count: 300)
        let shown = String(repeating: "B", count: 256)
        #expect(try Self.line(transfer, payload: long) == "\(head) (300 bytes) \"\(shown)\" ...")
    }

    @Test(
        "a login shows its mechanism and no more, and bytes that can't be read are shown as bytes")
    func others() throws {
        let login = Self.performative(0x41, .symbol("PLAIN"))
        #expect(
            try Self.line(login, isSASL: true)
                == "3 -> @sasl-init [mechanism=:PLAIN, the rest is not shown]")
        let challenge = Self.performative(0x42)
        #expect(
            try Self.line(challenge, isIncoming: true, isSASL: true)
                == "3 <- @sasl-challenge [the rest is not shown]")
        let cut = TracedFrame(
            isIncoming: true, isSASL: false, channel: 0, body: [0, 0x53, 0x10, 0xC0])
        #expect("\(cut)" == "0 <- (4 bytes) \"\\x00S\\x10\\xc0\"")
        let heartbeat = TracedFrame(isIncoming: true, isSASL: false, channel: 0, body: [])
        #expect("\(heartbeat)" == "0 <- (EMPTY FRAME)")
    }
}
