// Turns proton's callbacks into events for the machines, and their actions into calls.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
internal import LinkRecovery
internal import Proton

/// A handler in the manner of proton's: sends are scheduled on the container's loop, a lost link is
/// opened again from there, and no callback ever waits.
///
/// What to do is decided by `Recovery`.
///
/// Isolation: the container's loop.
final class SendingHandler: MessagingHandler {
    private let source: any MessageSource
    private let observer: any SendingObserver
    private let statusBoard: StatusBoard?
    private let mailbox: Mailbox
    private let onFrame: ((String) -> Void)?
    private let wire: Wire
    private var recovery: Recovery
    /// What is to be done; empty between two events, and reused.
    private var actions: [Action] = []
    private var isSourceEndTold = false
    private var now = Instant(milliseconds: 0)
    private var end: End?
    /// The last peer that has opened.
    private var peer: PeerDescription?

    init(
        options: SendingOptions, source: any MessageSource, observer: any SendingObserver,
        statusBoard: StatusBoard?, mailbox: Mailbox, seed: UInt64,
        passwords: ((_ endpoint: Int) -> Passwords)?, onFrame: ((String) -> Void)?
    ) {
        self.source = source
        self.observer = observer
        self.statusBoard = statusBoard
        self.mailbox = mailbox
        self.onFrame = onFrame
        wire = Wire(options: options, passwords: passwords, isTraced: onFrame != nil)
        recovery = Recovery(
            options: options.recovery, pace: options.pace, endpointCount: options.endpoints.count,
            seed: seed)
    }

    /// Runs the container until the machines are done.
    func run(_ container: Container) throws(ProtonError) -> SendingResult {
        wire.container = container
        defer { wire.container = nil }
        try container.run()
        return SendingResult(
            end: end ?? .stopped, summary: recovery.summary(now: now), peer: peer)
    }

    // MARK: Callbacks

    func containerStarted() {
        readClock()
        if source.isAtEnd { tellSourceEnd() }
        tell(.started)
        finishTurn()
    }

    func containerWoken() {
        readClock()
        if mailbox.takeStopRequest() { tell(.stopRequested) }
        wire.leaveSilentAddress(now: now)
        tell(
            .timeCame(
                outgoingBytes: wire.outgoingBytes, credit: wire.credit?.1 ?? 0,
                isSessionAnswered: wire.isSessionAnswered))
        finishTurn()
    }

    func hostLookedUp(_ id: ConnectionID, _ addresses: [String], failure: String) {
        // Its attempt may have been given up meanwhile.
        guard wire.isLookingUp(id) else { return }
        readClock()
        tell(.connection(id, .lookedUp))
        wire.lookedUp(addresses, failure: failure, now: now)
        reportFailedConnect()
        finishTurn()
    }

    func connectionOpened(_ id: ConnectionID, peer: String) {
        readClock()
        wire.opened()
        self.peer = wire.describePeer(containerID: peer)
        tell(.connection(id, .opened(peer: peer)))
    }

    func connectionLost(_ id: ConnectionID, _ loss: ConnectionLoss, _ condition: ErrorCondition) {
        readClock()
        let condition = wire.takeFailure() ?? condition
        if wire.takesLoss(for: condition, now: now) { return reportFailedConnect() }
        tell(.connection(id, .lost(loss, condition)))
    }

    func sessionLost(_ id: SessionID, _ condition: ErrorCondition) {
        readClock()
        tell(.sessionLost(id, condition))
    }

    func senderOpened(_ id: LinkID, _ properties: LinkProperties) {
        readClock()
        peer?.link =
            properties.hasTarget
            ? wire.describeLink(id, maxMessageSize: properties.maxMessageSize) : nil
        tell(
            .link(
                id,
                .opened(
                    hasTarget: properties.hasTarget, maxMessageSize: properties.maxMessageSize,
                    settleMode: properties.settleMode)))
    }

    func senderLost(_ id: LinkID, isClosed: Bool, _ condition: ErrorCondition) {
        readClock()
        tell(.link(id, .lost(condition)))
    }

    func deliveryUpdated(_ tag: DeliveryTag, _ outcome: Outcome, on link: LinkID) {
        readClock()
        tell(.link(link, .outcome(tag, outcome)))
    }

    func frameTraced(_ frame: TracedFrame, on connection: ConnectionID) {
        onFrame?("\(frame)")
    }

    func batchEnded(_ connection: ConnectionID) {
        readClock()
        if let (link, credit, isDraining) = wire.credit {
            if peer?.link?.credit == 0 { peer?.link?.credit = credit }
            tell(.link(link, .credit(credit, isDraining: isDraining)))
        }
        tell(.batchEnded(connection, outgoingBytes: wire.outgoingBytes))
        finishTurn()
    }

    // MARK: Events and actions

    private func readClock() {
        now = Instant(milliseconds: Container.monotonicMilliseconds)
    }

    private func tell(_ event: Event) {
        recovery.handle(event, now: now, into: &actions)
        // By index: performing an action never adds one, but the array must not be copied.
        for index in actions.indices { perform(actions[index]) }
        actions.removeAll(keepingCapacity: true)
        if let id = wire.takeBegunLookUp() { tell(.connection(id, .lookingUp)) }
        reportRefusedLink()
        reportFailedConnect()
    }

    private func tellSourceEnd() {
        guard !isSourceEndTold else { return }
        isSourceEndTold = true
        tell(.sourceEnded)
    }

    /// Takes what may be taken, and lets the machines conclude.
    private func finishTurn() {
        while !observer.isHoldingUp, let next = source.next, recovery.canTake(size: next.size) {
            source.take()
            tell(.message(sequence: next.sequence, size: next.size))
        }
        if source.isAtEnd { tellSourceEnd() }
        tell(.turnEnded(isSourceDelayed: source.isDelayed))
        observer.willIdle()
        statusBoard?.post(recovery.status(now: now), hasEnded: end != nil)
    }

    private func perform(_ action: Action) {
        switch action {
        case .send(let sequence, let tag):
            source.withEncoded(sequence: sequence) { wire.send($0, tag: tag) }
        case .report(let report):
            observer.observe(report)
        case .forget(let sequence):
            source.forget(sequence: sequence)
        case .connect(let id, let endpoint):
            wire.connect(id, endpoint: endpoint, now: now)
        case .closeConnection:
            wire.closeConnection()
        case .abortConnection:
            wire.abortConnection()
        case .openSession(let id):
            wire.openSession(id)
        case .dropSession:
            wire.dropSession()
        case .openLink(let id):
            wire.openLink(id)
        case .closeLink(let id):
            wire.closeLink(id)
        case .dropLink(let id):
            wire.dropLink(id)
        case .returnCredit:
            wire.returnCredit()
        case .wake(let at):
            wire.wake(at: at)
        case .finish(let end):
            self.end = end
            wire.stop()
        }
    }

    /// A link that the peer's limits forbid is lost at once, or its session is.
    private func reportRefusedLink() {
        guard let refusal = wire.takeRefusedLink(), let connection = recovery.currentConnection
        else {
            return
        }
        switch refusal {
        case .session(let id, let condition): tell(.sessionLost(id, condition))
        case .link(let id, let condition): tell(.link(id, .lost(condition)))
        }
        tell(.batchEnded(connection, outgoingBytes: wire.outgoingBytes))
    }

    /// A connect that proton refused to begin is a connection that was lost at once.
    private func reportFailedConnect() {
        guard let (id, condition) = wire.takeFailedConnect() else { return }
        tell(.connection(id, .lost(.transport, condition)))
        tell(.batchEnded(id))
    }
}
