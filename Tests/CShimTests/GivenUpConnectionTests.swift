// How a connection is given up from our side, without the peer.
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
            _ = try connection.greet()
            try connection.drain()
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

    @Test("nothing is reported for a connection that was freed")
    func freed() throws {
        let peer = try Peer { connection in
            _ = try connection.greet()
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
