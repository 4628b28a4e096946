// From a host name to a peer: look-up and addresses.
// SPDX-License-Identifier: Apache-2.0

import CShim
import Foundation
import Glibc
import LinkRecovery
import RawPeer
import ReliableSender
import TestSupport
import Testing

/// Each keeps the look-up of one test from ending: of a shared one, the next test could take the signal that is for the
/// thread of the test before it.
private let silences = [
    "never.connect.test": DispatchSemaphore(value: 0),
    "never-first.connect.test": DispatchSemaphore(value: 0),
    "never-stopped.connect.test": DispatchSemaphore(value: 0),
]

/// The addresses of the names of these tests.
private func resolve(_ host: UnsafePointer<CChar>) -> UnsafePointer<CChar>? {
    let addresses: StaticString
    switch String(cString: host) {
    case "refused-first.connect.test": addresses = "127.0.0.2 127.0.0.1"
    case "silent-first.connect.test": addresses = "127.0.0.3 127.0.0.1"
    case "silent-twice.connect.test": addresses = "127.0.0.3 127.0.0.4"
    case let host:
        silences[host]?.wait()
        return nil
    }
    return UnsafeRawPointer(addresses.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// Notes the notices and the losses of connections.
private final class Recorder: SendingObserver {
    var notices: [Notice] = []
    var losses: [ErrorCondition] = []
    var onLoss: () -> Void = {}

    func observe(_ report: Report) {
        switch report {
        case .notice(let notice), .link(_, .notice(let notice)),
            .link(_, .givenUp(let notice, _)):
            notices.append(notice)
        case .connectionLost(let condition, _, _, _):
            losses.append(condition)
            onLoss()
        default: break
        }
    }
    func willIdle() {}
    var isHoldingUp: Bool { false }
}

/// Listens, and answers nobody: not even TCP's first segment once its queue is full.
private final class FullListener {
    private var descriptors: [Int32] = []

    init(_ host: String, port: UInt16) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr(host)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        descriptors = [try listenOnLoopback(host: host, port: port, backlog: 0).descriptor]
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                for _ in 0..<8 {
                    let kind = Int32(
                        SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
                    let client = socket(AF_INET, kind, 0)
                    _ = connect(client, $0, size)
                    descriptors.append(client)
                }
            }
        }
    }

    deinit {
        descriptors.forEach { _ = close($0) }
    }
}

@Suite(.serialized, .endsIfItHangs) final class ConnectingTests {
    private let recorder = Recorder()

    init() { cshim_test_resolve_with(".connect.test", resolve) }

    private func send(
        to hosts: String..., port: UInt16, _ change: (inout SendingOptions) -> Void = { _ in },
        before run: (SendingEngine) -> Void = { _ in }
    ) throws -> SendingResult {
        var options = SendingOptions(
            endpoints: hosts.map { Endpoint(host: $0, port: port) })
        change(&options)
        let sender = SendingEngine(
            options: options,
            routes: [
                SenderRoute(
                    to: Destination(address: "q"),
                    from: try CountedMessages(count: 1, prototype: Message()))
            ], observer: recorder)
        run(sender)
        return try sender.run()
    }

    /// Accepts one message.
    private func acceptingPeer() throws -> Peer {
        try Peer { connection in
            try connection.acceptLink(credit: 10)
            try connection.expect(.transfer)
            try connection.send(.disposition(0...0, .accepted))
            try connection.answerEnding()
        }
    }

    @Test("an address that refuses leads to the next one, without another attempt")
    func refused() throws {
        let peer = try acceptingPeer()
        let result = try send(to: "refused-first.connect.test", port: peer.port)
        #expect(result.end == .finished)
        #expect(recorder.losses.isEmpty)
        try peer.finish()
    }

    @Test("an address that is silent leads to the next one, after its share of the open timeout")
    func silent() throws {
        let peer = try acceptingPeer()
        let listener = try FullListener("127.0.0.3", port: peer.port)
        let result = try withExtendedLifetime(listener) {
            try send(to: "silent-first.connect.test", port: peer.port) {
                $0.recovery.openTimeout = 10_000
            }
        }
        #expect(result.end == .finished)
        #expect(recorder.losses.isEmpty && recorder.notices.isEmpty)
        #expect(result.summary.elapsed >= 5_000)
        try peer.finish()
    }

    @Test("when all addresses are silent the attempt ends with the open timeout")
    func allSilent() throws {
        let free = try Peer { _ in }
        defer { free.stop() }
        let listeners = try [
            FullListener("127.0.0.3", port: free.port),
            FullListener("127.0.0.4", port: free.port),
        ]
        let result = try withExtendedLifetime(listeners) {
            try send(to: "silent-twice.connect.test", port: free.port) {
                $0.recovery.openTimeout = 3_000
            }
        }
        #expect(
            result.end
                == .connectionFailed(
                    ErrorCondition(description: "no answer to the open within 3000 ms")))
        #expect(recorder.notices == [.connectUnanswered])
    }

    @Test("a name that is not found is one loss that says so")
    func notFound() throws {
        let result = try send(to: "nowhere.connect.test", port: 1)
        #expect(
            result.end
                == .connectionFailed(
                    ErrorCondition(
                        name: "name:failed",
                        description: "its name can't be looked up: no such name in the test")))
    }

    @Test("a look-up without an answer ends with the open timeout, and is joined by later attempts")
    func noAnswer() throws {
        defer { silences["never.connect.test"]?.signal() }
        let result = try send(to: "never.connect.test", port: 1) {
            $0.recovery.openTimeout = 100
            $0.recovery.mayReconnect = true
            $0.recovery.retry.interval = 10
            $0.recovery.retry.attempts = 2
        }
        let condition = ErrorCondition(
            name: "name:no-answer", description: "no answer from the name server within 100 ms")
        #expect(result.end == .attemptsUsedUp(2, condition))
        #expect(recorder.losses == [condition, condition, condition])
        #expect(Set(recorder.notices) == [.lookUpUnanswered])
    }

    @Test("behind a name without an answer the next router is reached")
    func failover() throws {
        defer { silences["never-first.connect.test"]?.signal() }
        let peer = try acceptingPeer()
        let result = try send(to: "never-first.connect.test", "127.0.0.1", port: peer.port) {
            $0.recovery.openTimeout = 10_000
        }
        #expect(result.end == .finished)
        #expect(recorder.losses.map(\.name) == ["name:no-answer"])
        try peer.finish()
    }

    @Test("a stop ends a look-up at once")
    func stop() throws {
        defer { silences["never-stopped.connect.test"]?.signal() }
        let result = try send(
            to: "never-stopped.connect.test", port: 1, { $0.recovery.openTimeout = 60_000 }
        ) {
            $0.stopHandle.stop()
        }
        #expect(result.end == .stopped)
        #expect(result.summary.elapsed < 30_000)
    }

    @Test("a begin without an answer is told from an attach without one")
    func unansweredBegin() throws {
        let peer = try Peer { connection in
            _ = try connection.greet()
            try connection.send(.open())
            try connection.answerEnding()
        }
        let result = try send(to: "127.0.0.1", port: peer.port) {
            // Also the limit of the open, which is answered.
            $0.recovery.openTimeout = 6_000
            $0.recovery.retry.attempts = 0
        }
        #expect(result.end == .attemptsUsedUp(0, .none))
        #expect(recorder.notices.contains(.beginUnanswered(attempt: 1)))
        try peer.finish()
    }

    @Test("a session window that stays closed is told from an outcome that does not come")
    func closedWindow() throws {
        let peer = try Peer { connection in
            let attach = try connection.acceptUpToAttach()
            try connection.send(
                .attach(answering: attach), .flow(credit: 10, incomingWindow: 0))
            try connection.drain()
        }
        let result = try send(to: "127.0.0.1", port: peer.port) {
            $0.recovery.outcomeTimeout = 100
            $0.recovery.drainTimeout = 100
        }
        #expect(result.summary.inDoubt == 1)
        #expect(recorder.notices.first == .windowClosed(after: 100))
        try peer.finish()
    }
}
