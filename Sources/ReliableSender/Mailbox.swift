// The one door from other threads into a run.
// SPDX-License-Identifier: Apache-2.0

internal import Proton
internal import Synchronization

/// Carries what other threads ask for to the container's loop.
///
/// Isolation: any thread.
final class Mailbox: Sendable {
    private struct Contents {
        var isStopRequested = false
        var waker: ContainerWaker?
    }

    private let contents = Mutex(Contents())

    /// The loop that is to be woken from now on.
    ///
    /// What was asked for before is not lost.
    func connect(to waker: ContainerWaker) {
        contents.withLock { $0.waker = waker }
        waker.wake()
    }

    func requestStop() {
        let waker = contents.withLock { contents in
            contents.isStopRequested = true
            return contents.waker
        }
        waker?.wake()
    }

    func wake() {
        contents.withLock { $0.waker }?.wake()
    }

    /// Whether a stop was asked for since the last look.
    func takeStopRequest() -> Bool {
        contents.withLock { contents in
            defer { contents.isStopRequested = false }
            return contents.isStopRequested
        }
    }
}

/// Ends or wakes a run from another thread.
///
/// Isolation: any thread, also before and after the run.
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
