// Work on threads that wait most of the time.
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Runs `body` on as many threads, however few the processors are, and waits for all.
public func onThreads(_ count: Int, _ body: @escaping @Sendable () -> Void) {
    let ended = DispatchSemaphore(value: 0)
    for _ in 0..<count {
        Thread.detachNewThread {
            body()
            ended.signal()
        }
    }
    for _ in 0..<count { ended.wait() }
}
