// A peer that serves, sends hostile text, and breaks off at random.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import LinkRecovery
import RawPeer

/// Serves one connection, by a seed.
struct HostilePeer {
    /// The largest frame that the client takes.
    private static let frameSizeMax = 65536

    /// Whether one of its writes is damaged, if it gets there.
    let isBroken: Bool
    private let connection: PeerConnection
    private var random: RandomSource
    private var words: HostileWords
    /// The link that has its target and no detach yet.
    private var link: (handle: UInt32, deliveryCount: UInt32)?
    private var isDetachAnswered = false

    init(_ connection: PeerConnection, seed: UInt64) {
        self.connection = connection
        random = RandomSource(seed: seed)
        words = HostileWords(seed: random.next())
        isBroken = random.next(upTo: 1) == 0
        if isBroken { breakOff() }
    }

    /// Whatever it does to the other side, only that is tested: errors of its own end its work.
    mutating func serve() {
        do {
            _ = try connection.greet()
            let name = chance(1, of: 2) ? "raw-peer" : words.text(100)
            try connection.send(Frame(.open, [.string(name), .null, .uint(65536), .ushort(100)]))
            var isServing = true
            while isServing {
                let frames = try connection.readSome()
                isServing = try !frames.isEmpty && answer(frames)
            }
        } catch {
            // Read on: what is not read makes TCP take back what was written.
            try? connection.drain()
        }
    }

    /// Answers what has come together, and says whether to go on.
    private mutating func answer(_ frames: [Frame]) throws -> Bool {
        var deliveries: [UInt32] = []
        for frame in frames {
            switch frame.performative {
            case .begin: try connection.send(.begin(on: frame.channel))
            case .attach: try attach(frame)
            case .transfer where link != nil: deliveries.append(UInt32(frame[1].number ?? 0))
            case .detach: try detach(frame)
            case .end:
                link = nil
                try connection.send(.end(on: frame.channel))
            case .close:
                try connection.send(.close())
                return false
            default: break
            }
        }
        guard let last = frames.last, !deliveries.isEmpty else { return true }
        try settle(deliveries, on: last.channel)
        return chance(1, of: 4) ? try lose(on: last.channel) : true
    }

    private mutating func attach(_ frame: Frame) throws {
        let handle = UInt32(frame[1].number ?? 0)
        isDetachAnswered = true
        guard !chance(1, of: 10) else {
            try connection.send(
                .attach(answering: frame, hasTarget: false), detach(handle, on: frame.channel))
            return
        }
        link = (handle, 0)
        isDetachAnswered = false
        let credit = UInt32(1 + random.next(upTo: 15))
        try connection.send(
            .attach(answering: frame), .flow(credit: credit, handle: handle, on: frame.channel))
    }

    private mutating func detach(_ frame: Frame) throws {
        link = nil
        guard !isDetachAnswered else { return }
        isDetachAnswered = true
        let handle = UInt32(frame[0].number ?? 0)
        try connection.send(.detach(handle: handle, on: frame.channel))
    }

    /// Refuses most deliveries, and grants new credit for all.
    private mutating func settle(_ deliveries: [UInt32], on channel: UInt16) throws {
        var bytes: [UInt8] = []
        for delivery in deliveries {
            bytes += disposition(delivery, on: channel).encoded
        }
        link?.deliveryCount += UInt32(deliveries.count)
        if let link {
            let flow = Frame.flow(
                credit: UInt32(1 + random.next(upTo: 15)), handle: link.handle,
                deliveryCount: link.deliveryCount, nextIncomingID: (deliveries.last ?? 0) &+ 1,
                on: channel)
            bytes += flow.encoded
        }
        try connection.write(bytes)
    }

    private mutating func disposition(_ delivery: UInt32, on channel: UInt16) -> Frame {
        // Some are accepted: until a message is, some conditions are the end.
        guard !chance(1, of: 20) else {
            return .disposition(delivery...delivery, .accepted, on: channel)
        }
        return Frame(
            .disposition, on: channel,
            [
                .bool(true), .uint(delivery), .uint(delivery), .bool(chance(9, of: 10)),
                .described(0x25, .list([error()])),
            ])
    }

    /// Ends something, and says whether the connection goes on.
    private mutating func lose(on channel: UInt16) throws -> Bool {
        switch random.next(upTo: 7) {
        case 0...3:
            guard let link else { return true }
            self.link = nil
            isDetachAnswered = true
            try connection.send(detach(link.handle, on: channel))
            return true
        case 4, 5:
            link = nil
            try connection.send(Frame(.end, on: channel, [error()]))
            return true
        case 6:
            try connection.send(Frame(.close, [error()]))
            try connection.drain()
            return false
        default:
            return false
        }
    }

    private mutating func detach(_ handle: UInt32, on channel: UInt16) -> Frame {
        Frame(.detach, on: channel, [.uint(handle), .bool(chance(1, of: 2)), error()])
    }
}

// MARK: - What it says

extension HostilePeer {
    private static let namesWithMeaning = [
        "amqp:not-found", "amqp:resource-limit-exceeded", "amqp:unauthorized-access",
        "amqp:precondition-failed", "amqp:connection:forced", "amqp:connection:redirect",
        "amqp:link:detach-forced", "amqp:link:message-size-exceeded", "amqp:internal-error",
        "qd:routed-link-lost", "qd:no-route-to-dest",
    ]

    /// An error (§2.8.14), more or less.
    private mutating func error() -> Value {
        let name = text(as: 0xB3)
        let description = text(as: 0xB1)
        switch random.next(upTo: 30) {
        case 0: return .null
        case 1: return .described(0x1D, .list([]))
        case 2: return .described(0x1D, .list([.null, description]))
        case 3: return .described(0x1D, .list([description, name]))
        case 4: return .described(0x1D, .list([.uint(7), .list([name])]))
        case 5: return .described(0x1D, .map([name, description]))
        case 6: return .described(random.next(upTo: 0x80), .list([name, description]))
        case 7: return .list([name, description])
        case 8:
            return .described(
                0x1D, .list([name, description, .map([name, .binary(words.bytes(50))])]))
        case 9...14:
            let known = Self.namesWithMeaning[Int(random.next(upTo: 10))]
            return .described(0x1D, .list([.symbol(known), description]))
        default: return .described(0x1D, .list([name, description]))
        }
    }

    /// Bytes that are called a symbol (0xB3) or a string (0xB1).
    private mutating func text(as code: UInt8) -> Value {
        let size: Int
        switch random.next(upTo: 5000) {
        case 0: size = 1 << 20
        case 1...100: size = 5000
        default: size = 40
        }
        let content = words.bytes(size)
        return .raw(
            [code] + withUnsafeBytes(of: UInt32(content.count).bigEndian, Array.init) + content)
    }

    /// Breaks off at one of the next writes, which is damaged.
    private mutating func breakOff() {
        var damage = Damage(seed: random.next())
        // Behind a part of a frame, proton would miss the end of TCP.
        let filler = [UInt8](repeating: 0xFF, count: Self.frameSizeMax)
        connection.breakOff(afterWrites: 1 + Int(random.next(upTo: 15))) { bytes in
            damage.applied(to: bytes) + filler
        }
    }

    private mutating func chance(_ part: UInt64, of whole: UInt64) -> Bool {
        random.next(upTo: whole - 1) < part
    }
}

/// Random damage of bytes.
private struct Damage {
    private var random: RandomSource

    init(seed: UInt64) {
        random = RandomSource(seed: seed)
    }

    mutating func applied(to bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...random.next(upTo: 3) where !bytes.isEmpty {
            let place = Int(random.next(upTo: UInt64(bytes.count - 1)))
            let end = min(bytes.count, place + 1 + Int(random.next(upTo: 15)))
            switch random.next(upTo: 7) {
            case 0: bytes.removeSubrange(place...)
            case 1: bytes.removeSubrange(place..<end)
            case 2: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 3: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            default: bytes[place] ^= 1 << random.next(upTo: 7)
            }
        }
        return bytes
    }
}
