// Durability and capabilities of the target, as the peer reads them.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery
import RawPeer
import ReliableSender
import Synchronization
import Testing

@testable import SenderCommand

@Suite struct TargetTests {
    @Test(
        "the target has the durability (§3.5.3) and the capabilities of the options",
        arguments: [
            ([], 2, ["queue"]),
            (["--non-durable"], 0, ["queue"]),
            (["--target-durability=none"], 0, ["queue"]),
            (["--target-durability=configuration"], 1, ["queue"]),
            (["--target-durability=unsettled-state", "--non-durable"], 2, ["queue"]),
            (["--capability=topic", "--capability=x:y"], 2, ["topic", "x:y"]),
            (["--capability=none"], 2, []),
        ] as [([String], UInt64, [String])])
    func onTheWire(arguments: [String], durability: UInt64, capabilities: [String]) throws {
        let target = try target(arguments)
        #expect(target.first?.text == "q")
        #expect(target[1].number == durability)
        #expect(try symbols(target[6]) == capabilities)
    }

    /// The fields of the target in the attach of a run.
    private func target(_ arguments: [String]) throws -> [Value] {
        let attach = Mutex<Frame?>(nil)
        let peer = try Peer { connection in
            let frame = try connection.acceptUpToAttach()
            attach.withLock { $0 = frame }
            try connection.send(.close())
            try connection.drain()
        }
        let given = try run(arguments)
        var options = given.sending
        options.endpoints = [Endpoint(host: "127.0.0.1", port: peer.port)]
        let sender = SendingEngine(
            options: options,
            routes: [
                SenderRoute(
                    to: given.destinations.all[0],
                    from: try CountedMessages(count: 1, prototype: Message()))
            ], observer: NotedReports())
        _ = try sender.run()
        try peer.finish()
        let frame = try #require(attach.withLock { $0 })
        guard case .described(0x29, .list(let fields)) = frame[6] else {
            throw PeerError("no target in \(frame)")
        }
        // Proton 0.41-dev leaves out the nulls at the end.
        return fields + Array(repeating: .null, count: max(0, 7 - fields.count))
    }

    /// The elements of an array: its size, a count, the type of all, and their bytes (§1.6.24).
    ///
    /// Proton 0.37 writes size and count in four bytes each, 0.41-dev in one if they fit.
    private func symbols(_ value: Value) throws -> [String] {
        guard case .raw(let bytes) = value else {
            #expect(value == .null)
            return []
        }
        let isShort = bytes.first == 0xE0
        try #require(isShort || bytes.first == 0xF0, "no array")
        let width = isShort ? 1 : 4
        let array = bytes.dropFirst(1 + width)
        var rest = array.dropFirst(width)
        guard let type = rest.popFirst() else { return [] }
        var symbols: [String] = []
        while !rest.isEmpty {
            var decoder = Decoder([type] + rest)
            guard case .symbol(let name) = try decoder.value() else {
                throw PeerError("no symbol in \(bytes)")
            }
            symbols.append(name)
            rest = decoder.remaining[...]
        }
        #expect(UInt64(symbols.count) == array.prefix(width).reduce(0) { $0 << 8 | UInt64($1) })
        return symbols
    }
}
