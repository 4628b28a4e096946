// A router and a broker behind it, as far as the machines can tell.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
import LinkRecovery

/// Answers what the machines ask for, later, wrongly or not at all.
struct SimulatedPeer {
    /// Something on its way to the machines.
    struct Frame: Comparable {
        var at: Instant
        /// The frame that was sent first arrives first.
        var order: Int
        var connection: ConnectionID
        var kind: Kind

        enum Kind {
            case open
            case attach(LinkID, hasTarget: Bool, maxMessageSize: UInt64)
            case flow(LinkID, Int, isDraining: Bool)
            case outcome(LinkID, DeliveryTag, Outcome)
            case detach(LinkID, ErrorCondition)
            case end(SessionID)
            case lost(ConnectionLoss, ErrorCondition)
        }

        static func < (left: Frame, right: Frame) -> Bool {
            (left.at, left.order) < (right.at, right.order)
        }

        static func == (left: Frame, right: Frame) -> Bool { left.order == right.order }
    }

    /// A message at the broker.
    struct Kept: Hashable {
        var sender: SenderID
        var sequence: UInt64
    }

    var plan: FaultPlan
    /// Faults that are planned ahead happen before this.
    let faultsEndAt: Instant
    /// The messages that the broker holds.
    private(set) var kept: Set<Kept> = []
    /// It has said something that may be the end of a run.
    private(set) var hasBeenFatal = false

    private var random: RandomSource
    private var frames = FrameQueue()
    private var frameCount = 0
    private var connection = ConnectionID(0)
    private var sessions: Set<SessionID> = []
    /// By sender, the newest link and its session.
    private var links: [SenderID: (id: LinkID, session: SessionID)] = [:]
    /// The endpoints that still listen: nothing more is sent for others, but for what is stale.
    private var isConnectionHeard = false
    private var heardLinks: Set<LinkID> = []
    /// When it does not read.
    private var deafness = Driver.start..<Driver.start

    /// Messages get no outcome, but for one that should not come.
    private let isPreSettled: Bool

    init(isPreSettled: Bool, plan: FaultPlan, faultsEndAt: Instant, random: RandomSource) {
        self.isPreSettled = isPreSettled
        self.plan = plan
        self.faultsEndAt = faultsEndAt
        self.random = random
    }

    var nextArrival: Instant? { frames.first?.at }

    /// Takes frames that arrive together on one connection, and are still to be heard.
    mutating func arrivals(until now: Instant) -> (connection: ConnectionID, frames: [Frame])? {
        guard let first = frames.first, first.at <= now else { return nil }
        var batch: [Frame] = []
        while let next = frames.first, next.at <= now, next.connection == first.connection {
            frames.removeFirst()
            guard isHeard(next) || happens(plan.staleArrives) else { continue }
            let lastWords = lastWords(before: next)
            let isLast = happens(50)
            batch += isLast ? [next] + lastWords : lastWords + [next]
            // The last event of a connection ends its last batch.
            if case .lost = next.kind { break }
        }
        return (first.connection, batch)
    }

    /// A router that detaches a link may say in the same breath what became of deliveries on it,
    /// and part of that is not to be believed.
    private mutating func lastWords(before frame: Frame) -> [Frame] {
        guard case .detach(let link, _) = frame.kind, happens(50) else { return [] }
        var words: [Frame] = []
        var others: [Frame] = []
        while var next = frames.first {
            frames.removeFirst()
            guard case .outcome(link, let tag, let outcome) = next.kind else {
                others.append(next)
                continue
            }
            let made: [Outcome] = [
                outcome, .modified(deliveryFailed: false, undeliverableHere: false),
                .rejected(.routingFailure),
                .rejected(.refused),
            ]
            next.kind = .outcome(link, tag, made[Int(random.next(upTo: 3))])
            words.append(next)
        }
        for other in others { frames.insert(other) }
        return words
    }

    private mutating func isHeard(_ frame: Frame) -> Bool {
        switch frame.kind {
        case .lost:
            let isHeard = frame.connection == connection && isConnectionHeard
            if isHeard { isConnectionHeard = false }
            return isHeard
        case .open:
            return frame.connection == connection && isConnectionHeard
        case .end(let id):
            guard frame.connection == connection, sessions.contains(id) else { return false }
            // Nothing follows on a session that has ended (§2.5.5).
            silence(id)
            return true
        case .attach(let id, _, _), .flow(let id, _, _), .outcome(let id, _, _):
            return frame.connection == connection && heardLinks.contains(id)
        case .detach(let id, _):
            return frame.connection == connection && heardLinks.remove(id) != nil
        }
    }

    private mutating func silence(_ session: SessionID) {
        sessions.remove(session)
        for (_, link) in links where link.session == session { heardLinks.remove(link.id) }
    }

    /// Bytes of ours that it has not read.
    mutating func unreadBytes(now: Instant) -> Int {
        if deafness.contains(now) { return 100 }
        return happens(plan.bytesAreStuck) ? 100 : 0
    }

    // MARK: Chance

    private mutating func happens(_ percent: UInt64) -> Bool {
        percent > 0 && random.next(upTo: 99) < percent
    }

    private mutating func delay(_ longest: UInt64) -> Milliseconds {
        Milliseconds(random.next(upTo: longest))
    }

    private mutating func post(_ kind: Frame.Kind, at: Instant) {
        frameCount += 1
        frames.insert(Frame(at: at, order: frameCount, connection: connection, kind: kind))
    }

    /// A fault planned ahead; it does not happen when the time of faults is over by then.
    private mutating func plot(_ kind: Frame.Kind, at: Instant) {
        if at < faultsEndAt { post(kind, at: at) }
    }

    // MARK: Answers

    mutating func answer(_ action: Action, now: Instant) {
        switch action {
        case .connect(let id, _):
            connection = id
            isConnectionHeard = true
            sessions = []
            links = [:]
            heardLinks = []
            answerConnect(now: now)
        case .closeConnection:
            for link in heardLinks.sorted(by: { $0.number < $1.number }) where happens(50) {
                heardLinks.remove(link)
            }
            if !happens(plan.closeIsIgnored) { post(.lost(.closed, .none), at: now + delay(20)) }
        case .abortConnection:
            if !happens(plan.abortIsNotReported) {
                post(.lost(.transport, .none), at: now + delay(2))
            }
        case .openSession(let id):
            sessions.insert(id)
        case .freeSession(let id):
            silence(id)
        case .openLink(let id, let session):
            if let former = links[id.sender] { heardLinks.remove(former.id) }
            links[id.sender] = (id, session)
            heardLinks.insert(id)
            answerAttach(id, on: session, now: now)
        case .closeLink(let id):
            if heardLinks.contains(id), !happens(plan.closeIsIgnored) {
                post(.detach(id, .none), at: now + delay(30))
            }
        case .send(let sequence, let tag, let link):
            answerSend(sequence, tag, on: link, now: now)
        case .freeLink, .returnCredit, .free, .wake, .report, .finish:
            break
        }
    }

    private mutating func answerConnect(now: Instant) {
        if happens(plan.connectIsIgnored) { return }
        if happens(plan.connectFails) {
            post(.lost(.transport, .none), at: now + delay(100))
            return
        }
        if happens(plan.authenticationFails) {
            hasBeenFatal = true
            post(.lost(.authentication, .none), at: now + delay(20))
            return
        }
        post(.open, at: now + delay(20))
        if happens(plan.connectionIsLost) { plot(.lost(.transport, .none), at: now + delay(5_000)) }
    }

    private mutating func answerAttach(_ link: LinkID, on session: SessionID, now: Instant) {
        if happens(plan.attachIsIgnored) { return }
        if happens(plan.attachIsRefused) {
            let at = now + delay(30)
            if !happens(20) {
                post(.attach(link, hasTarget: false, maxMessageSize: 0), at: at)
            }
            post(.detach(link, drawLoss()), at: at + (happens(50) ? 0 : delay(5)))
            return
        }
        let at = now + delay(30) + (happens(plan.attachIsLate) ? delay(5_000) : 0)
        let size: UInt64 = happens(plan.messageSizeIsLimited) ? 40 : 0
        post(.attach(link, hasTarget: true, maxMessageSize: size), at: at)
        if !happens(plan.creditIsWithheld) {
            post(.flow(link, 1 + Int(random.next(upTo: 30)), isDraining: false), at: at + delay(3))
        }
        if happens(plan.creditIsDrained) {
            plot(.flow(link, 0, isDraining: true), at: at + delay(500))
            plot(.flow(link, 10, isDraining: false), at: at + 500 + delay(500))
        }
        if happens(plan.readingStops) { stopReading(from: at + delay(500)) }
        if happens(plan.linkIsLost) { plot(.detach(link, drawLoss()), at: at + delay(2_000)) }
        if happens(plan.sessionIsLost) { plot(.end(session), at: at + delay(2_000)) }
    }

    private mutating func stopReading(from: Instant) {
        deafness = min(from, faultsEndAt)..<min(from + delay(6_000), faultsEndAt)
    }

    private mutating func drawLoss() -> ErrorCondition {
        guard happens(plan.lossIsFatal) else {
            return [.routedLinkLost, .noRoute, .none][Int(random.next(upTo: 2))]
        }
        hasBeenFatal = true
        let fatal: [ErrorCondition] = [
            .notFound, ErrorCondition(name: "qd:link-expiration"),
            ErrorCondition(name: "amqp:link:message-size-exceeded"),
        ]
        return fatal[Int(random.next(upTo: 2))]
    }

    private mutating func answerSend(
        _ sequence: UInt64, _ tag: DeliveryTag, on link: LinkID, now: Instant
    ) {
        let message = Kept(sender: link.sender, sequence: sequence)
        let at = now + 1 + delay(happens(10) ? 500 : 20)
        if !happens(plan.creditIsWithheld) {
            let credit = happens(plan.creditComesInBursts) ? 40 : 1
            post(.flow(link, credit, isDraining: false), at: at)
        }
        if isPreSettled, !happens(plan.outcomeIsRepeated) { return }
        if happens(plan.outcomeIsWithheld) {
            if happens(50) { kept.insert(message) }
            return
        }
        let outcome = drawOutcome(message)
        post(.outcome(link, tag, outcome), at: at)
        if happens(plan.outcomeIsRepeated) {
            post(.outcome(link, tag, happens(50) ? outcome : .released), at: at + delay(100))
        }
        if case .rejected(let condition) = outcome, condition == .routingFailure, happens(70) {
            post(.detach(link, .routedLinkLost), at: at + delay(10))
        }
    }

    private mutating func drawOutcome(_ message: Kept) -> Outcome {
        if happens(plan.routingFails) { return .rejected(.routingFailure) }
        if happens(plan.rejected) {
            let conditions: [ErrorCondition] = [.noRoom, .queueUnavailable, .refused, .refused]
            let condition = conditions[Int(random.next(upTo: 3))]
            // Its queue may have the message nevertheless.
            if condition == .queueUnavailable, happens(50) { kept.insert(message) }
            return .rejected(condition)
        }
        guard happens(plan.returned) else {
            kept.insert(message)
            return .accepted
        }
        switch random.next(upTo: 3) {
        case 0: return .none
        case 1: return .modified(deliveryFailed: false, undeliverableHere: happens(20))
        default: return .released
        }
    }
}

/// Frames on their way, the next one last.
private struct FrameQueue {
    private var frames: [SimulatedPeer.Frame] = []

    var first: SimulatedPeer.Frame? { frames.last }

    mutating func removeFirst() { frames.removeLast() }

    mutating func insert(_ frame: SimulatedPeer.Frame) {
        let place = frames.firstIndex { $0 < frame } ?? frames.endIndex
        frames.insert(frame, at: place)
    }
}
