// A pipe that wakes a waiting thread.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Written to by one thread, waited for by another.
///
/// A wake-up without a waiter is kept. A pipe and not a semaphore: it can be polled together with
/// other descriptors, its wait may have a limit, and it is Sendable without unsafe code.
final class WakePipe: Sendable {
    private let readEnd: Int32
    private let writeEnd: Int32

    /// Creates the pipe.
    ///
    /// - Throws: When no descriptor is left.
    init() throws(SystemError) {
        (readEnd, writeEnd) = try makePipe()
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    func wake() {
        var byte: UInt8 = 0
        while write(writeEnd, &byte, 1) < 0, errno == EINTR {}
    }

    func wait() {
        var byte: UInt8 = 0
        while read(readEnd, &byte, 1) < 0, errno == EINTR {}
    }

    /// Waits for a wake-up, or until a descriptor is readable or broken; returns whether it was the
    /// descriptor alone.
    func wait(orFor descriptor: Int32) -> Bool {
        var entries = [
            pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&entries, nfds_t(entries.count), -1) < 0, errno == EINTR {}
        guard entries[0].revents != 0 else { return true }
        wait()
        return false
    }

    /// Waits up to this time; returns whether a wake-up came.
    func wait(atMost milliseconds: Int32) -> Bool {
        guard waitForDescriptor(readEnd, POLLIN, atMost: milliseconds) else { return false }
        wait()
        return true
    }
}

/// Creates a pipe with FD_CLOEXEC.
func makePipe() throws(SystemError) -> (readEnd: Int32, writeEnd: Int32) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw SystemError(number: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
}

/// Waits until a descriptor is readable or writable, or broken; -1: without a limit.
@discardableResult
func waitForDescriptor(_ descriptor: Int32, _ event: Int32, atMost milliseconds: Int32) -> Bool {
    let clock = ContinuousClock()
    let deadline = clock.now + .milliseconds(milliseconds)
    var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
    var left = milliseconds
    while true {
        let ready = poll(&entry, 1, left)
        if ready >= 0 { return ready > 0 }
        guard errno == EINTR else { return true }
        if milliseconds >= 0 {
            left = max(0, Int32((deadline - clock.now) / .milliseconds(1)))
        }
    }
}
