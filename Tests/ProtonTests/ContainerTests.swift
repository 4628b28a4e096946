// The container, its waker, and how long things live.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Foundation
import Proton
import RawPeer
import Testing

@Suite(.serialized)
struct ContainerTests {
    @Test("the version is the library's, and the clock goes on")
    func statics() {
        let library = Container.protonLibrary
        #expect(library.headerVersion.hasPrefix("0."))
        #expect(library.file.contains("libqpid-proton-core.so."))
        let now = Container.monotonicMicroseconds
        #expect(Container.monotonicMicroseconds >= now)
    }

    @Test(
        "a waker wakes from another thread, and does nothing before, after and without a container")
    func waker() throws {
        let handler = SilentHandler()
        var container: Container? = try Container(id: "test", handler: handler)
        let waker = try #require(container?.waker)
        handler.woken = { try? container?.stop() }
        Thread.detachNewThread { waker.wake() }
        try container?.run()
        waker.wake()
        #expect(throws: ProtonError.self) { try container?.run() }
        container = nil
        waker.wake()
    }

    @Test("a container does not keep its handler, nor the other way round")
    func lifetime() throws {
        weak var weakHandler: SilentHandler?
        weak var weakContainer: Container?
        do {
            let handler = SilentHandler()
            let container = try Container(id: "test", handler: handler)
            weakHandler = handler
            weakContainer = container
            handler.started = { try? container.stop() }
            try container.run()
            handler.started = {}
        }
        #expect(weakHandler == nil)
        #expect(weakContainer == nil)
    }

    @Test("objects may go in any order: each holds what it needs")
    func order() throws {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 1)
            try connection.drain()
        }
        let handler = SilentHandler()
        var container: Container? = try Container(id: "test", handler: handler)
        weak var weakContainer: Container?
        weakContainer = container
        var connection: Connection?
        var session: Session?
        var sender: Sender?
        handler.started = {
            connection = try? container?.connect(
                ConnectionID(1), ConnectionOptions(host: "127.0.0.1", port: peer.port))
            session = try? connection?.openSession(SessionID(2))
            sender = try? session?.openSender(
                LinkID(3), name: "link", to: Destination(address: "queue"))
        }
        handler.batch = {
            guard sender?.credit().0 == 1 else { return }
            try? container?.stop()
        }
        try container?.run()
        container = nil
        connection = nil
        session = nil
        #expect(weakContainer != nil)
        #expect(throws: ProtonError.self) { try sender?.close() }
        sender = nil
        #expect(weakContainer == nil)
        try peer.finish()
    }

    @Test("what a peer says is repaired and cut")
    func conditions() throws {
        // More than a mebibyte.
        let long = String(repeating: "\u{20AC}", count: 350_000)
        let peer = try Peer { connection in
            _ = try connection.greet()
            var close = Frame.close(name: "amqp:not-\u{FFFD}", description: long)
            guard case .described(let code, .list(let error)) = close[0] else { return }
            close.fields[0] = .described(
                code, .list([.raw([0xA3, 3, 0x61, 0xFF, 0x62]), error[1]]))
            try connection.send(.open(), close)
            try connection.drain()
        }
        let handler = SilentHandler()
        let container = try Container(id: "test", handler: handler)
        var connection: Connection?
        handler.started = {
            var options = ConnectionOptions(host: "127.0.0.1", port: peer.port)
            options.maxFrameSize = 2 << 20
            connection = try? container.connect(ConnectionID(1), options)
        }
        var condition = ErrorCondition()
        handler.lost = {
            condition = $0
            try? container.stop()
        }
        try container.run()
        try peer.finish()
        #expect(connection != nil)
        #expect(condition.name == "a\u{FFFD}b")
        #expect(condition.description == String(long.prefix(1365)))
    }
}
