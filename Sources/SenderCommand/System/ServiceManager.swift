// Tells the service manager (systemd) how a run stands, by the datagrams of sd_notify(3).
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// The service manager that started the process, if it wants to be told.
///
/// A datagram that does not get through is dropped: the manager never holds up a run.
///
/// - Isolation: any thread.
final class ServiceManager: Sendable {
    private struct State {
        var isReady = false
        var isStopping = false
        var status = ""
    }

    /// Whether it ends a service that does not report in time.
    let wantsPings: Bool
    private let descriptor: Int32
    private let address: sockaddr_un
    private let length: socklen_t
    private let state = Mutex(State())

    /// The manager that NOTIFY_SOCKET names; nil without one.
    convenience init?(_ variable: (String) -> String?) {
        guard let path = variable("NOTIFY_SOCKET") else { return nil }
        let pid = variable("WATCHDOG_PID").flatMap { pid_t($0) }
        self.init(
            path, wantsPings: variable("WATCHDOG_USEC") != nil && (pid ?? getpid()) == getpid())
    }

    private init?(_ path: String, wantsPings: Bool) {
        var bytes = Array(path.utf8)
        var address = sockaddr_un()
        // An abstract name begins with a zero; a path ends with one.
        let isAbstract = bytes.first == UInt8(ascii: "@")
        guard isAbstract || bytes.first == UInt8(ascii: "/"),
            bytes.count < MemoryLayout.size(ofValue: address.sun_path)
        else { return nil }
        if isAbstract { bytes[0] = 0 }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        self.address = address
        length = socklen_t(
            MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1))
        self.wantsPings = wantsPings
        descriptor = socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        close(descriptor)
    }

    /// The first message can be sent.
    func noteReady() {
        state.withLock { state in
            guard !state.isReady else { return }
            state.isReady = send("READY=1")
        }
    }

    /// A stop was requested.
    func noteStopping() {
        state.withLock { state in
            guard !state.isStopping else { return }
            state.isStopping = send("STOPPING=1")
        }
    }

    /// Sends the activity of the run, in words; repeated words are not sent.
    func note(_ status: String) {
        state.withLock { state in
            guard state.status != status, send("STATUS=\(status)") else { return }
            state.status = status
        }
    }

    /// The connection's loop is alive.
    func ping() {
        if wantsPings { _ = send("WATCHDOG=1") }
    }

    private func send(_ text: String) -> Bool {
        var address = address
        let length = length
        let bytes = Array(text.utf8)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(
                    descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL), $0,
                    length) >= 0
            }
        }
    }
}
