// A port where somebody answers, and hangs up.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Closes each connection at once, or when it has answered the first bytes, and keeps when it came.
///
/// Isolation: any thread.
final class ClosingListener: @unchecked Sendable {
    // The times are guarded by the lock, the rest does not change.
    let port: Int
    private let descriptor: Int32
    private let lock = NSLock()
    private var times: [ContinuousClock.Instant] = []

    init(answer: [UInt8] = []) throws {
        port = try Places.freePort()
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound, listen(descriptor, 16) == 0 else {
            throw PeerFailure(description: "nobody can listen on port \(port): errno \(errno)")
        }
        Thread.detachNewThread { [weak self, descriptor] in
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { return }
                self?.note()
                if !answer.isEmpty {
                    var first = [UInt8](repeating: 0, count: 8)
                    // What stays unread would become a reset, which overtakes the answer.
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

    /// How many connections came.
    var count: Int { lock.withLock { times.count } }

    /// The waits between them, in milliseconds.
    var waits: [Double] {
        let all = lock.withLock { times }
        return zip(all, all.dropFirst()).map { ($1 - $0) / .milliseconds(1) }
    }
}
