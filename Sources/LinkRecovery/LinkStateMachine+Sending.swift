// Sending and its bounds.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

extension LinkStateMachine {
    private var credit: Int {
        guard case .open(let attachment) = state else { return 0 }
        return attachment.credit
    }

    /// Sends waiting messages, in the order of their sequences, as far as credit allows.
    mutating func sendWaiting(now: Instant, with context: inout some RecoveryContext) {
        guard !isEnding, case .open(var attachment) = state else { return }
        deliveries.releasePaced(until: now)
        while attachment.credit > 0, let slot = deliveries.takeNextReady() {
            transfer(slot, on: &attachment, now: now, with: &context)
        }
        endSending(on: attachment, with: &context)
    }

    /// Keeps what was counted on the link, and reports what was sent.
    private mutating func endSending(
        on attachment: Attachment, with context: inout some RecoveryContext
    ) {
        updateAttachment { $0 = attachment }
        deliveries.reportSent(with: &context)
    }

    /// Whether only the pace keeps a message from being taken.
    var canTakeSomething: Bool { hasRoomForNew && credit > 0 }

    private var hasRoomForNew: Bool {
        !isEnding && !isStopping && !isSourceEnded
            && deliveries.ledger.count + flow.unflushed.count < window
    }

    /// The window in messages, cut to the number of slots that tags can tell apart.
    var window: Int { min(options.window, DeliveryTag.slotCountMax) }

    /// Bytes that it holds of the window shared by all; 0 once it has ended.
    var ledgerBytes: Int { end == nil ? deliveries.ledger.bytes : 0 }

    /// Takes messages that the context offers, `countMax` at most; returns how many it took.
    ///
    /// `otherBytes` are in the ledgers of the run's other senders: the bytes of the window are for all. Each sender
    /// may have one message in any case: a message larger than the window goes alone, and a sender that can't
    /// send does not stop the others.
    mutating func takeMessages(
        atMost countMax: Int, otherBytes: Int, now: Instant,
        with context: inout some RecoveryContext
    ) -> Int {
        guard hasRoomForNew, case .open(var attachment) = state else { return 0 }
        let (window, windowBytes, isPreSettled) =
            (window, options.windowBytes, options.isPreSettled)
        let hasRate = flow.pacer.hasRate
        // No tick has come while the source was dry.
        if hasRate { flow.pacer.advance(to: now, isUsable: true) }
        var count = 0
        var isFull = false
        var tooLarge: Int?
        context.offerMessages(
            to: id,
            // Stored values only: a method would have a copy of the machine made for each message.
            while: { size in
                guard tooLarge == nil, count < countMax, attachment.credit > 0,
                    deliveries.ledger.count + flow.unflushed.count < window,
                    flow.pacer.allowsMessage
                else {
                    isFull = true
                    return false
                }
                let hasRoom =
                    isPreSettled
                    ? flow.unflushed.hasRoom(size: size, windowBytes: windowBytes)
                    : windowBytes == 0 || deliveries.ledger.isEmpty
                        || deliveries.ledger.bytes + otherBytes + size <= windowBytes
                if !hasRoom { isFull = true }
                return hasRoom
            }
        ) { context, sequence, size in
            count += 1
            let since = hasRate ? flow.pacer.dueTime(now: now) : now
            flow.take(sequence: sequence)
            let slot = deliveries.take(sequence: sequence, size: size, since: since)
            if attachment.isTooLarge(size) {
                tooLarge = slot
            } else {
                transfer(slot, on: &attachment, now: now, with: &context)
            }
        }
        flow.isSourceDry = !isFull
        if count > 0 { endSending(on: attachment, with: &context) }
        // Not before: who hears of it may ask the source for the message, which is still offering it.
        if let tooLarge { giveUp(tooLarge, tooLargeFor: attachment, with: &context) }
        return count
    }

    private mutating func transfer(
        _ slot: Int, on attachment: inout Attachment, now: Instant,
        with context: inout some RecoveryContext
    ) {
        let size = deliveries.ledger[slot].size
        guard !attachment.isTooLarge(size) else {
            return giveUp(slot, tooLargeFor: attachment, with: &context)
        }
        let endOffset = attachment.transfer(size: size)
        flow.countSent()
        if options.isPreSettled { flow.unflushed.add(size: size, now: now) }
        deliveries.send(
            slot, on: attachment.link, endOffset: endOffset, now: now, with: &context)
    }

    private mutating func giveUp(
        _ slot: Int, tooLargeFor attachment: Attachment, with context: inout some RecoveryContext
    ) {
        let size = deliveries.ledger[slot].size
        deliveries.giveUp(
            slot, .tooLarge(size: size, limit: attachment.maxMessageSize), with: &context)
    }

    /// Lets ticks that have come allow new messages, if they could have been used.
    mutating func advancePace(now: Instant) {
        let isUsable = canTakeSomething
        flow.pacer.advance(to: now, isUsable: isUsable)
    }

    /// Ends a turn: answers a drain, and notes whether credit is missing.
    mutating func endTurn(
        isSourceDelayed: Bool, now: Instant, with context: inout some RecoveryContext
    ) {
        let hasSent = flow.endTurn(
            isSourceDelayed: isSourceDelayed, isIdle: deliveries.ledger.isEmpty, now: now)
        guard case .open(var attachment) = state else { return }
        if attachment.takeDrain() { context.perform(.returnCredit(on: attachment.link)) }
        if attachment.credit > 0, hasSent { context.report(.sendable, of: id) }
        // A link without a broker behind it may have had this credit only. Pre-settled messages use credit up
        // on every link.
        if attachment.credit == 0, !options.isPreSettled { attachment.endProving() }
        let isWanted = wantsCredit
        let isIdle = deliveries.ledger.inFlightCount == 0
        attachment.noteStarvation(isWanted: isWanted, isIdle: isIdle, now: now)
        if attachment.creditlessSince == nil {
            flow.endCreditTimeout()
        } else {
            flow.beginCreditTimeout(now: now)
        }
        updateAttachment { $0 = attachment }
    }

    /// Whether credit would be used.
    var wantsCredit: Bool {
        !isEnding && (deliveries.ledger.waitingCount > 0 || hasRoomForNew)
    }

    // MARK: The end

    /// Whether all that was taken is final, and nothing more will be taken.
    var isDone: Bool { deliveries.ledger.isEmpty && (isSourceEnded || isStopping) }

    /// The end of a sender that is done.
    var endOfWork: End { isSourceEnded ? .finished : .stopped }

    /// Whether messages were sent settled on the link, and no answer proves yet that they were read.
    var needsFlush: Bool {
        guard options.isPreSettled, let attachment = state.attachment else { return false }
        return switch state {
        case .open, .routeLost, .closing: attachment.sentCount > 0
        case .detached, .waiting, .attaching, .flushing: false
        }
    }

    var isFlushing: Bool {
        if case .flushing = state { true } else { false }
    }

    /// The end after a flush; `failure` says why the peer may not have read everything.
    func endOfFlush(failure: ErrorCondition?) -> End {
        guard isSourceEnded else { return .stopped }
        return failure.map { .unflushed($0) } ?? .finished
    }
}
