// The beginning of connections, and their end by a peer.
// SPDX-License-Identifier: Apache-2.0

import CShim
import Foundation
import RawPeer
import Testing

@Suite(.serialized)
struct ConnectionTests {
    /// Connects, and stops when the connection is lost.
    private func run(
        port: UInt16, _ change: @escaping (inout cshim_connection_options_t) -> Void = { _ in }
    ) -> Loop {
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.connect(port: port, change)
            case .connectionLost: loop.stop()
            default: break
            }
        }
        return loop
    }

    @Test("a peer's close comes as its condition, once, with a last batch behind it")
    func closedByPeer() throws {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 1)
            try connection.send(.close(name: "amqp:connection:forced"))
            try connection.expect(.close)
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .connectionLost:
                #expect(loop.credit().0 == 0)
                #expect(throws: ShimError.self) { try loop.send(1...1) }
                #expect(throws: ShimError.self) { try loop.openSession(9) }
                #expect(cshim_session_outgoing_bytes(loop.sessions[2]!) == 0)
                loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(
            loop.events.suffix(2) == [
                .connectionLost(1, .closed, name: "amqp:connection:forced"), .batchEnded(1),
            ])
        #expect(loop.lossDescription == "by the peer")
    }

    @Test("a peer that closes and leaves the socket open is lost at once")
    func closedWithoutEnd() throws {
        let peer = try Peer { connection in
            _ = try connection.greet()
            try connection.send(.open(), .close())
            try connection.expect(.begin)
            try connection.expect(.close)
            try connection.expectEnd()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started:
                try loop.connect(port: peer.port)
                try loop.openSession()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(loop.reported.last == .connectionLost(1, .closed, name: ""))
    }

    @Test("a peer that closes and has stopped reading is lost at once")
    func closedWithoutReading() throws {
        let isClosed = DispatchSemaphore(value: 0)
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 200)
            try connection.expect(.transfer)
            try connection.send(.close(name: "amqp:internal-error"))
            isClosed.wait()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .batchEnded where loop.credit().0 == 200:
                try loop.send(1...200, size: 200_000)
            case .connectionLost: loop.stop()
            default: break
            }
        }
        isClosed.signal()
        try peer.finish()
        #expect(loop.reported.last == .connectionLost(1, .closed, name: "amqp:internal-error"))
    }

    @Test("the end of TCP without a close is a loss of the transport")
    func endOfTCP() throws {
        let peer = try Peer { connection in
            _ = try connection.greet()
            try connection.send(.open())
        }
        let loop = run(port: peer.port)
        try peer.finish()
        #expect(
            loop.reported.last
                == .connectionLost(1, .transport, name: "amqp:connection:framing-error"))
    }

    private static let halfFrame: [UInt8] = [0, 0, 0, 100, 2, 0, 0, 0]
    /// Well-formed, but of a performative that there is not.
    private static let unknownFrame: [UInt8] = [0, 0, 0, 12, 2, 0, 0, 0, 0, 0x53, 0x99, 0x45]

    /// Proton raises no event for what the bytes do to it.
    private func loseInput(
        writing bytes: [UInt8], isAfterBatch: Bool,
        thenEnding endConnection: @escaping @Sendable (PeerConnection) throws -> Void
    ) throws {
        let isBatchOver = DispatchSemaphore(value: isAfterBatch ? 0 : 1)
        let peer = try Peer { connection in
            _ = try connection.greet()
            try connection.send(.open())
            isBatchOver.wait()
            try connection.write(bytes)
            try endConnection(connection)
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.connect(port: peer.port)
            case .batchEnded: isBatchOver.signal()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(
            loop.reported.last
                == .connectionLost(1, .transport, name: "amqp:connection:framing-error"))
        #expect(loop.lossDescription.contains("a frame"))
    }

    @Test(
        "the end of TCP behind half a frame is a loss, without any timeout",
        arguments: [false, true])
    func endOfTCPInFrame(isAfterBatch: Bool) throws {
        try loseInput(writing: Self.halfFrame, isAfterBatch: isAfterBatch) { _ in }
    }

    @Test(
        "a frame that can't be read ends the connection, without any timeout",
        arguments: [false, true])
    func unknownFrame(isAfterBatch: Bool) throws {
        try loseInput(writing: Self.unknownFrame, isAfterBatch: isAfterBatch) { try $0.drain() }
    }

    @Test("a port where nobody listens is a loss of the transport")
    func refused() throws {
        let peer = try Peer(connectionCountMax: 0) { _ in }
        try peer.finish()
        let loop = run(port: peer.port)
        #expect(loop.reported == [.connectionLost(1, .transport, name: "proton:io")])
        #expect(loop.lossDescription.contains("127.0.0.1:\(peer.port)"))
    }

    @Test("a peer that falls silent is lost after the idle timeout, and is told half of it")
    func idle() throws {
        let peer = try Peer { connection in
            #expect(try connection.greet()[4].number == 3_000)
            try connection.send(.open())
            try connection.expect(.close)
        }
        let loop = run(port: peer.port) { $0.idle_timeout_ms = 6_000 }
        try peer.finish()
        #expect(
            loop.reported.last
                == .connectionLost(1, .transport, name: "amqp:resource-limit-exceeded"))
    }

    @Test("a connection on which nothing happens costs no time of the processor")
    func idleCost() throws {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 1)
            try connection.answerEnding()
        }
        /// Nanoseconds of this thread, which is the loop's.
        func spent() -> Int {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return time.tv_sec * 1_000_000_000 + time.tv_nsec
        }
        let loop = Loop()
        var start: Int?
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .batchEnded where start == nil && loop.credit().0 == 1:
                start = spent()
                try loop.wake(after: 1000)
            case .woken:
                let nanoseconds = spent() - (start ?? 0)
                #expect(nanoseconds < 100_000_000)
                try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
    }

    @Test("what a timer asks of a connection with a silent peer is written at once")
    func silentPeer() throws {
        let peer = try Peer { connection in
            _ = try connection.greet()
            try connection.send(.open())
            // The client asks for these when its timer comes, and nothing is said to it meanwhile.
            try connection.expect(.begin)
            try connection.expect(.attach)
            try connection.expect(.close)
            try connection.send(.close())
        }
        let loop = Loop()
        var wokenCount = 0
        loop.run(within: 60) { event in
            switch event {
            case .started: try loop.connect(port: peer.port)
            case .connectionOpened: try loop.wake(after: 50)
            case .woken:
                wokenCount += 1
                switch wokenCount {
                case 1: try loop.openSession()
                case 2: try loop.openSender()
                default: return try loop.close()
                }
                try loop.wake(after: 50)
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(wokenCount == 3)
    }

    @Test("the frames of a connection are reported if that is asked for", arguments: [true, false])
    func traced(_ isTraced: Bool) throws {
        let peer = try Peer { connection in
            _ = try connection.greet()
            try connection.send(.open())
            try connection.answerEnding()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.connect(port: peer.port) { $0.is_traced = isTraced }
            case .connectionOpened: try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        let ways = loop.frames.map { "\($0.isSASL) \($0.isIncoming) \($0.performative ?? 0)" }
        #expect(
            ways
                == (isTraced
                    ? [
                        "true true 64", "true false 65", "true true 68", "false false 16",
                        "false true 16",
                        "false false 24", "false true 24",
                    ] : []))
        // The init has the mechanism, and not what proves who we are.
        let login = loop.frames.first { $0.performative == 65 }
        #expect(
            login.map { $0.body.suffix(14) == [0xB3, 0, 0, 0, 9] + "ANONYMOUS".utf8 } ?? !isTraced)
    }
}
