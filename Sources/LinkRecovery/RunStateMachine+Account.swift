// The account of a run and of its senders.
// SPDX-License-Identifier: Apache-2.0

package import AMQP

extension RunStateMachine {
    /// The account of all senders so far.
    package func summary(now: Instant) -> Summary {
        var summary = formerSummary
        for sender in senders { summary.add(sender.summary(now: now)) }
        summary.reconnects = max(0, connection.openedCount - 1)
        summary.elapsed = now - startedAt
        return summary
    }

    /// The account of one sender so far.
    package func summary(of sender: SenderID, now: Instant) -> Summary {
        var summary = senders[sender.index].summary(now: now)
        summary.elapsed = now - startedAt
        return summary
    }

    /// The times of messages and interruptions so far.
    package func timings(now: Instant) -> Timings {
        var timings = timings
        for sender in senders {
            guard let length = sender.interruption(now: now) else { continue }
            timings.interruptions.add(length)
        }
        return timings
    }

    /// Elements that are stored for a sender: bounded by the window, however long a peer stays dead.
    package func footprint(of sender: SenderID) -> Int {
        let returns = batch.part(of: sender.index)?.returns.count ?? 0
        return senders[sender.index].footprint + returns
    }
}
