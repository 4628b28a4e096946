// A listener that closes its connections.
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Closes each connection at once, or when it has answered the first bytes, and keeps when it came.
///
/// - Isolation: any thread.
package final class ClosingListener: @unchecked Sendable {
    // The times are guarded by the lock, the rest does not change.
    package let port: Int
    private let descriptor: Int32
    private let lock = NSLock()
    private var times: [ContinuousClock.Instant] = []

    package init(answer: [UInt8] = []) throws {
        let (descriptor, port) = try listenOnLoopback(backlog: 16)
        self.descriptor = descriptor
        self.port = Int(port)
        Thread.detachNewThread { [weak self, descriptor] in
            while true {
                let connection = acceptConnection(descriptor)
                guard connection >= 0 else { return }
                self?.note()
                if !answer.isEmpty {
                    var first = [UInt8](repeating: 0, count: 8)
                    // Unread bytes would cause a reset, which overtakes the answer.
                    recv(connection, &first, first.count, Int32(MSG_WAITALL))
                    send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
                }
                close(connection)
            }
        }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }

    private func note() {
        lock.withLock { times.append(.now) }
    }

    /// The number of connections.
    package var count: Int { lock.withLock { times.count } }

    /// The waits between them, in milliseconds.
    package var waits: [Double] {
        let all = lock.withLock { times }
        return zip(all, all.dropFirst()).map { ($1 - $0) / .milliseconds(1) }
    }
}
