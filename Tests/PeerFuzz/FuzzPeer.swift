// A peer that serves as it should, up to a point.
// SPDX-License-Identifier: Apache-2.0

internal import RawPeer
internal import Synchronization

/// The state that the connections of one run share.
final class Stage: Sendable {
    let messages: MessageBytes
    let testimony = Mutex(Testimony())
    /// Called with what is said and heard; nil: no narration.
    let narrate: (@Sendable (String) -> Void)?

    init(messages: MessageBytes, narrate: (@Sendable (String) -> Void)?) {
        self.messages = messages
        self.narrate = narrate
    }
}

/// Serves one connection.
struct FuzzPeer {
    /// One session of the client's.
    private struct Session {
        var id: Testimony.SessionID
        var peerChannel: UInt16
        var links: [UInt32: Link] = [:]
        var transferCount: UInt32 = 0
        var nextDelivery: UInt32 = 0
    }

    /// One link of the client's.
    private struct Link {
        var peerHandle: UInt32
        var deliveryCount: UInt32 = 0
        var unsettled: [UInt32] = []
        var partial: (id: UInt32, sequence: UInt64?, bytes: [UInt8])?
    }

    private let connection: PeerConnection
    private let stage: Stage
    /// Counted from 1.
    private let number: Int
    private var dice: Dice
    /// When it strays for the first time, in answers; never: it serves as it should.
    private let strayAt: Int
    private var answerCount = 0
    private var canWrite = true
    private var sessionCount = 0
    private var sessions: [UInt16: Session] = [:]
    /// By the peer's channel, as its begins said.
    ///
    /// Nil: one of them said what is not known.
    private var spokenFor: [UInt16: [Testimony.SessionID]]? = [:]
    private var lastAttach: Frame?

    /// `seed` is the run's; `properFrom` is the first connection that is served as it should be.
    init(_ connection: PeerConnection, stage: Stage, seed: UInt64, properFrom: Int) {
        self.connection = connection
        self.stage = stage
        number = stage.testimony.withLock {
            $0.connectionCount += 1
            return $0.connectionCount
        }
        dice = Dice(seed: seed &* 0x9E37_79B9 &+ UInt64(number))
        strayAt = number >= properFrom ? .max : dice.count(1...12)
    }

    private var isProper: Bool { strayAt == .max }

    /// Serves until the client ends the connection.
    mutating func serve() {
        do {
            try greet()
            while true {
                let frames = try connection.readSome()
                guard !frames.isEmpty else { return }
                for frame in frames { stage.narrate?("\(number) <- \(frame.summary)") }
                say(answers(to: frames))
            }
        } catch {
            // All that the client sends can be read.
            stage.testimony.withLock { $0.noteBreach("connection \(number): \(error)") }
        }
    }

    private mutating func greet() throws {
        guard try connection.readHeader() != nil else { return }
        let header = PeerConnection.header
        let offer = [Utterance(bytes: header(3)), Utterance(dice.mechanisms(isProper: isProper))]
        let outcome = [Utterance(dice.saslOutcome(isProper: isProper))]
        // All at once: nothing of it needs an answer.
        let isPipelined = !isProper && dice.chance(1, of: 8)
        if isPipelined {
            let rest = [Utterance(bytes: header(0)), Utterance(dice.open())]
            say(offer + outcome + (dice.chance(1, of: 2) ? rest : [rest[0]]))
        } else {
            say(offer)
        }
        // SASL's init, or whatever a client does that has lost its peer.
        guard let frame = try connection.read(), frame.performative == .saslInit else { return }
        if !isPipelined { say(outcome) }
        guard try connection.readHeader() != nil else { return }
        if !isPipelined { say([Utterance(bytes: header(0))]) }
    }
}

// MARK: - Answers

extension FuzzPeer {
    private mutating func answers(to frames: [Frame]) -> [Utterance] {
        var answers: [Utterance] = []
        for frame in frames {
            switch frame.performative {
            case .open: answers.append(Utterance(isProper ? .open() : dice.open()))
            case .begin: answers += begin(frame)
            case .attach: answers += attach(frame)
            case .transfer: note(frame)
            case .detach: answers += detach(frame)
            case .end:
                guard let session = sessions.removeValue(forKey: frame.channel) else { continue }
                answers.append(Utterance(.end(on: session.peerChannel)))
            case .close: answers.append(Utterance(.close()))
            default: break
            }
        }
        for channel in sessions.keys.sorted() { answers += settle(channel) }
        return answers
    }

    private mutating func begin(_ frame: Frame) -> [Utterance] {
        // An answer to a stray begin.
        guard frame[0] == .null else { return [] }
        sessionCount += 1
        let id = Testimony.SessionID(connection: number, number: sessionCount)
        let peerChannel =
            dice.chance(1, of: 4) ? frame.channel &+ UInt16(dice.count(1...50)) : frame.channel
        sessions[frame.channel] = Session(id: id, peerChannel: peerChannel)
        var begin = Frame.begin(on: peerChannel)
        begin.fields[0] = .ushort(frame.channel)
        return [Utterance(begin)]
    }

    private mutating func attach(_ frame: Frame) -> [Utterance] {
        guard let session = sessions[frame.channel], frame[2] == .bool(false),
            frame[0].text?.hasPrefix("theirs") != true
        else { return [] }
        lastAttach = frame
        let handle = UInt32(frame[1].number ?? 0)
        let peerHandle = dice.chance(1, of: 4) ? handle &+ UInt32(dice.count(1...50)) : handle
        var answer = Frame.attach(answering: frame)
        answer.channel = session.peerChannel
        answer.fields[1] = .uint(peerHandle)
        guard isProper || !dice.chance(1, of: 10) else {
            answer.fields[6] = .null
            let detach = Frame(
                .detach, on: session.peerChannel, [.uint(peerHandle), .bool(true), dice.error()])
            return [Utterance(answer), Utterance(detach)]
        }
        if !isProper, dice.chance(1, of: 10) {
            answer.fields[10] = .ulong(UInt64(dice.count(1...2000)))
        }
        let link = Link(peerHandle: peerHandle)
        sessions[frame.channel]?.links[handle] = link
        return [Utterance(answer), Utterance(flow(session, link))]
    }

    private mutating func flow(_ session: Session, _ link: Link) -> Frame {
        let credit = isProper ? 100 : UInt32(dice.count(0...10))
        return .flow(
            credit: credit, handle: link.peerHandle, deliveryCount: link.deliveryCount,
            drain: !isProper && dice.chance(1, of: 10), nextIncomingID: session.transferCount,
            incomingWindow: isProper ? 1000 : UInt32(dice.count(0...50)), on: session.peerChannel)
    }

    private mutating func detach(_ frame: Frame) -> [Utterance] {
        let handle = UInt32(frame[0].number ?? 0)
        guard let session = sessions[frame.channel],
            let link = sessions[frame.channel]?.links.removeValue(forKey: handle)
        else { return [] }
        return [Utterance(.detach(handle: link.peerHandle, on: session.peerChannel))]
    }

    /// Takes a transfer to what was received.
    private mutating func note(_ frame: Frame) {
        let handle = UInt32(frame[0].number ?? 0)
        guard var session = sessions[frame.channel], var link = session.links[handle] else {
            return
        }
        session.transferCount &+= 1
        if link.partial == nil {
            let id = UInt32(frame[1].number ?? 0)
            guard case .binary(let tag) = frame[2] else {
                return stage.testimony.withLock { $0.noteBreach("a delivery without a tag") }
            }
            let sequence = stage.messages.sequence(beginning: frame.payload)
            stage.testimony.withLock {
                $0.note(delivery: id, tag: tag, sequence: sequence, in: session.id)
            }
            link.partial = (id, sequence, [])
            session.nextDelivery = max(session.nextDelivery, id &+ 1)
        }
        link.partial?.bytes += frame.payload
        let isAborted = frame[9] == .bool(true)
        if frame[5] != .bool(true) || isAborted, let partial = link.partial {
            link.partial = nil
            link.deliveryCount &+= 1
            if frame[4] != .bool(true) { link.unsettled.append(partial.id) }
            if !isAborted, let sequence = partial.sequence,
                stage.messages[sequence] != partial.bytes
            {
                stage.testimony.withLock { $0.noteBreach("message \(sequence) has other bytes") }
            }
        }
        session.links[handle] = link
        sessions[frame.channel] = session
    }

    /// Settles what has come, and grants credit for as much.
    private mutating func settle(_ channel: UInt16) -> [Utterance] {
        guard let session = sessions[channel] else { return [] }
        var answers: [Utterance] = []
        for (handle, link) in session.links.sorted(by: { $0.key < $1.key }) {
            guard !link.unsettled.isEmpty, isProper || dice.chance(3, of: 4) else { continue }
            sessions[channel]?.links[handle]?.unsettled = []
            for range in ranges(link.unsettled) {
                answers.append(disposition(range, on: session.peerChannel))
            }
            answers.append(Utterance(flow(session, link)))
        }
        return answers
    }

    private mutating func disposition(_ range: ClosedRange<UInt32>, on channel: UInt16) -> Utterance
    {
        if dice.chance(3, of: isProper ? 4 : 6) {
            return Utterance(.disposition(range, .accepted, on: channel), verdict: .accepted)
        }
        return dice.disposition(
            first: range.lowerBound, last: range.upperBound,
            isSettled: isProper || dice.chance(3, of: 4), on: channel)
    }

    /// Ids in runs of neighbours.
    private func ranges(_ ids: [UInt32]) -> [ClosedRange<UInt32>] {
        var ranges: [ClosedRange<UInt32>] = []
        for id in ids {
            if let last = ranges.last, last.upperBound &+ 1 == id, id != 0 {
                ranges[ranges.count - 1] = last.lowerBound...id
            } else {
                ranges.append(id...id)
            }
        }
        return ranges
    }
}

// MARK: - What is said

extension FuzzPeer {
    /// Says it, or strays.
    private mutating func say(_ utterances: [Utterance]) {
        guard canWrite else { return }
        answerCount += 1
        var utterances = utterances
        var isEnd = false
        let isStraying = answerCount == strayAt || answerCount > strayAt && dice.chance(1, of: 3)
        if isStraying {
            stage.testimony.withLock { $0.strayCount += 1 }
            isEnd = stray(&utterances)
        }
        var bytes: [UInt8] = []
        for utterance in utterances {
            stage.narrate?("\(number) -> \(utterance.summary)")
            note(utterance)
            bytes += utterance.encoded(by: &dice)
        }
        send(bytes, isEnd: isEnd)
    }

    /// Changes what is to be said, and says whether that is the end of it.
    private mutating func stray(_ utterances: inout [Utterance]) -> Bool {
        let index = utterances.isEmpty ? 0 : dice.count(0...utterances.count - 1)
        switch dice.count(0...12) {
        case 0...2 where !utterances.isEmpty: utterances[index] = dice.damage(utterances[index])
        case 3 where !utterances.isEmpty: utterances.remove(at: index)
        case 4 where !utterances.isEmpty:
            utterances.insert(dice.again(utterances[index]), at: dice.count(index...index + 1))
        case 5: utterances.reverse()
        case 6: return true
        default:
            for _ in 0...dice.count(0...3) {
                let place = dice.count(0...utterances.count)
                utterances.insert(dice.stray(state), at: place)
            }
        }
        return false
    }

    private var state: PeerState {
        let known = sessions.sorted { $0.key < $1.key }
        return PeerState(
            channels: known.map(\.value.peerChannel),
            handles: known.flatMap { $0.value.links.values.map(\.peerHandle).sorted() },
            clientChannels: known.map(\.key), attach: lastAttach,
            nextDelivery: known.last?.value.nextDelivery ?? 0)
    }

    /// Takes to the record what it says.
    private mutating func note(_ utterance: Utterance) {
        let frame = utterance.frame
        switch frame.performative {
        case .begin:
            guard utterance.bytes == nil else {
                spokenFor = nil
                return
            }
            guard case .ushort(let channel) = frame[0], let session = sessions[channel] else {
                return
            }
            spokenFor?[frame.channel, default: []].append(session.id)
        case .close: stage.testimony.withLock { $0.hasClosed = true }
        case .disposition where frame[0] == .bool(true):
            // One that has no first, or fields of other types, says nothing.
            guard case .uint(let first) = frame[1], let last = last(of: frame, first: first),
                [.null, .bool(true), .bool(false)].contains(frame[3])
            else { return }
            let verdict = frame.fields.count > 4 ? utterance.verdict : .nothing
            let all = (0...sessionCount).map { Testimony.SessionID(connection: number, number: $0) }
            let sessions = spokenFor.map { $0[frame.channel] ?? [] } ?? all
            stage.testimony.withLock { $0.note(verdict, first: first, last: last, in: sessions) }
        default: break
        }
    }

    private func last(of disposition: Frame, first: UInt32) -> UInt32? {
        switch disposition[2] {
        case .null: first
        case .uint(let last): last
        default: nil
        }
    }

    private mutating func send(_ bytes: [UInt8], isEnd: Bool) {
        do {
            let cut = dice.chance(1, of: 4) || isEnd ? dice.count(0...bytes.count) : bytes.count
            if cut > 0 { try connection.write(Array(bytes[..<cut])) }
            guard !isEnd else {
                canWrite = false
                return connection.endWriting()
            }
            if cut < bytes.count { try connection.write(Array(bytes[cut...])) }
        } catch {
            // The client has ended the connection; what it said before can still be read.
            canWrite = false
        }
    }
}
