// Unexpected frames.
// SPDX-License-Identifier: Apache-2.0

internal import RawPeer

/// The state of a connection when its peer strays.
struct PeerState {
    /// The peer's own channels that are in use.
    var channels: [UInt16] = []
    /// The peer's own handles that are in use.
    var handles: [UInt32] = []
    /// The channels of the client's begins.
    var clientChannels: [UInt16] = []
    /// The last attach of the client's.
    var attach: Frame?
    /// One more than the largest delivery-id that has come.
    var nextDelivery: UInt32 = 0
}

extension Dice {
    private static let conditions = [
        "amqp:internal-error", "amqp:not-found", "amqp:resource-limit-exceeded",
        "amqp:connection:forced",
        "amqp:link:detach-forced", "amqp:link:message-size-exceeded", "amqp:precondition-failed",
        "amqp:session:window-violation", "amqp:link:redirect", "qd:no-route-to-dest",
        "x:unheard-of", "",
    ]

    private mutating func channel(_ around: PeerState) -> UInt16 {
        around.channels.isEmpty || chance(1, of: 6)
            ? pick([0, 1, 2, 3, 99, 100, 32768, 65535]) : pick(around.channels)
    }

    private mutating func handle(_ around: PeerState) -> UInt32 {
        around.handles.isEmpty || chance(1, of: 4)
            ? pick([0, 1, 2, 3, 7, 255, 65535, 65536, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, .max])
            : pick(around.handles)
    }

    /// An error (§2.8.14); null: none.
    mutating func error(description: String = "by the peer") -> Value {
        guard chance(2, of: 3) else { return .null }
        let name = Value.symbol(pick(Self.conditions))
        return .described(0x1D, .list([name, .string(description)]))
    }

    /// A frame of any kind, at a time that is not its own.
    mutating func stray(_ around: PeerState) -> Utterance {
        let utterance: Utterance
        switch count(0...26) {
        case 0, 1: utterance = Utterance(open())
        case 2, 3: utterance = Utterance(begin(around))
        case 4...6: utterance = Utterance(attach(around))
        case 7...9: utterance = Utterance(flow(around))
        case 10...12: utterance = Utterance(transfer(around))
        case 13...17: utterance = disposition(around)
        case 18, 19:
            utterance = Utterance(
                Frame(
                    .detach, on: channel(around),
                    [.uint(handle(around)), .bool(chance(1, of: 2)), error()]))
        case 20, 21: utterance = Utterance(Frame(.end, on: channel(around), [error()]))
        case 22: utterance = Utterance(Frame(.close, [error()]))
        case 23, 24: utterance = Utterance(sasl())
        case 25: utterance = Utterance(bytes: Utterance.frameBytes(channel: channel(around), []))
        default: utterance = Utterance(bytes: bytes(count(1...100)))
        }
        return chance(1, of: 4) ? damage(utterance) : utterance
    }

    mutating func open() -> Frame {
        Frame(
            .open,
            [
                .string("raw-peer"), .null, .uint(pick([65536, 512, 513, 0, 1, .max])),
                .ushort(pick([100, 0, 1, 65535])),
                chance(1, of: 2) ? .null : .uint(pick([0, 1, 20, 100, 5000, .max])),
            ])
    }

    private mutating func begin(_ around: PeerState) -> Frame {
        let remote: Value
        switch count(0...3) {
        case 0: remote = .null
        case 1 where !around.clientChannels.isEmpty: remote = .ushort(pick(around.clientChannels))
        default: remote = .ushort(pick([0, 1, 2, 100, 65535]))
        }
        return Frame(
            .begin, on: channel(around),
            [remote, .uint(uint()), .uint(uint(near: 100)), .uint(uint()), .uint(uint(near: 1))])
    }

    private mutating func attach(_ around: PeerState) -> Frame {
        var attach =
            around.attach.map { Frame.attach(answering: $0) } ?? Frame(.attach, [.string("x")])
        attach.channel = channel(around)
        while attach.fields.count < 11 { attach.fields.append(.null) }
        attach.fields[1] = .uint(handle(around))
        if chance(1, of: 2) { attach.fields[0] = .string(pick(["", "theirs", "theirs-2"])) }
        if chance(1, of: 3) {
            attach.fields[2] = .bool(false)
            attach.fields[9] = .uint(uint())
        }
        if chance(1, of: 4) { attach.fields[3] = .ubyte(pick([0, 1, 2, 3, 255])) }
        if chance(1, of: 4) { attach.fields[4] = .ubyte(pick([0, 1, 2, 255])) }
        if chance(1, of: 4) {
            attach.fields[pick([5, 6])] = pick([.null, .described(0x30, .list([]))])
        }
        if chance(1, of: 4) { attach.fields[10] = .ulong(pick([0, 1, 100, .max])) }
        return attach
    }

    private mutating func flow(_ around: PeerState) -> Frame {
        var flow = Frame.flow(
            credit: uint(near: 10), handle: handle(around),
            deliveryCount: uint(near: around.nextDelivery),
            drain: chance(1, of: 3), nextIncomingID: uint(near: around.nextDelivery),
            incomingWindow: uint(near: 100), on: channel(around))
        if chance(1, of: 3) { flow.fields = Array(flow.fields.prefix(4)) }
        if chance(1, of: 3) { flow.fields[0] = .null }
        if flow.fields.count > 9, chance(1, of: 3) { flow.fields[5] = .null }
        if chance(1, of: 4) { flow.fields += [.bool(true)] }
        return flow
    }

    private mutating func transfer(_ around: PeerState) -> Frame {
        var transfer = Frame(
            .transfer, on: channel(around),
            [
                .uint(handle(around)), chance(1, of: 2) ? .uint(uint()) : .null,
                chance(1, of: 2) ? .binary(bytes(count(0...40))) : .null, .uint(0),
                .bool(chance(1, of: 2)), .bool(chance(1, of: 2)), .null,
                chance(1, of: 3) ? state().0 : .null, .bool(chance(1, of: 4)),
                .bool(chance(1, of: 4)),
            ])
        transfer.payload = bytes(count(0...40))
        return transfer
    }

    /// The mechanisms that are offered; seldom others than the one that the client takes.
    mutating func mechanisms(isProper: Bool) -> Frame {
        guard !isProper, chance(1, of: 20) else {
            return Frame(.saslMechanisms, [.symbol("ANONYMOUS")])
        }
        let names = pick([
            [], ["ANONYMOUS"], ["PLAIN", "ANONYMOUS"], ["ANONYMOUS", "ANONYMOUS"], [""],
        ])
        let content = names.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        let array = [0xE0, UInt8(content.count + 2), UInt8(names.count), 0xA3] + content
        return Frame(.saslMechanisms, [pick([.raw(array), .null, .symbol("PLAIN"), oddValue()])])
    }

    mutating func saslOutcome(isProper: Bool) -> Frame {
        guard !isProper, chance(1, of: 20) else { return Frame(.saslOutcome, [.ubyte(0)]) }
        return Frame(
            .saslOutcome, [pick([.ubyte(UInt8(count(1...6))), .null, .uint(0)]), oddValue()])
    }

    /// The same once more, or nearly so.
    mutating func again(_ utterance: Utterance) -> Utterance {
        var again = utterance
        guard utterance.bytes == nil, chance(2, of: 3) else { return again }
        switch utterance.frame.performative {
        case .begin: again.frame.channel ^= UInt16(count(1...3))
        case .attach:
            again.frame.fields[1] = .uint(pick([3, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, .max]))
        default: break
        }
        return again
    }

    private mutating func sasl() -> Frame {
        switch count(0...4) {
        case 0: Frame(.saslMechanisms, [.symbol("ANONYMOUS")])
        case 1: Frame(.saslInit, [.symbol("ANONYMOUS"), .binary([])])
        case 2: Frame(.saslChallenge, [.binary(bytes(10))])
        case 3: Frame(.saslResponse, [.binary(bytes(10))])
        default: Frame(.saslOutcome, [.ubyte(UInt8(count(0...5)))])
        }
    }
}

// MARK: - Dispositions

extension Dice {
    /// A state, and what it says.
    mutating func state() -> (Value, Verdict) {
        switch count(0...15) {
        case 0...3: return (.described(0x24, .list([])), .accepted)
        case 4...6:
            let description = "reason \(number(upTo: .max))"
            let name = pick([
                "x:refused", "amqp:internal-error", "amqp:decode-error",
                "amqp:resource-limit-exceeded",
            ])
            let error = Value.described(0x1D, .list([.symbol(name), .string(description)]))
            return (.described(0x25, .list([error])), .rejected(description))
        case 7: return (.described(0x26, .list([])), .released)
        case 8, 9:
            let isUndeliverable = chance(1, of: 2)
            let fields: [Value] = [.bool(chance(1, of: 2)), .bool(isUndeliverable)]
            return (.described(0x27, .list(fields)), .modified(isUndeliverable: isUndeliverable))
        case 10:
            return (.described(0x23, .list([.uint(uint()), .ulong(number(upTo: .max))])), .nothing)
        case 11: return (.null, .nothing)
        default: return oddState()
        }
    }

    private mutating func oddState() -> (Value, Verdict) {
        switch count(0...9) {
        // Without the error, its description is nobody's.
        case 0: (.described(0x25, .list([])), .rejected(""))
        case 1: (.described(0x25, .list([.null])), .rejected(""))
        case 2: (.described(0x25, .list([oddValue()])), .rejected(nil))
        case 3: (.described(0x25, oddValue()), .rejected(nil))
        case 4:
            (.described(0x24, pick([.null, .map([]), .list([.uint(1)]), .bool(true)])), .accepted)
        case 5: (.described(0x27, .list([oddValue(), .null])), .modified(isUndeliverable: false))
        case 6: (.described(pick([0x22, 0x28, 0x29, 0x34, 0, .max]), oddValue()), .nothing)
        case 7:
            (
                .raw([0x00] + Value.symbol("amqp:accepted:list").encoded + Value.list([]).encoded),
                .perhapsAccepted
            )
        case 8:
            (pick([.list([]), .uint(0x24), .ulong(0x24), .symbol("amqp:accepted:list")]), .nothing)
        default: (.raw([0x00] + Value.uint(0x24).encoded + [0x45]), .nothing)
        }
    }

    /// A disposition of one delivery, of a range, or of what was never sent.
    private mutating func disposition(_ around: PeerState) -> Utterance {
        let next = around.nextDelivery
        let (first, last): (UInt32, UInt32)
        switch count(0...7) {
        case 0 where next > 0: (first, last) = (0, next - 1)
        case 1, 2: (first, last) = (next &- 1, next &- 1)
        case 3: (first, last) = (next, next &+ UInt32(count(0...20)))
        case 4: (first, last) = (0, pick([UInt32(Int32.max), 0x8000_0000, .max]))
        case 5: (first, last) = (next &- 1, 0)
        case 6: (first, last) = (uint(near: next), uint(near: next))
        default:
            first = UInt32(number(upTo: UInt64(next)))
            last = first &+ UInt32(count(0...3))
        }
        return disposition(
            first: first, last: last, isSettled: chance(3, of: 4), on: channel(around))
    }

    mutating func disposition(
        first: UInt32, last: UInt32, isSettled: Bool, on channel: UInt16
    ) -> Utterance {
        let (state, verdict) = state()
        return Utterance(
            Frame(
                .disposition, on: channel,
                [.bool(true), .uint(first), .uint(last), .bool(isSettled), state]),
            verdict: verdict)
    }
}
