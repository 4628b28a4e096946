// Names are looked up beside the loop.
// SPDX-License-Identifier: Apache-2.0

import CShim
import Foundation
import RawPeer
import Synchronization
import Testing

// State of the resolver, which has no context. Each name that waits has a signal of its own.
private let mayAnswerSlow = DispatchSemaphore(value: 0)
private let mayAnswerSilent = DispatchSemaphore(value: 0)
private let askedCount = Atomic(0)

/// The addresses of the names of these tests.
private func resolve(_ host: UnsafePointer<CChar>) -> UnsafePointer<CChar>? {
    switch String(cString: host) {
    case "slow.lookup.test":
        askedCount.add(1, ordering: .relaxed)
        mayAnswerSlow.wait()
        return UnsafeRawPointer(("127.0.0.7 ::1" as StaticString).utf8Start)
            .assumingMemoryBound(to: CChar.self)
    case "silent.lookup.test":
        mayAnswerSilent.wait()
        return nil
    default: return nil
    }
}

@Suite(.serialized) struct LookUpTests {
    init() { cshim_test_resolve_with(".lookup.test", resolve) }

    private func lookUp(_ loop: Loop, _ id: UInt64, _ host: String) throws {
        try attempt(cshim_container_look_up(loop.container, id, host, nil))
    }

    @Test("a host that is an address is one, and localhost has one")
    func addresses() {
        let loop = Loop()
        var found: [[String]] = []
        loop.run { event in
            switch event {
            case .started:
                for (id, host) in [(1, "127.0.0.9"), (2, "::1"), (3, "localhost")] {
                    try lookUp(loop, UInt64(id), host)
                }
            case .hostLookedUp(_, let addresses, let failure):
                #expect(failure == "")
                found.append(addresses)
                if found.count == 3 { loop.stop() }
            default: break
            }
        }
        #expect(found.contains(["127.0.0.9"]) && found.contains(["::1"]))
        #expect(found.joined().contains { ["127.0.0.1", "::1"].contains($0) })
    }

    @Test("what fails says why, and what is no host is refused")
    func failure() {
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started:
                #expect(throws: ShimError(status: .invalidArgument)) {
                    try lookUp(loop, 1, "a/b")
                }
                try lookUp(loop, 1, "nowhere.lookup.test")
            case .hostLookedUp: loop.stop()
            default: break
            }
        }
        #expect(loop.events.last == .hostLookedUp(1, [], failure: "no such name in the test"))
    }

    @Test("a look-up that takes long holds up nothing, and is joined by others of its name")
    func joined() {
        let before = askedCount.load(ordering: .relaxed)
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started:
                try lookUp(loop, 1, "slow.lookup.test")
                try loop.wake(after: 20)
            case .woken:
                try lookUp(loop, 2, "slow.lookup.test")
                mayAnswerSlow.signal()
            case .hostLookedUp(2, _, _): loop.stop()
            default: break
            }
        }
        #expect(
            loop.events == [
                .started, .woken, .hostLookedUp(1, ["127.0.0.7", "::1"]),
                .hostLookedUp(2, ["127.0.0.7", "::1"]),
            ])
        #expect(askedCount.load(ordering: .relaxed) == before + 1)
    }

    @Test("the end of a run waits for no look-up, and what comes later changes nothing")
    func forgotten() {
        let loop = Loop()
        loop.run { event in
            try lookUp(loop, 1, "silent.lookup.test")
            loop.stop()
        }
        #expect(loop.events == [.started])
        mayAnswerSilent.signal()
    }

    @Test("a connection goes to the address, and opens with the name of the host")
    func address() throws {
        let peer = try Peer { connection in
            let open = try connection.greet()
            #expect("\(open)".contains("name.test"))
            try connection.send(.open())
            try connection.answerEnding()
        }
        let loop = Loop()
        let address = strdup("127.0.0.1")
        defer { free(address) }
        loop.run { event in
            switch event {
            case .started:
                try loop.connect(host: "name.test", port: peer.port) {
                    $0.address = UnsafePointer(address)
                }
            case .connectionOpened: try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        #expect(loop.reported.contains(.connectionOpened(1, peer: "raw-peer")))
        try peer.finish()
    }
}
