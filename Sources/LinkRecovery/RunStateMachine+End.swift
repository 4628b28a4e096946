// The end of a sender, and of the run with the last of them.
// SPDX-License-Identifier: Apache-2.0

package import AMQP

extension RunStateMachine {
    /// The id that the next sender gets: that of one that has ended and whose link is gone, so that a service
    /// does not grow with the senders that it had; else a new one.
    ///
    /// Senders that were there at the start keep their places.
    package var nextSender: SenderID {
        // What the run's end says of a sender must not be taken for another's.
        guard end == nil else { return SenderID(senders.count) }
        for index in senders.indices.dropFirst(firstSenderCount) where senders[index].hasGone {
            return SenderID(index)
        }
        return SenderID(senders.count)
    }

    mutating func endTurn(
        isSourceDelayed: Bool, now: Instant, with context: inout some RecoveryContext
    ) {
        for index in senders.indices {
            senders[index].endTurn(isSourceDelayed: isSourceDelayed, now: now, with: &context)
            if end == nil, senders[index].end == nil, senders[index].isDone {
                conclude(index, now: now, with: &context)
            }
        }
        // A service without senders has none whose end would be the run's.
        if isService, end == nil, let endOfAll { begin(endOfAll, now: now, with: &context) }
        guard !isFinished else { return }
        // The one that attached first may have ended.
        attachDetached(now: now, with: &context)
        armWakeUp(at: nextDeadline(), with: &context)
    }

    /// Ends a sender whose messages are all final, after a flush if it needs one.
    private mutating func conclude(
        _ index: Int, now: Instant, with context: inout some RecoveryContext
    ) {
        guard !senders[index].isFlushing else { return }
        if senders[index].needsFlush {
            senders[index].flush(now: now, with: &context)
        } else {
            end(index, with: senders[index].endOfWork, now: now, with: &context)
        }
    }

    private mutating func nextDeadline() -> Instant {
        var deadline = connection.nextDeadline
        for index in senders.indices { deadline = min(deadline, senders[index].nextDeadline()) }
        if let stopDeadline, end == nil { deadline = min(deadline, stopDeadline) }
        return deadline
    }

    /// Ends a sender for good, and the run when all have ended.
    mutating func end(
        _ index: Int, with reason: End, now: Instant, with context: inout some RecoveryContext
    ) {
        guard end == nil, senders[index].end == nil else { return }
        note(reason, of: index, now: now)
        if let end = endOfAll {
            begin(end, now: now, with: &context)
        } else {
            reportEnd(reason, of: index, with: &context)
            leave(index, now: now, with: &context)
        }
    }

    /// Reports that a sender has ended while others go on.
    mutating func reportEnd(_ end: End, of index: Int, with context: inout some RecoveryContext) {
        senders[index].deliveries.reportUnresolved(with: &context)
        context.report(.ended(end), of: SenderID(index))
    }

    /// The end of the run, once all senders have ended; nil before.
    ///
    /// The first end that was an error, if there was one; a service only stops.
    var endOfAll: End? {
        if isService {
            return stopDeadline != nil && senders.allSatisfy { $0.end != nil } ? .stopped : nil
        }
        var worst = formerEnd
        for sender in senders {
            guard let end = sender.end else { return nil }
            worst = worse(worst, end)
        }
        return worst
    }

    /// The end that says more of two: the first that was an error, if there was one.
    func worse(_ first: End?, _ second: End?) -> End? {
        guard let first, let second else { return first ?? second }
        return first == .finished || first == .stopped && second != .finished ? second : first
    }

    /// Begins the end of the run; outcomes still count until the connection is closed.
    mutating func begin(_ end: End, now: Instant, with context: inout some RecoveryContext) {
        guard self.end == nil else { return }
        note(end, now: now)
        context.report(.ending(end))
        if !connection.close(now: now, with: &context) { finish(with: &context) }
    }
}
