// How a run of pre-settled messages ends: the peer shows that it has read them.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

extension LinkMachine {
    /// Something was sent on the link, and nothing says yet that it was read.
    var needsFlush: Bool {
        guard options.isPreSettled, sentOnLink > 0 else { return false }
        return switch state {
        case .open, .closing: true
        case .detached, .waiting, .attaching: false
        }
    }

    /// Closes the link, unless that was done for want of credit.
    ///
    /// The detach stands behind all that was sent, and a link route passes it on to the broker: who
    /// answers it has read everything.
    mutating func flush(now: Instant, into actions: inout [Action]) {
        let link: LinkID
        switch state {
        case .open(let open):
            link = open
            actions.append(.closeLink(open))
        case .closing(let closing, _):
            link = closing
        case .detached, .waiting, .attaching:
            return
        }
        state = .closing(link, deadline: limit(options.outcomeTimeout, from: now))
        isFlushing = true
    }

    /// The link that was being flushed is gone.
    mutating func endFlush(_ condition: ErrorCondition, now: Instant, into actions: inout [Action])
    {
        if condition != .none { reportLoss(condition, into: &actions) }
        isEnding = true
        lose(now: now, into: &actions)
    }
}

extension Recovery {
    /// Every message that was taken is final, and no other will be taken.
    mutating func conclude(now: Instant, into actions: inout [Action]) {
        guard !link.isFlushing else { return }
        if link.needsFlush {
            link.flush(now: now, into: &actions)
        } else {
            begin(link.isSourceEnded ? .finished : .stopped, now: now, into: &actions)
        }
    }

    /// The end after a flush; `failure` says why the peer may not have read everything.
    func endOfFlush(failure: ErrorCondition?) -> End {
        guard link.isSourceEnded else { return .stopped }
        return failure.map { .unflushed($0) } ?? .finished
    }

    /// The same when the link was lost, or what it was on.
    func endOfFlush(linkLoss: ErrorCondition?, loss: Loss?) -> End {
        if linkLoss == ErrorCondition.none { return endOfFlush(failure: nil) }
        let condition =
            switch loss {
            case .session(let condition), .connection(_, let condition): condition
            case nil: ErrorCondition.none
            }
        return endOfFlush(failure: linkLoss ?? connection.reason(of: condition))
    }
}
