// The descriptions that a peer gives of itself and of a target.
// SPDX-License-Identifier: Apache-2.0

import CShim
import RawPeer
import Testing

/// The details that were visited, a line each.
private final class Details {
    var lines: [String] = []

    static let visit: cshim_detail_visitor_t = {
        context, detail, key, value in
        guard let context else { return }
        let details = Unmanaged<Details>.fromOpaque(context).takeUnretainedValue()
        details.lines.append(
            "\(name(of: detail)) \(String(cString: key))=\(String(cString: value))")
    }

    var context: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }
}

private func name(of detail: cshim_detail_t) -> String {
    switch detail {
    case .capability: "capability"
    case .property: "property"
    case .address: "address"
    }
}

@Suite(.serialized)
struct PeerTests {
    private func describePeer(
        of loop: Loop, _ details: Details, _ limits: inout cshim_peer_limits_t
    ) -> cshim_status_t {
        guard let connection = loop.connections[1] else { return .invalidArgument }
        return cshim_connection_describe_peer(
            connection, Details.visit, details.context, &limits, nil)
    }

    private func describeTarget(of loop: Loop, _ details: Details) -> cshim_status_t {
        guard let sender = loop.senders[3] else { return .invalidArgument }
        return cshim_sender_describe_target(sender, Details.visit, details.context, nil)
    }

    /// Opens and attaches with what the test says, and gives what was visited then.
    private func visited(
        capabilities: Value, properties: Value, target: [Value]
    ) throws -> (peer: [String], limits: cshim_peer_limits_t, target: [String]) {
        let peer = try Peer { connection in
            _ = try connection.greet()
            try connection.send(
                Frame(
                    .open,
                    [
                        .string("raw-peer"), .null, .uint(65536), .ushort(100), .uint(9000),
                        .null, .null, capabilities, .null, properties,
                    ]))
            try connection.expect(.begin)
            try connection.send(.begin())
            var attach = Frame.attach(answering: try connection.expect(.attach))
            attach.fields[6] = .described(0x29, .list(target))
            try connection.send(attach)
            try connection.answerEnding()
        }
        let loop = Loop()
        let (ofPeer, ofTarget) = (Details(), Details())
        var limits = cshim_peer_limits_t()
        loop.run { event in
            switch event {
            case .started:
                try loop.openAll(port: peer.port)
                // Nothing was said yet.
                #expect(
                    describePeer(of: loop, ofPeer, &limits)
                        == .invalidState)
                #expect(
                    describeTarget(of: loop, ofTarget) == .invalidState)
            case .linkOpened:
                try attempt(
                    describePeer(of: loop, ofPeer, &limits))
                try attempt(
                    describeTarget(of: loop, ofTarget))
                try loop.close()
            case .connectionLost:
                #expect(
                    describePeer(of: loop, ofPeer, &limits)
                        == .notConnected)
                #expect(
                    describeTarget(of: loop, ofTarget) == .notConnected)
                loop.stop()
            default: break
            }
        }
        try peer.finish()
        return (ofPeer.lines, limits, ofTarget.lines)
    }

    /// An array of symbols, with sizes and count of one byte each.
    private func symbols(_ names: String...) -> Value {
        let items = names.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        return .raw([0xE0, UInt8(items.count + 2), UInt8(names.count), 0xA3] + items)
    }

    @Test("properties, capabilities and limits of a peer are visited, and a target's address")
    func all() throws {
        let (peer, limits, target) = try visited(
            capabilities: symbols("ANONYMOUS-RELAY", "x"),
            properties: .map([
                .symbol("product"), .string("raw"), .symbol("version"), .symbol("1.0"),
                .symbol("map"), .map([.symbol("a"), .symbol("b")]), .symbol("number"), .uint(7),
                .symbol("isSo"), .bool(true), .symbol("nothing"), .null,
            ]),
            target: [
                .string("q"), .uint(0), .null, .uint(0), .bool(false), .null, .symbol("queue"),
            ])
        #expect(
            peer == [
                "capability =ANONYMOUS-RELAY", "capability =x", "property product=raw",
                "property version=1.0", "property number=7", "property isSo=true",
            ])
        #expect(limits.max_frame_size_bytes == 65536)
        #expect(limits.idle_timeout_ms == 9000)
        #expect(target == ["address =q", "capability =queue"])
    }

    @Test("a peer that says nothing is no trouble, nor is one with other types, or too much")
    func odd() throws {
        let nothing = try visited(capabilities: .null, properties: .null, target: [])
        #expect(nothing.peer.isEmpty && nothing.target.isEmpty)
        let odd = try visited(
            capabilities: .map([]), properties: .list([.symbol("a")]),
            target: [.null, .uint(0), .null, .uint(0), .bool(false), .null, symbols()])
        #expect(odd.peer.isEmpty && odd.target.isEmpty)
        let many = (0..<100).flatMap { [Value.symbol("key\($0)"), .string("value")] }
        let much = try visited(
            capabilities: .symbol(String(repeating: "x", count: 10_000)),
            properties: .map(many), target: [.string("q")])
        #expect(much.peer.count == 64)
        #expect(much.peer.first?.utf8.count == 4096 + "capability =".utf8.count)
    }
}
