// Limits on waiting for attach, close, credit and outcome.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

extension LinkStateMachine {
    /// Handles the deadlines that have passed; returns what the connection has to do.
    mutating func timeCame(now: Instant, with context: inout some RecoveryContext) -> LinkDemand? {
        guard !isEnding else {
            // The answer to the close of an ended sender is not waited for without end.
            if leavingDeadline <= now { lose(now: now, with: &context) }
            return nil
        }
        if creditTimeoutDeadline <= now {
            return .end(.creditTimedOut(after: options.creditTimeout))
        }
        switch state {
        case .detached, .waiting:
            return nil
        case .attaching(_, let deadline):
            return deadline <= now ? attachUnanswered(now: now, with: &context) : nil
        case .flushing(_, let deadline):
            return deadline <= now ? flushUnanswered : nil
        case .closing(let attachment, let deadline):
            guard deadline <= now else { return nil }
            report(.closeUnanswered, with: &context)
            let session = attachment.session
            return context.outgoingBytes(on: session) == 0
                ? .anotherSession(isAnswered: true) : .unreadConnection
        case .open(let attachment):
            if attachment.provingDeadline(options) <= now { proveByCredit() }
            if unflushedDeadline <= now { return .unreadConnection }
            checkOpenLink(attachment, now: now, with: &context)
            return nil
        case .routeLost(let attachment, let deadline):
            if deadline <= now {
                close(attachment, now: now, with: &context)
            } else {
                checkOutcome(attachment, now: now, with: &context)
            }
            return nil
        }
    }

    /// Whether the next attach is due.
    func isAttachDue(now: Instant) -> Bool {
        guard !isEnding, case .waiting(let until) = state else { return false }
        return until <= now
    }

    private var flushUnanswered: LinkDemand {
        let limit = options.outcomeTimeout
        return .endUnflushed(
            ErrorCondition(description: "no answer to the close of the link within \(limit) ms"))
    }

    private mutating func checkOpenLink(
        _ attachment: Attachment, now: Instant, with context: inout some RecoveryContext
    ) {
        if outcomeDeadline <= now {
            checkOutcome(attachment, now: now, with: &context)
        } else if wantsCredit {
            checkCredit(attachment, now: now, with: &context)
        }
    }

    private mutating func checkOutcome(
        _ attachment: Attachment, now: Instant, with context: inout some RecoveryContext
    ) {
        guard outcomeDeadline <= now else { return }
        let hasLeft = context.outgoingBytes(on: attachment.session) == 0
        let reason: Notice =
            hasLeft ? .outcomeOverdue(after: outcomeLimit) : .windowClosed(after: outcomeLimit)
        doubleOutcomeLimit()
        giveUp(attachment, for: reason, now: now, with: &context)
    }

    private mutating func checkCredit(
        _ attachment: Attachment, now: Instant, with context: inout some RecoveryContext
    ) {
        if attachment.noticeDeadline(options) <= now {
            updateAttachment { $0.noticeStarvation() }
            if !attachment.hasHadCredit { context.report(.opened(hasCredit: false), of: id) }
            report(.noCredit(after: options.creditNotice), with: &context)
        }
        guard attachment.reopenDeadline(options) <= now, case .open(let attachment) = state else {
            return
        }
        giveUp(attachment, for: .reopenedForCredit, now: now, with: &context)
    }

    // MARK: Deadlines

    private var outcomeLimit: Milliseconds { options.outcomeTimeout << Int64(outcomeDoublings) }

    /// Counts from the oldest delivery in flight, and again from the last progress of its bytes; doubled after
    /// each expiry, since a slow broker is not a dead one.
    private var outcomeDeadline: Instant {
        outcomeStart.map { $0 + outcomeLimit } ?? .distantFuture
    }

    private var outcomeStart: Instant? {
        guard options.outcomeTimeout > 0, let oldest = deliveries.ledger.oldestInFlight else {
            return nil
        }
        let progressAt = state.attachment?.progress.progressAt ?? oldest.sentAt
        return max(oldest.sentAt, progressAt)
    }

    /// Half way to the limit, by when it has to be known whether the oldest delivery has left.
    private var progressDeadline: Instant {
        guard let oldest = deliveries.ledger.oldestInFlight, let outcomeStart,
            state.attachment?.progress.isUnknown(endOffset: oldest.endOffset) ?? false
        else { return .distantFuture }
        return outcomeStart + outcomeLimit / 2
    }

    /// The limit for unflushed transfers.
    private var unflushedDeadline: Instant {
        guard options.outcomeTimeout > 0, flow.unflushed.count > 0 else { return .distantFuture }
        return flow.unflushed.since + options.outcomeTimeout
    }

    private var creditTimeoutDeadline: Instant {
        guard options.creditTimeout > 0, wantsCredit, let since = flow.creditTimeoutSince else {
            return .distantFuture
        }
        return since + options.creditTimeout
    }

    private var leavingDeadline: Instant {
        guard hasLeft, case .closing(_, let deadline) = state else { return .distantFuture }
        return deadline
    }

    /// The next deadline of the sender; valid between batches only.
    mutating func nextDeadline() -> Instant {
        if isEnding { return leavingDeadline }
        let deadline: Instant
        switch state {
        case .detached: deadline = .distantFuture
        case .waiting(let until): deadline = until
        case .attaching(_, let limit), .closing(_, let limit), .flushing(_, let limit):
            deadline = limit
        case .open(let attachment): deadline = openDeadline(attachment)
        case .routeLost(_, let limit):
            deadline = min(limit, outcomeDeadline, flow.unflushed.nextLook, progressDeadline)
        }
        return min(deadline, creditTimeoutDeadline)
    }

    private mutating func openDeadline(_ attachment: Attachment) -> Instant {
        var deadline = min(outcomeDeadline, progressDeadline, attachment.provingDeadline(options))
        deadline = min(deadline, flow.unflushed.nextLook, unflushedDeadline)
        if wantsCredit {
            deadline = min(
                deadline, attachment.noticeDeadline(options), attachment.reopenDeadline(options))
        }
        guard attachment.credit > 0 else { return deadline }
        if let due = deliveries.nextDue() { deadline = min(deadline, due) }
        if let tick = flow.pacer.nextTick, canTakeSomething { deadline = min(deadline, tick) }
        return deadline
    }
}
