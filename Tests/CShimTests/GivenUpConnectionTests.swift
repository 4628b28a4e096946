// Connections that our side gives up without the peer.
// SPDX-License-Identifier: Apache-2.0

import CShim
import Foundation
import RawPeer
import Testing

@Suite(.serialized)
struct GivenUpConnectionTests {
    @Test("an abort needs no answer, and what was asked for before is gone")
    func abort() throws {
        let peer = try Peer { connection in
            // On a busy machine the abort may come before it can write.
            _ = try? connection.greet()
            try? connection.drain()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started:
                try loop.openAll(port: peer.port)
                try loop.wake(after: 50)
            case .woken: try attempt(cshim_connection_abort(loop.connections[1]!, nil))
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(loop.reported.count == 1)
        #expect(cshim_connection_abort(loop.connections[1]!, nil) == .notConnected)
    }

    @Test("a connection may be aborted in its own callback, and another begun in the same turn")
    func abortAndConnect() throws {
        let peer = try Peer(connectionCountMax: 2) { connection in
            _ = try connection.greet()
            try connection.send(.open())
            try connection.drain()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.connect(1, port: peer.port)
            case .connectionOpened(1, _):
                try attempt(cshim_connection_abort(loop.connections[1]!, nil))
                try loop.connect(2, port: peer.port)
            case .connectionOpened(2, _):
                cshim_connection_free(loop.connections.removeValue(forKey: 2))
                loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(
            loop.reported == [
                .connectionOpened(1, peer: "raw-peer"),
                .connectionLost(1, .transport, name: "amqp:connection:framing-error"),
                .connectionOpened(2, peer: "raw-peer"),
            ])
    }

    @Test("a connection may be aborted in the turn in which it was begun")
    func abortAtOnce() throws {
        let peer = try Peer { connection in try connection.drain() }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started:
                try loop.connect(1, port: peer.port)
                try attempt(cshim_connection_abort(loop.connections[1]!, nil))
            case .connectionLost: loop.stop()
            default: break
            }
        }
        #expect(loop.reported.count == 1)
        #expect(cshim_connection_abort(loop.connections[1]!, nil) == .notConnected)
    }

    @Test("a connection may be freed in the turn in which it was begun, and the run end with it")
    func freeAtOnce() throws {
        for isAborted in [false, true] {
            let peer = try Peer { connection in try connection.drain() }
            let loop = Loop()
            loop.run { event in
                guard case .started = event else { return }
                // Proton 0.37 leaks what it has made for a connection that a stop finds unbegun.
                try withoutLeakSanitizer { try loop.connect(1, port: peer.port) }
                if isAborted { try attempt(cshim_connection_abort(loop.connections[1]!, nil)) }
                cshim_connection_free(loop.connections.removeValue(forKey: 1))
                loop.stop()
            }
            #expect(loop.events == [.started])
        }
    }

    @Test(
        "an abort in the moment in which the socket has room for what is left of a write",
        arguments: [
            false, true,
        ])
    func abortWithRoom(isStop: Bool) throws {
        let isFull = DispatchSemaphore(value: 0)
        let isInCallback = DispatchSemaphore(value: 0)
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 10)
            isFull.wait()
            try connection.send(.flow(credit: 12))
            isInCallback.wait()
            // A reset may come in the middle of a frame.
            try? connection.drain()
        }
        // A loop that turns for ever can't be ended by anything else.
        let hang = DispatchWorkItem { fatalError("the loop hangs") }
        DispatchQueue.global().asyncAfter(deadline: .now() + 60, execute: hang)
        defer { hang.cancel() }
        let loop = Loop()
        loop.run(within: 50) { event in
            switch event {
            case .started: try loop.openAll(port: peer.port, isPreSettled: true)
            case .batchEnded where loop.senders[3] != nil && loop.credit().0 == 10:
                // More than the kernel keeps.
                try loop.send(1...1, size: 32 << 20)
                try loop.wake(after: 1)
            case .woken:
                let socket = try #require(self.socket(to: peer.port))
                guard !hasRoom(socket, within: 0) else { return try loop.wake(after: 1) }
                isFull.signal()
            case .batchEnded where loop.senders[3] != nil && loop.credit().0 == 11:
                let socket = try #require(self.socket(to: peer.port))
                isInCallback.signal()
                #expect(hasRoom(socket, within: 20_000))
                if isStop { return loop.stop() }
                try attempt(cshim_connection_abort(loop.connections[1]!, nil))
            case .connectionLost where !isStop: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(loop.reported.contains { if case .connectionLost = $0 { true } else { false } })
    }

    /// Our end of the connection to a port.
    private func socket(to port: UInt16) -> Int32? {
        (0..<1024).first { descriptor in
            var address = sockaddr_in()
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isConnected = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    getpeername(descriptor, $0, &size) == 0
                }
            }
            return isConnected && address.sin_port == port.bigEndian
        }
    }

    private func hasRoom(_ socket: Int32, within milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
        return poll(&entry, 1, milliseconds) == 1
    }

    @Test("nothing is reported for a connection that was freed")
    func freed() throws {
        let peer = try Peer { connection in
            // The end may come before it is done.
            _ = try? connection.greet()
            try connection.drain()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started:
                try loop.connect(port: peer.port)
                try loop.wake(after: 50)
            case .woken where loop.connections.isEmpty: loop.stop()
            case .woken:
                cshim_connection_free(loop.connections.removeValue(forKey: 1))
                try loop.wake(after: 50)
            default: break
            }
        }
        try peer.finish()
        #expect(loop.events == [.started, .woken, .woken])
    }
}
