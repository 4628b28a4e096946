// Passes requests from other threads to a run.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
internal import LinkRecovery
internal import Proton
internal import Synchronization

/// Carries what other threads ask for to the container's loop.
///
/// - Isolation: any thread.
final class Mailbox: Sendable {
    /// A sender that a task has asked for.
    struct WantedSender {
        var destination: Destination
        var pace: SendPace
        var messages: QueuedMessages
    }

    private struct Contents {
        /// The time that each may take; nil: the drain timeout.
        var stops: [Milliseconds?] = []
        var senders: [WantedSender] = []
        var waker: ContainerWaker?
    }

    private let contents = Mutex(Contents())

    /// The loop that is to be woken from now on.
    ///
    /// Earlier requests are not lost.
    func connect(to waker: ContainerWaker) {
        contents.withLock { $0.waker = waker }
        waker.wake()
    }

    func requestStop(within limit: Milliseconds? = nil) {
        let waker = contents.withLock { contents in
            if !contents.stops.contains(limit) { contents.stops.append(limit) }
            return contents.waker
        }
        waker?.wake()
    }

    /// Asks for a sender.
    func add(_ sender: WantedSender) {
        let waker = contents.withLock { contents in
            contents.senders.append(sender)
            return contents.waker
        }
        waker?.wake()
    }

    /// The first sender that was asked for and not taken yet.
    func takeSender() -> WantedSender? {
        contents.withLock { contents in
            contents.senders.isEmpty ? nil : contents.senders.removeFirst()
        }
    }

    func wake() {
        contents.withLock { $0.waker }?.wake()
    }

    /// The stops that were asked for since the last look, each by the time that it may take: the shortest counts.
    func takeStops() -> [Milliseconds?] {
        contents.withLock { contents in
            defer { contents.stops = [] }
            return contents.stops
        }
    }
}

/// Ends or wakes a run from another thread.
///
/// - Isolation: any thread, also before and after the run.
public struct StopHandle: Sendable {
    let mailbox: Mailbox

    /// Asks the run to take nothing new, finish what was taken within the drain timeout, and end.
    public func stop() {
        mailbox.requestStop()
    }

    /// Asks the run to look at its source and observer again.
    public func wake() {
        mailbox.wake()
    }
}
