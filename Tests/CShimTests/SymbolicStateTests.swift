// Outcomes whose descriptor is a symbol, or none that the specification has.
// SPDX-License-Identifier: Apache-2.0

import CShim
import RawPeer
import Testing

@Suite(.serialized)
struct SymbolicStateTests {
    private static func state(_ symbol: String, _ fields: [Value] = []) -> Value {
        .raw([0x00] + Value.symbol(symbol).encoded + Value.list(fields).encoded)
    }

    /// Settles deliveries with these states, in one write.
    private func outcomes(_ states: [Value], inOneRange: Bool = false, isSmall: Bool) throws
        -> [Event]
    {
        let peer = try Peer { connection in
            let ours = try connection.acceptUpToAttach()
            var attach = Frame.attach(answering: ours)
            attach.hasSmallDescriptor = isSmall
            try connection.send(attach, .flow(credit: UInt32(states.count)))
            for _ in states { try connection.expect(.transfer) }
            for (index, state) in states.enumerated() {
                let id = UInt32(index)
                var disposition = Frame.disposition(id...id, nil)
                disposition.fields[4] = state
                disposition.hasSmallDescriptor = isSmall
                try connection.write(disposition.encoded)
            }
            try connection.answerEnding()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .batchEnded where Int(loop.credit().0) == states.count && states.count > 0:
                try loop.send(1...UInt64(states.count))
            case .outcome where loop.outcomeCount == states.count: try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        return loop.reported.filter { if case .outcome = $0 { true } else { false } }
    }

    @Test("a symbolic descriptor says the same as its number", arguments: [false, true])
    func symbols(isSmall: Bool) throws {
        let error = Value.described(
            0x1D, .list([.symbol("amqp:not-allowed"), .string("a \"b\", [c]")]))
        let states = [
            Self.state("amqp:accepted:list"), Self.state("amqp:released:list"),
            Self.state("amqp:rejected:list", [error]), Self.state("amqp:rejected:list"),
            Self.state("amqp:modified:list", [.bool(true), .bool(true)]),
            Self.state("amqp:accepted:list"),
        ]
        let outcomes = try outcomes(states, isSmall: isSmall)
        #expect(
            outcomes == [
                .outcome(link: 3, tag: 1, .accepted), .outcome(link: 3, tag: 2, .released),
                .outcome(link: 3, tag: 3, .rejected, name: "amqp:not-allowed"),
                .outcome(link: 3, tag: 4, .rejected), .outcome(link: 3, tag: 5, .modified),
                .outcome(link: 3, tag: 6, .accepted),
            ])
    }

    @Test("a state that is no outcome is told by its descriptor", arguments: [false, true])
    func unknown(isSmall: Bool) throws {
        let states = [
            Self.state("vendor:parked:list"), .described(0x34, .list([])), .null,
            Self.state("amqp:received:list"), .described(0x24, .list([])),
        ]
        #expect(
            try outcomes(states, isSmall: isSmall) == [
                .outcome(link: 3, tag: 1, .unknown, name: "vendor:parked:list"),
                .outcome(link: 3, tag: 2, .unknown, name: "52"), .outcome(link: 3, tag: 3, .none),
                .outcome(link: 3, tag: 4, .none), .outcome(link: 3, tag: 5, .accepted),
            ])
    }

    @Test("a range of deliveries has one state, and the states of a batch are told apart")
    func ranges() throws {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 9)
            for _ in 0..<9 { try connection.expect(.transfer) }
            var accepted = Frame.disposition(1...6, nil)
            accepted.fields[4] = Self.state("amqp:accepted:list")
            var released = Frame.disposition(0...0, nil)
            released.fields[4] = Self.state("amqp:released:list")
            var rest = Frame.disposition(7...8, nil)
            rest.fields[4] = Self.state("amqp:released:list")
            try connection.send(accepted, released, rest)
            try connection.answerEnding()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .batchEnded where loop.credit().0 == 9: try loop.send(1...9)
            case .outcome where loop.outcomeCount == 9: try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        for tag in 1...9 as ClosedRange<UInt64> {
            let isAccepted = (2...7).contains(tag)
            #expect(
                loop.reported.contains(
                    .outcome(link: 3, tag: tag, isAccepted ? .accepted : .released)))
        }
    }
}
