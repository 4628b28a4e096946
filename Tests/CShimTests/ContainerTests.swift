// The container: its run, its waking, and what is refused.
// SPDX-License-Identifier: Apache-2.0

import CShim
import Foundation
import RawPeer
import Testing

@Suite(.serialized)
struct ContainerTests {
    @Test("a wake before the run is kept, and wakes between two turns are one")
    func wake() {
        let loop = Loop()
        cshim_container_wake(loop.container)
        cshim_container_wake(loop.container)
        loop.run { event in
            if event == .woken { loop.stop() }
        }
        #expect(loop.events == [.started, .woken])
    }

    @Test("a wake from another thread is never lost")
    func wakesFromAnotherThread() {
        let loop = Loop()
        let container = UInt(bitPattern: loop.container)
        let isWoken = DispatchSemaphore(value: 0)
        let (isLost, isEnough) = (Flag(), Flag())
        DispatchQueue.global().async {
            for _ in 0..<200 where !isLost.isSet {
                cshim_container_wake(OpaquePointer(bitPattern: container)!)
                if isWoken.wait(timeout: .now() + 10) == .timedOut { isLost.set() }
            }
            isEnough.set()
            cshim_container_wake(OpaquePointer(bitPattern: container)!)
        }
        loop.run { event in
            guard event == .woken else { return }
            if isEnough.isSet { loop.stop() } else { isWoken.signal() }
        }
        #expect(!isLost.isSet)
        #expect(loop.events.count { $0 == .woken } >= 200)
    }

    @Test("an alarm comes at its time, the last one that was set is the one, and a past one is now")
    func alarm() throws {
        let loop = Loop()
        let start = cshim_monotonic_milliseconds()
        var times: [Int64] = []
        loop.run { event in
            func arm(_ time: Int64) throws {
                try attempt(cshim_container_wake_at(loop.container, time, nil))
            }
            switch event {
            case .started:
                try arm(start + 10)
                try arm(.max)
                try arm(start + 600_000)
                try arm(start + 60)
            case .woken:
                times.append(cshim_monotonic_milliseconds() - start)
                if times.count == 1 { try arm(start - 1) } else { loop.stop() }
            default: break
            }
        }
        #expect(times[0] >= 60)
        #expect(times.count == 2)
    }

    @Test("a stop ends what is left, and after the run the calls say so")
    func stop() throws {
        let peer = try Peer { connection in
            // The stop may come before it is done.
            _ = try? connection.greet()
            try connection.drain()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started:
                try loop.openAll(port: peer.port)
                try loop.wake(after: 20)
            case .woken: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(loop.reported.count == 1)
        #expect(cshim_container_run(loop.container, nil) == .invalidState)
        #expect(throws: ShimError.self) { try loop.connect(2, port: 1) }
        cshim_container_wake(loop.container)
    }

    @Test("the context is released once, when the container goes")
    func release() {
        var loop: Loop? = Loop()
        let counter = loop!.releaseCount
        loop?.run { _ in loop?.stop() }
        #expect(counter.value == 0)
        loop = nil
        #expect(counter.value == 1)
    }

    @Test("handles outlive their container, and free what is theirs")
    func outlivingHandles() throws {
        let peer = try Peer { try $0.acceptLink(credit: 1) }
        let loop = Loop()
        var handles: (OpaquePointer?, OpaquePointer?, OpaquePointer?)
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .linkOpened:
                handles = (loop.connections[1], loop.sessions[2], loop.senders[3])
                loop.stop()
            default: break
            }
        }
        try peer.finish()
        loop.connections = [:]
        loop.sessions = [:]
        loop.senders = [:]
        #expect(cshim_connection_close(try #require(handles.0), nil) == .notConnected)
        cshim_connection_free(handles.0)
        cshim_sender_free(handles.2)
        cshim_session_free(handles.1)
    }

    @Test("on another thread than the loop's, a call is refused and nothing is freed")
    func otherThread() throws {
        let peer = try Peer { connection in
            try connection.acceptLink(credit: 1)
            try connection.answerEnding()
        }
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.openAll(port: peer.port)
            case .batchEnded where loop.credit().0 == 1:
                let statuses = onAnotherThread { [loop] in
                    [
                        cshim_container_stop(loop.container, nil),
                        cshim_container_wake_at(loop.container, 0, nil),
                        cshim_connection_close(loop.connections[1]!, nil),
                        cshim_connection_abort(loop.connections[1]!, nil),
                        cshim_sender_send(loop.senders[3]!, 1, [0x40], 1, nil),
                        cshim_sender_return_credit(loop.senders[3]!, nil),
                        cshim_sender_close(loop.senders[3]!, nil),
                    ]
                }
                #expect(statuses.allSatisfy { $0 == .invalidState })
                #expect(cshim_container_is_on_loop(loop.container))
                _ = onAnotherThread { [loop] in
                    #expect(!cshim_container_is_on_loop(loop.container))
                    return []
                }
                _ = onAnotherThread { [loop] in
                    cshim_sender_free(loop.senders[3]!)
                    cshim_session_free(loop.sessions[2]!)
                    cshim_connection_free(loop.connections[1]!)
                    return [cshim_status_t]()
                }
                #expect(loop.credit().0 == 1)
                try loop.send(1...1)
                try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
    }
}

/// Runs `body` on a thread of its own while this one waits.
private func onAnotherThread(_ body: @escaping () -> [cshim_status_t]) -> [cshim_status_t] {
    nonisolated(unsafe) let body = body
    nonisolated(unsafe) var result: [cshim_status_t] = []
    let isDone = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
        result = body()
        isDone.signal()
    }
    isDone.wait()
    return result
}

/// A flag for several threads.
private final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private var value = false

    var isSet: Bool { lock.withLock { value } }

    func set() { lock.withLock { value = true } }
}
