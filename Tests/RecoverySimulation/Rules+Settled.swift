// The rules of pre-settled messages: final when sent, bounded until they have left, flushed at the end.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
import LinkRecovery

extension Rules {
    struct UnflushedModel {
        /// Messages that were sent since all had left, as far as was told.
        var count = 0
        var bytes = 0
        var since = Instant.distantFuture
        var lookedAt = Instant.distantFuture

        static let bytesMax = 65_536
        static let lookInterval: Milliseconds = 10

        mutating func look(outgoingBytes: Int, now: Instant) {
            guard count > 0 else { return }
            lookedAt = now
            if outgoingBytes == 0 { self = UnflushedModel() }
        }
    }

    /// The link is being closed so that its peer shows that it has read everything.
    var isFlushing: Bool {
        guard options.isPreSettled, hasWorkEnded, let link, link == flushedLink else {
            return false
        }
        if case .closing = linkState { return true }
        return false
    }

    var hasWorkEnded: Bool { ledger.isEmpty && (isSourceEnded || stoppedAt != nil) }

    /// A message was sent settled: it is final, and waits to leave.
    mutating func noteSettled(_ sequence: UInt64, size: Int) {
        actionLimit += 2
        expected[sequence] = .unconfirmed
        account.unconfirmed += 1
        sentOnLink += 1
        let limit = options.windowBytes == 0 ? Int.max : options.windowBytes
        require(
            unflushed.count == 0 || unflushed.bytes + size <= min(limit, UnflushedModel.bytesMax),
            "rule 3: more bytes sent than may wait to leave", UInt64(unflushed.bytes + size))
        if unflushed.count == 0 { (unflushed.since, unflushed.lookedAt) = (now, now) }
        unflushed.count += 1
        unflushed.bytes += size
        require(
            unflushed.count <= options.window, "rule 3: more messages sent than may wait to leave",
            UInt64(unflushed.count))
    }

    /// At its end the peer is asked whether it has read everything.
    mutating func checkFlush() {
        guard options.isPreSettled, hasWorkEnded, let link, sentOnLink > 0, !isFinished else {
            return
        }
        let isFlushed = link == flushedLink || isConnectionEnding
        if case .closing = linkState, !isFlushed {
            // Closed for want of credit before: its answer will say the same.
            (flushedLink, linkState) = (link, .closing(since: now))
        }
        require(!isUsable, "rule 11: at its end, and what was sent is not flushed")
    }

    /// The end does not come before the answer, but for a stop whose time is up.
    mutating func checkFlushBeforeClose() {
        let isOver = stoppedAt.map { $0 + options.drainTimeout <= now } ?? false
        guard options.isPreSettled, hasWorkEnded, link != nil, !isOver else { return }
        require(
            sentOnLink == 0 || link == flushedLink,
            "rule 11: closed, and what was sent is not flushed")
    }

    /// The wait for a backlog to leave has a limit.
    mutating func checkUnflushed() {
        guard options.outcomeTimeout > 0, unflushed.count > 0, isUsable, waiting.isTimersTurn else {
            return
        }
        require(
            now < unflushed.since + options.outcomeTimeout,
            "rule 10: what was sent does not leave, and is waited for")
    }

    /// Notes the effect of the loss at hand on the flush under way; called before the link is forgotten.
    mutating func followFlush() {
        guard isFlushing, batch.isLost else { return }
        flushFailed = !(batch.isLinkLost && batch.linkLoss == ErrorCondition.none)
    }

    /// The connection is given up, and with it the answer to a flush under way.
    mutating func cutFlushOff() {
        if isFlushing, ownEnd == nil { flushFailed = true }
    }

    /// When what was sent has to be looked after at the latest.
    var outgoingLimit: Instant {
        guard unflushed.count > 0 else { return .distantFuture }
        var latest = unflushed.lookedAt + UnflushedModel.lookInterval
        if options.outcomeTimeout > 0 {
            latest = min(latest, unflushed.since + options.outcomeTimeout)
        }
        return latest
    }

    /// A run that says that it has finished has seen the link closed in order.
    mutating func checkFlushedEnd(_ end: End) {
        switch end {
        case .finished:
            // With others the end is said before the flushed link is freed.
            let isFlushed = !isAlone && link == flushedLink
            let isLeft = options.isPreSettled && link != nil && sentOnLink > 0 && !isFlushed
            require(!isLeft && !flushFailed, "rule 11: finished, and not flushed")
        case .unflushed:
            require(flushedLink != nil, "rule 11: unflushed, and it was not tried")
        default:
            break
        }
    }
}
