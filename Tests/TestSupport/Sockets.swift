// Ports and listeners of the loopback.
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
import Synchronization

/// Listens at a port of the loopback, a free one unless it is given.
package func listenOnLoopback(
    host: String = "127.0.0.1", port: UInt16 = 0, backlog: Int32 = 128
) throws -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket(
        AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr(host)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, size) == 0 && listen(descriptor, backlog) == 0
                && getsockname(descriptor, $0, &size) == 0
        }
    }
    guard isListening else {
        let number = errno
        close(descriptor)
        throw TestFailure("can't listen on \(host):\(port): errno \(number)")
    }
    return (descriptor, UInt16(bigEndian: address.sin_port))
}

/// Waits for a connection, and keeps it from the child processes of other tests; negative at the end of the listener.
package func acceptConnection(_ listener: Int32) -> Int32 {
    let descriptor = accept(listener, nil, nil)
    if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    return descriptor
}

extension Places {
    private static let givenPorts = Mutex<Set<UInt16>>([])

    /// A port where nothing listens at the moment, and that these tests have not been given before.
    ///
    /// It is below those that the system gives to whoever connects: a client that tries it may else be given that
    /// very port for its own end, and be connected to itself.
    package static func freePort() throws -> Int {
        // More than are ever taken in a row; other failures are not of a port.
        for _ in 0..<1000 {
            let port = UInt16.random(in: 10_240..<32_000)
            guard givenPorts.withLock({ $0.insert(port).inserted }) else { continue }
            guard let listener = try? listenOnLoopback(port: port) else { continue }
            close(listener.descriptor)
            return Int(port)
        }
        throw TestFailure("no port is free")
    }
}

/// Accepts connections and says nothing.
package final class SilentListener {
    package let port: Int
    private let descriptor: Int32
    private var connections: [Int32] = []

    package init() throws {
        let (descriptor, port) = try listenOnLoopback()
        self.descriptor = descriptor
        self.port = Int(port)
    }

    deinit {
        for connection in connections { close(connection) }
        close(descriptor)
    }

    package func waitForConnection() {
        let connection = acceptConnection(descriptor)
        if connection >= 0 { connections.append(connection) }
    }
}
