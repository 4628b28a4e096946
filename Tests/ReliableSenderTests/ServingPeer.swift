// A peer that serves any number of links, and strays where a test asks for it.
// SPDX-License-Identifier: Apache-2.0

import RawPeer
import Synchronization

/// The messages that a peer received, by address.
final class Received: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    func add(_ address: String) {
        counts.withLock { $0[address, default: 0] += 1 }
    }

    func count(of address: String) -> Int { counts.withLock { $0[address] ?? 0 } }
}

/// Serves one connection: attaches every link, and accepts every transfer.
struct ServingPeer {
    private let connection: PeerConnection
    private let received: Received
    /// Addresses whose transfers get no outcome.
    var silentAddresses: Set<String> = []
    /// Addresses whose transfers come back.
    var releasingAddresses: Set<String> = []
    /// Addresses that get no credit.
    var creditlessAddresses: Set<String> = []
    /// Addresses that are refused for good.
    var missingAddresses: Set<String> = []
    /// The first transfer to this address is not settled: its link is detached instead.
    var addressToDetachOnce: String?
    /// A transfer to this address, or a part of one, gets a detach for good.
    var addressToRedirect: String?
    /// The last handle that a session may use; another ends the session.
    var handleMax: UInt32 = .max
    private var links: [Place: (address: String, received: UInt32)] = [:]

    /// A link, as the frames name it.
    private struct Place: Hashable {
        var channel: UInt16
        var handle: UInt32
    }

    init(_ connection: PeerConnection, _ received: Received) {
        self.connection = connection
        self.received = received
    }

    mutating func serve() throws {
        _ = try connection.greet()
        try connection.send(.open())
        while let frame = try connection.read() {
            let channel = frame.channel
            switch frame.performative {
            case .begin: try connection.send(.begin(on: channel, handleMax: handleMax))
            case .attach where frame[1].number ?? 0 > handleMax:
                try connection.send(.end(name: "amqp:session:unattached-handle", on: channel))
            case .attach: try attach(frame)
            case .transfer: try receive(frame)
            case .detach:
                let handle = UInt32(frame[0].number ?? 0)
                let place = Place(channel: channel, handle: handle)
                guard links.removeValue(forKey: place) != nil else { break }
                try connection.send(.detach(handle: handle, on: channel))
            case .end: try connection.send(.end(on: channel))
            case .close:
                try connection.send(.close())
                return
            default: break
            }
        }
    }

    private mutating func attach(_ frame: Frame) throws {
        let handle = UInt32(frame[1].number ?? 0)
        var address = ""
        if case .described(_, .list(let target)) = frame[6], case .string(let text)? = target.first
        {
            address = text
        }
        guard !missingAddresses.contains(address) else {
            try connection.send(
                .attach(answering: frame, hasTarget: false),
                .detach(handle: handle, name: "amqp:not-found", on: frame.channel))
            return
        }
        links[Place(channel: frame.channel, handle: handle)] = (address, 0)
        try connection.send(.attach(answering: frame))
        if !creditlessAddresses.contains(address) {
            try connection.send(.flow(credit: 100, handle: handle, on: frame.channel))
        }
    }

    private mutating func receive(_ frame: Frame) throws {
        let handle = UInt32(frame[0].number ?? 0)
        let place = Place(channel: frame.channel, handle: handle)
        guard let link = links[place] else { return }
        if addressToRedirect == link.address {
            links[place] = nil
            return try connection.send(
                .detach(handle: handle, name: "amqp:link:redirect", on: frame.channel))
        }
        if addressToDetachOnce == link.address {
            addressToDetachOnce = nil
            links[place] = nil
            try connection.send(
                .detach(handle: handle, name: "qd:routed-link-lost", on: frame.channel))
            return
        }
        received.add(link.address)
        links[place]?.received += 1
        let isSettled = if case .bool(true) = frame[4] { true } else { false }
        guard !isSettled, !silentAddresses.contains(link.address) else { return }
        let delivery = UInt32(frame[1].number ?? 0)
        let outcome =
            releasingAddresses.contains(link.address) ? DeliveryState.released : .accepted
        try connection.send(.disposition(delivery...delivery, outcome, on: frame.channel))
    }
}
