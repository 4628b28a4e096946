// A peer that does all that is asked of it, one thing at a time, but for a fault now and then.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
import LinkRecovery

/// A run and the peer of it, in lock-step.
///
/// A value: a copy goes its own way.
struct LockStep {
    private(set) var driver: Driver
    private var asked: [Ask] = []

    /// A request that the peer has not answered yet.
    private enum Ask {
        case open(ConnectionID)
        case close(ConnectionID)
        case attach(LinkID)
        case detach(LinkID)
        case outcome(LinkID, DeliveryTag)
        case moreCredit(LinkID)

        /// Whose it is; what concerns the connection counts as the first sender's.
        var sender: Int {
            switch self {
            case .open, .close: 0
            case .attach(let id), .detach(let id), .outcome(let id, _), .moreCredit(let id):
                id.sender.index
            }
        }
    }

    private static let firstCredit = 2

    init(driver: Driver) {
        self.driver = driver
        self.driver.begin()
        listen()
    }

    /// The next answer, or the next wake-up when there is none to give.
    mutating func step() {
        forgetWhatIsGone()
        if asked.isEmpty {
            passTime()
        } else {
            answer(asked.removeFirst(), with: [.accepted])
        }
        listen()
    }

    private mutating func listen() {
        for action in driver.log {
            switch action {
            case .connect(let id, _):
                asked.append(.open(id))
                driver.outgoingBytes = 0
            case .closeConnection(let id), .abortConnection(let id): asked.append(.close(id))
            case .openLink(let id, _): asked.append(.attach(id))
            case .closeLink(let id): asked.append(.detach(id))
            case .send(_, let tag, let link):
                let isSettled = driver.machine.options.isPreSettled
                asked.append(isSettled ? .moreCredit(link) : .outcome(link, tag))
            default: break
            }
        }
        driver.log.removeAll(keepingCapacity: true)
    }

    private mutating func forgetWhatIsGone() {
        let rules = driver.allRules
        asked.removeAll { ask in
            switch ask {
            case .open(let id), .close(let id): id != rules[0].connection
            case .attach(let id), .detach(let id), .outcome(let id, _), .moreCredit(let id):
                id != rules[id.sender.index].link
            }
        }
    }

    private mutating func passTime() {
        guard let at = driver.rules.armedAt, at < .distantFuture else {
            driver.fail("nothing is armed and nothing to come")
            return
        }
        driver.now = max(driver.now, at)
        driver.wake()
    }

    // MARK: Answers

    private mutating func answer(_ ask: Ask, with outcomes: [Outcome], thenLoss: Bool = false) {
        switch ask {
        case .open(let id):
            tell([.connection(id, .opened(peer: "good"))])
        case .close(let id):
            tell([.connection(id, .lost(.closed, .none))], on: id)
        case .attach(let id):
            let opened = LinkEvent.opened(LinkProperties(hasTarget: true, maxMessageSize: 0))
            tell([.link(id, opened)], moreCredit: LockStep.firstCredit, to: ask.sender)
        case .detach(let id):
            tell([.link(id, .detached(.none))])
        case .outcome(let id, let tag):
            var events = outcomes.map { Event.link(id, .outcome(tag, $0)) }
            if thenLoss { events.append(.link(id, .detached(.routedLinkLost))) }
            tell(events, moreCredit: 1, to: ask.sender)
        case .moreCredit:
            tell([], moreCredit: 1, to: ask.sender)
        }
    }

    /// All that is read at once, with the credit that every attached link has behind it.
    private mutating func tell(
        _ events: [Event], moreCredit: Int = 0, isDraining: Bool = false, to sender: Int = 0,
        on connection: ConnectionID? = nil
    ) {
        guard let connection = connection ?? driver.rules.connection else { return }
        for event in events { driver.handle(event) }
        for index in driver.allRules.indices {
            guard let link = driver.allRules[index].link, driver.allRules[index].isAttached else {
                continue
            }
            let isMeant = index == sender
            let credit = driver.allRules[index].credit + (isMeant ? moreCredit : 0)
            driver.handle(.link(link, .credit(credit, isDraining: isMeant && isDraining)))
        }
        driver.endBatch(connection)
    }

    // MARK: Faults

    /// Does what goes wrong, for one sender; returns false when there is no occasion for it.
    mutating func suffer(_ fault: Fault, of sender: Int) -> Bool {
        guard sender == 0 || fault.isOfOneSender else { return false }
        forgetWhatIsGone()
        defer { listen() }
        switch fault {
        case .linkIsLost, .linkIsRefused, .sessionIsLost, .connectionIsLost:
            return lose(fault, of: sender)
        case .answerIsMissing, .answerIsPutOff:
            return withhold(fault, of: sender)
        case .timePasses:
            // With nothing to answer, time passes anyhow.
            guard !asked.isEmpty, let at = driver.rules.armedAt, at < .distantFuture else {
                return false
            }
            passTime()
        case .creditIsDrained, .creditIsTaken:
            let rules = driver.allRules[sender]
            guard rules.isAttached else { return false }
            let isDraining = fault == .creditIsDrained
            tell(
                [], moreCredit: isDraining ? 0 : -rules.credit, isDraining: isDraining, to: sender)
        case .stopIsAskedFor:
            guard driver.rules.stoppedAt == nil else { return false }
            driver.stop()
        case .timerIsStale:
            driver.wake()
        case .readingStops, .readingGoesOn:
            let bytes = fault == .readingStops ? 1 : 0
            guard driver.machine.options.isPreSettled, driver.outgoingBytes != bytes else {
                return false
            }
            driver.outgoingBytes = bytes
        default:
            return sufferOutcome(fault, of: sender)
        }
        return true
    }

    private mutating func withhold(_ fault: Fault, of sender: Int) -> Bool {
        guard let place = asked.firstIndex(where: { $0.sender == sender }) else { return false }
        if fault == .answerIsMissing {
            asked.remove(at: place)
            return true
        }
        guard place < asked.count - 1 else { return false }
        asked.append(asked.remove(at: place))
        return true
    }

    private mutating func lose(_ fault: Fault, of sender: Int) -> Bool {
        let rules = driver.allRules[sender]
        switch fault {
        case .linkIsLost:
            guard let link = rules.link else { return false }
            tell([.link(link, .detached(.routedLinkLost))])
        case .linkIsRefused:
            guard let link = rules.link, rules.isAttaching else { return false }
            let refusal = LinkEvent.opened(LinkProperties(hasTarget: false, maxMessageSize: 0))
            tell([.link(link, refusal), .link(link, .detached(.noRoute))])
        case .sessionIsLost:
            // One that is shared is lost for the first who has it.
            guard let session = rules.session,
                !driver.allRules[..<sender].contains(where: { $0.session == session })
            else { return false }
            tell([.sessionLost(session, .none)])
        default:
            guard let connection = rules.connection else { return false }
            tell([.connection(connection, .lost(.transport, .none))], on: connection)
        }
        return true
    }

    private mutating func sufferOutcome(_ fault: Fault, of sender: Int) -> Bool {
        let place = asked.firstIndex { ask in
            guard case .outcome = ask else { return false }
            return ask.sender == sender
        }
        guard let place else { return false }
        let ask = fault == .outcomeIsRepeated ? asked[place] : asked.remove(at: place)
        answer(ask, with: LockStep.outcomes(of: fault), thenLoss: fault.comesWithLoss)
        return true
    }

    private static func outcomes(of fault: Fault) -> [Outcome] {
        switch fault {
        case .messageIsReleased, .releaseComesWithLoss: [.released]
        case .messageIsModified: [.modified(deliveryFailed: false, undeliverableHere: false)]
        case .messageIsUndeliverable: [.modified(deliveryFailed: false, undeliverableHere: true)]
        case .messageIsRejected, .rejectionComesWithLoss: [.rejected(.refused)]
        case .brokerHasNoRoom: [.rejected(.noRoom)]
        case .queueIsUnavailable: [.rejected(.queueUnavailable)]
        case .routingFails: [.rejected(.routingFailure)]
        case .outcomeHasNoState: [.none]
        case .outcomeIsDoubled: [.accepted, .accepted]
        default: [.accepted]
        }
    }
}

extension Fault {
    fileprivate var comesWithLoss: Bool {
        switch self {
        case .acceptanceComesWithLoss, .releaseComesWithLoss, .rejectionComesWithLoss: true
        default: false
        }
    }
}
