// Turns proton's callbacks into events for the machines, and their actions into calls.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
internal import LinkRecovery
internal import Proton

/// A handler in the manner of proton's: sends are scheduled on the container's loop, a lost link is
/// opened again from there, and no callback ever waits.
///
/// `RunStateMachine` decides what to do.
///
/// - Isolation: the container's loop.
final class SendingHandler: MessagingHandler {
    /// Messages that are taken before the observer is asked again whether it keeps up.
    private static let heldUpCountMax = 256

    private let observer: any SendingObserver
    private let statusBoard: StatusBoard?
    private let mailbox: Mailbox
    private let onFrame: ((String) -> Void)?
    private let supply: (any SenderSupply)?
    private let routes: [SenderRoute]
    private var run: RunStateMachine
    private var context: RunContext
    /// By sender.
    private var isSourceEndReported: [Bool] = []
    /// By sender: how many have its source.
    private var sharerCounts: [Int] = []
    /// The senders that took what they might in the last round, and what they may take in this one.
    private var taking: [(sender: Int, share: Int)] = []
    /// The last peer that has opened.
    private var peer: PeerDescription?

    init(
        options: SendingOptions, routes: [SenderRoute], supply: (any SenderSupply)?,
        isService: Bool, observer: any SendingObserver, statusBoard: StatusBoard?,
        mailbox: Mailbox, seed: UInt64,
        secrets: ((_ endpoint: Int) -> Result<Secrets, UnusableFile>)?, onFrame: ((String) -> Void)?
    ) {
        self.observer = observer
        self.statusBoard = statusBoard
        self.mailbox = mailbox
        self.onFrame = onFrame
        self.supply = supply
        context = RunContext(
            driver: ProtonDriver(options: options, secrets: secrets, isTraced: onFrame != nil),
            observer: observer)
        self.routes = routes
        run = RunStateMachine(
            options: options.recovery, isService: isService,
            endpointCount: options.endpoints.count, seed: seed)
    }

    /// Runs the container until the machines are done.
    func run(_ container: Container) throws(ProtonError) -> SendingResult {
        context.driver.container = container
        defer { context.driver.container = nil }
        try container.run()
        return SendingResult(
            end: context.end ?? .stopped, summary: run.summary(now: now),
            summaries: context.sources.indices.map { run.summary(of: SenderID($0), now: now) },
            formerSummary: run.formerSummary, timings: run.timings(now: now), peer: peer)
    }

    // MARK: Callbacks

    func containerStarted() {
        readClock()
        for route in routes { addSender(route) }
        for index in context.sources.indices { reportSourceEnd(of: index) }
        handle(.started)
        finishTurn()
    }

    func containerWoken() {
        readClock()
        addWantedSenders()
        for limit in mailbox.takeStops() { handle(.stopRequested(within: limit)) }
        context.driver.leaveSilentAddress(now: now)
        handle(.timeCame)
        finishTurn()
    }

    func hostLookedUp(_ id: ConnectionID, _ addresses: [String], failure: String) {
        // Its attempt may have been given up meanwhile.
        guard context.driver.isLookingUp(id) else { return }
        readClock()
        handle(.connection(id, .lookedUp))
        context.driver.lookedUp(addresses, failure: failure, now: now)
        reportFailedConnect()
        finishTurn()
    }

    func loginStepped(_ step: LoginStep, on connection: ConnectionID) -> LoginAnswer {
        context.driver.answer(step, on: connection)
    }

    func connectionOpened(_ id: ConnectionID, peer: String) {
        readClock()
        context.driver.opened()
        self.peer = context.driver.describePeer(containerID: peer)
        handle(.connection(id, .opened(peer: peer)))
    }

    func connectionLost(_ id: ConnectionID, _ loss: ConnectionLoss, _ condition: ErrorCondition) {
        readClock()
        let condition = context.driver.takeFailure() ?? condition
        if context.driver.takesLoss(for: condition, now: now) { return reportFailedConnect() }
        handle(.connection(id, .lost(loss, condition)))
    }

    func sessionLost(_ id: SessionID, _ condition: ErrorCondition) {
        readClock()
        handle(.sessionLost(id, condition))
    }

    func linkOpened(_ id: LinkID, _ properties: LinkProperties) {
        readClock()
        peer?.link =
            properties.hasTarget
            ? context.driver.describeLink(id, maxMessageSize: properties.maxMessageSize) : nil
        handle(.link(id, .opened(properties)))
    }

    func linkLost(_ id: LinkID, isClosed: Bool, _ condition: ErrorCondition) {
        readClock()
        context.driver.dropTransfers(on: id)
        handle(.link(id, .detached(condition)))
    }

    func deliveriesAccepted(_ tags: [DeliveryTag], on link: LinkID) {
        readClock()
        handle(.link(link, .accepted(tags)))
    }

    func deliveryUpdated(_ tag: DeliveryTag, _ outcome: Outcome, on link: LinkID) {
        readClock()
        context.driver.transferEnded(tag, on: link)
        handle(.link(link, .outcome(tag, outcome)))
    }

    func frameTraced(_ frame: TracedFrame, on connection: ConnectionID) {
        onFrame?("\(frame)")
    }

    func batchEnded(_ connection: ConnectionID) {
        readClock()
        for sender in 0..<context.driver.senderCount {
            guard let (link, credit, isDraining) = context.driver.credit(of: sender) else {
                continue
            }
            if peer?.link?.credit == 0 { peer?.link?.credit = credit }
            handle(.link(link, .credit(credit, isDraining: isDraining)))
        }
        handle(.batchEnded(connection))
        finishTurn()
    }

    // MARK: Events and actions

    private var now: Instant { context.now }

    private func readClock() {
        context.now = Instant(microseconds: Container.monotonicMicroseconds)
    }

    private func handle(_ event: Event) {
        let now = now
        run.handle(event, now: now, with: &context)
        if let id = context.driver.takeBegunLookUp() { handle(.connection(id, .lookingUp)) }
        reportRefusedLinks()
        reportFailedConnect()
    }

    private func reportSourceEnd(of index: Int) {
        guard !isSourceEndReported[index], context.sources[index].isAtEnd else { return }
        isSourceEndReported[index] = true
        handle(.sourceEnded(SenderID(index)))
    }

    private func addWantedSenders() {
        guard let supply, context.end == nil else { return }
        // Reports that wait for the end of the turn name the sender whose place another gets.
        if isNextSenderAnother { observer.willIdle() }
        while !(isNextSenderAnother && observer.hasUnwrittenReports),
            let route = supply.nextRoute(for: run.nextSender)
        {
            addSender(route)
        }
    }

    /// Whether the next sender gets the place of one that has ended.
    private var isNextSenderAnother: Bool { run.nextSender.index < context.sources.count }

    private func addSender(_ route: SenderRoute) {
        let (destination, source) = (route.destination, route.source)
        let (id, now) = (run.nextSender, now)
        context.addSender(id, to: destination, source: source)
        if id.index < isSourceEndReported.count {
            isSourceEndReported[id.index] = false
        } else {
            isSourceEndReported.append(false)
            sharerCounts.append(0)
        }
        let sharers = context.sources.indices.filter { context.sources[$0] === source }
        for sharer in sharers { sharerCounts[sharer] = sharers.count }
        _ = run.addSender(
            pace: route.pace, isPreSettled: destination.isPreSettled, now: now,
            with: &context)
        reportRefusedLinks()
    }

    /// Takes what may be taken, and lets the machines conclude.
    private func finishTurn() {
        takeMessages()
        addWantedSenders()
        context.sendPieces()
        var isDelayed = false
        for index in context.sources.indices {
            reportSourceEnd(of: index)
            isDelayed = isDelayed || context.sources[index].isDelayed
        }
        handle(.turnEnded(isSourceDelayed: isDelayed))
        observer.willIdle()
        statusBoard?.post(run.status(now: now), hasEnded: context.end != nil) {
            var details = StatusDetails()
            details.timings = run.timings(now: now)
            details.senders = context.sources.indices.map { run.status(of: SenderID($0), now: now) }
            return details
        }
    }

    /// Takes messages in rounds, in which the senders of one source share what it has.
    private func takeMessages() {
        var hasTaken = true
        while hasTaken {
            hasTaken = false
            taking.append(contentsOf: context.sources.indices.lazy.map { ($0, share: 0) })
            while !taking.isEmpty {
                shareOut()
                taking.removeAll { !takeMessages(of: $0.sender, atMost: $0.share) }
                hasTaken = hasTaken || !taking.isEmpty
            }
        }
    }

    /// Gives each sender its share of what its source has, before the first one takes any.
    private func shareOut() {
        for place in taking.indices {
            let sender = taking[place].sender
            let fairShare = context.sources[sender].availableCount / sharerCounts[sender]
            taking[place].share = min(max(1, fairShare), Self.heldUpCountMax)
        }
    }

    /// Returns whether there was a message, and room for it.
    private func takeMessages(of index: Int, atMost countMax: Int) -> Bool {
        guard !observer.isHoldingUp else { return false }
        let count = run.takeMessages(
            for: SenderID(index), atMost: countMax, now: now, with: &context)
        return count > 0
    }

    /// A link that the peer's limits forbid is lost at once, or moves to another session.
    private func reportRefusedLinks() {
        let refused = context.driver.takeRefusedLinks()
        guard !refused.isEmpty, let connection = run.currentConnection else { return }
        for (id, event) in refused { handle(.link(id, event)) }
        handle(.batchEnded(connection))
    }

    /// A connect that proton refused to begin is a connection that was lost at once.
    private func reportFailedConnect() {
        guard let (id, condition) = context.driver.takeFailedConnect() else { return }
        handle(.connection(id, .lost(.transport, condition)))
        handle(.batchEnded(id))
    }
}
