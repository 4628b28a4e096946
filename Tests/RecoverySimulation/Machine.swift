// The machines under test, or a broken copy of them.
// SPDX-License-Identifier: Apache-2.0

package import AMQP
package import LinkRecovery

/// `RunStateMachine`, and, when there is a breach, what spoils its options, events and actions.
package struct Machine {
    private var recovery: RunStateMachine
    private let breach: Breach?
    private var memory = Memory()

    /// State that a breach has to remember.
    private struct Memory {
        var sent: [UInt64: DeliveryTag] = [:]
        var firstTag: DeliveryTag?
        var firstLink: LinkID?
        var newestLink: LinkID?
        /// With their sessions, in the order of their attaches.
        var links: [(id: LinkID, session: SessionID)] = []
        var newestConnection: ConnectionID?
        var lossCount = 0
    }

    init(
        options: RecoveryOptions, pace: SendPace, senderCount: Int, endpointCount: Int,
        seed: UInt64,
        breach: Breach?
    ) {
        var options = options
        var pace = pace
        breach?.spoil(&options, &pace)
        self.breach = breach
        recovery = RunStateMachine(options: options, endpointCount: endpointCount, seed: seed)
        // Before the start a sender asks for nothing.
        var recorder = Recorder()
        for _ in 0..<senderCount {
            _ = recovery.addSender(
                pace: pace, isPreSettled: options.isPreSettled, now: Driver.start, with: &recorder)
        }
    }

    /// The options that the machines were given.
    package var options: RecoveryOptions { recovery.options }

    package func footprint(of sender: SenderID) -> Int {
        recovery.footprint(of: sender) + (breach == .memoryGrows ? 20 * memory.lossCount : 0)
    }

    func summary(of sender: SenderID, now: Instant) -> Summary {
        recovery.summary(of: sender, now: now)
    }

    func status(now: Instant) -> Status { recovery.status(now: now) }

    func timings(now: Instant) -> Timings { recovery.timings(now: now) }

    func summary(now: Instant) -> Summary {
        var summary = recovery.summary(now: now)
        switch breach {
        case .acceptanceIsCountedTwice: summary.accepted += summary.accepted > 0 ? 1 : 0
        case .doubtIsForgotten: summary.inDoubt -= summary.inDoubt > 0 ? 1 : 0
        case .resendIsForgotten: summary.resent -= summary.resent > 0 ? 1 : 0
        case .returnIsForgotten: summary.released -= summary.released > 0 ? 1 : 0
        case .linkLossIsForgotten: summary.linkLosses -= summary.linkLosses > 0 ? 1 : 0
        case .reconnectIsForgotten: summary.reconnects -= summary.reconnects > 0 ? 1 : 0
        case .interruptionIsForgotten: summary.longestInterruption = 0
        case .unconfirmedIsForgotten: summary.unconfirmed -= summary.unconfirmed > 0 ? 1 : 0
        case .totalIsMiscounted:
            summary.taken += 1
            summary.accepted += 1
        case .totalDoesNotAddUp: summary.taken += 1
        default: break
        }
        return summary
    }

    mutating func handle(_ event: Event, now: Instant, with recorder: inout Recorder) {
        guard let breach else {
            recovery.handle(event, now: now, with: &recorder)
            return
        }
        var (event, now) = (event, now)
        if isWithheld(event) { return }
        spoil(&event, &now, with: &recorder)
        recovery.handle(event, now: now, with: &recorder)
        spoil(&recorder.actions, event)
        if breach == .batchIsNotAwaited, case .link(_, .credit) = event {
            recovery.handle(.batchEnded(ConnectionID(0)), now: now, with: &recorder)
        }
    }
}

extension Machine {
    mutating func takeMessages(
        for sender: SenderID, atMost countMax: Int, now: Instant, with recorder: inout Recorder
    ) -> Int {
        let count = recovery.takeMessages(
            for: sender, atMost: countMax, now: now, with: &recorder)
        if breach != nil { spoil(&recorder.actions, nil) }
        return count
    }
}

// MARK: How it is spoilt

extension Breach {
    fileprivate func spoil(_ options: inout RecoveryOptions, _ pace: inout SendPace) {
        switch self {
        case .windowIsOverrun: options.window += 1
        case .byteWindowIsOverrun: options.windowBytes *= 2
        case .tickIsNotAwaited: pace.interval = 0
        case .tickIsMissed: pace.interval *= 2
        case .returnIsNotPaced: options.retry = RetryPolicy(interval: 1, maximum: 1)
        case .waitsDoNotGrow: options.retry.multiplier = 1
        case .attemptsAreNotCounted: options.retry.attempts = -1
        case .limitIsTooLong: options.openTimeout *= 2
        case .limitIsTooShort: options.openTimeout /= 2
        case .outcomeLimitIsTooLong: options.outcomeTimeout *= 2
        case .noticeIsTooLate: options.creditNotice *= 2
        case .creditLimitIsTooLong: options.creditReopen *= 2
        case .creditTimeoutIsTooShort: options.creditTimeout /= 2
        case .stopTakesTooLong: options.drainTimeout *= 2
        case .stuckBytesAreAwaited: options.outcomeTimeout *= options.isPreSettled ? 2 : 1
        default: break
        }
    }
}

extension Machine {
    private func isWithheld(_ event: Event) -> Bool {
        switch (breach, event) {
        case (.stopIsIgnored, .stopRequested): true
        case (.lateAcceptanceIsIgnored, .link(let link, .outcome(_, .accepted))),
            (.lateAcceptanceIsIgnored, .link(let link, .accepted)):
            link != memory.newestLink
        default: false
        }
    }

    private mutating func spoil(
        _ event: inout Event, _ now: inout Instant, with recorder: inout Recorder
    ) {
        switch (breach, event) {
        case (.creditIsOverdrawn, .link(let link, .credit(let credit, let isDraining))):
            event = .link(link, .credit(credit + 1, isDraining: isDraining))
        case (.creditGoesToAnother, .link(let link, .credit(let credit, let isDraining))):
            guard let other = memory.links.last(where: { $0.id != link })?.id else { break }
            event = .link(other, .credit(credit, isDraining: isDraining))
        case (.largeMessageIsSent, .link(let link, .opened(var properties))):
            properties.maxMessageSize = 0
            event = .link(link, .opened(properties))
        case (.unflushedIsOverrun, .batchEnded), (.unflushedIsOverrun, .timeCame):
            recorder.outgoingBytes = 0
        case (.routingFailureIsFinal, .link(let link, .outcome(let tag, .rejected))):
            event = .link(link, .outcome(tag, .rejected(ErrorCondition(name: "app:refused"))))
        case (.rejectionOfLossIsFinal, .link(_, .detached)):
            recovery.handle(.batchEnded(ConnectionID(0)), now: now, with: &recorder)
        case (.staleTimerActs, .timeCame):
            now = now + options.openTimeout
        default:
            break
        }
    }

    private mutating func spoil(_ actions: inout [Action], _ event: Event?) {
        for index in actions.indices { spoil(&actions, at: index) }
        switch breach {
        case .drainIsIgnored:
            actions.removeAll { if case .returnCredit = $0 { true } else { false } }
        case .doubtIsConcealed:
            actions.removeAll {
                if case .report(.link(_, .unresolved)) = $0 { true } else { false }
            }
        case .lostLinksAreKept:
            actions.removeAll { if case .freeLink = $0 { true } else { false } }
        case .lossIsNotSentAgain:
            let sent = memory.sent
            actions.removeAll { action in
                guard case .send(let sequence, let tag, _) = action else { return false }
                return sent[sequence] != tag
            }
        case .orderIsReversed:
            let places = actions.indices.filter {
                if case .send = actions[$0] { true } else { false }
            }
            if places.count > 1 { actions.swapAt(places[0], places[1]) }
        case .messageIsForgottenTwice:
            if let forget = actions.first(where: { if case .free = $0 { true } else { false } }) {
                actions.append(forget)
            }
        case .secondLinkIsOpened:
            guard case .openLink(let link, let session)? = actions.last else { break }
            actions.append(.openLink(LinkID(link.number + 1_000), on: session))
        case .secondTimerIsArmed:
            if case .wake? = actions.last, let last = actions.last { actions.append(last) }
        case .settledIsSentAgain:
            guard options.isPreSettled, case .send(let sequence, let tag, let link)? = actions.first
            else {
                break
            }
            actions.append(
                .send(sequence: sequence, tag: DeliveryTag(tag.number + 1), on: link))
        case .endIsNotFlushed:
            actions.removeAll { if case .closeLink = $0 { options.isPreSettled } else { false } }
        case .failedFlushIsFinished:
            if case .finish(.unflushed)? = actions.last {
                actions[actions.count - 1] = .finish(.finished)
            }
        case .goodLinkIsClosed:
            if case .link(let link, .credit(1..., _)) = event { actions.append(.closeLink(link)) }
        case .servingConnectionIsClosed:
            if case .link(_, .detached) = event, let connection = memory.newestConnection {
                actions.append(.closeConnection(connection))
            }
        case .servingSessionIsFreed:
            if case .link(let link, .detached) = event,
                let lost = memory.links.first(where: { $0.id == link })
            {
                actions.append(.freeSession(lost.session))
            }
        case .endIsTooEarly:
            if case .sourceEnded = event { actions.append(.finish(.finished)) }
        case .endIsNotTheLast:
            if case .finish? = actions.last { actions.append(.wake(at: .distantFuture)) }
        default:
            break
        }
    }

    private mutating func spoil(_ actions: inout [Action], at index: Int) {
        switch actions[index] {
        case .send(let sequence, let tag, let link):
            if memory.sent[sequence] == nil { memory.sent[sequence] = tag }
            memory.firstTag = memory.firstTag ?? tag
            if breach == .tagIsRepeated, let first = memory.firstTag {
                actions[index] = .send(sequence: sequence, tag: first, on: link)
            }
        case .openLink(let link, let session):
            memory.newestLink = link
            memory.links.append((link, session))
            memory.firstLink = memory.firstLink ?? link
            if breach == .linkNumberIsRepeated, let first = memory.firstLink {
                actions[index] = .openLink(first, on: session)
            }
        case .connect(let connection, _):
            memory.newestConnection = connection
        case .freeLink(let link):
            memory.links.removeAll { $0.id == link }
        case .report(.link(let sender, .unresolved(var inDoubt))):
            if breach == .doubtIsDenied, !inDoubt.isEmpty { inDoubt.removeLast() }
            if breach == .doubtIsInvented, inDoubt.isEmpty { inDoubt = memory.sent.keys.sorted() }
            actions[index] = .report(.link(sender, .unresolved(inDoubt: inDoubt)))
        case .report(.link(_, .lost)), .report(.connectionLost):
            memory.lossCount += 1
        case .wake where breach == .timerIsForgotten:
            actions[index] = .wake(at: .distantFuture)
        default:
            break
        }
    }
}
