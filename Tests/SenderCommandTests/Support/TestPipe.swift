// A pipe of a test.
// SPDX-License-Identifier: Apache-2.0

import Glibc

@testable import SenderCommand

/// A pipe whose reader does as the test says.
final class TestPipe {
    private(set) var readEnd: Int32
    let writeEnd: Int32

    init() {
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [-1, -1]
        pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    // The write end stays open: a writer that is not at its end would find another test's
    // descriptor under the same number.
    deinit {
        closeReader()
    }

    func closeReader() {
        if readEnd >= 0 { close(readEnd) }
        readEnd = -1
    }

    func makeNonBlocking() {
        _ = fcntl(writeEnd, F_SETFL, fcntl(writeEnd, F_GETFL) | O_NONBLOCK)
    }

    func hasBytes(within milliseconds: Int32) -> Bool {
        waitForDescriptor(readEnd, POLLIN, atMost: milliseconds)
    }

    /// Reads until this many bytes have come.
    func read(byteCount: Int) -> [UInt8] {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while result.count < byteCount {
            let count = Glibc.read(readEnd, &buffer, min(buffer.count, byteCount - result.count))
            if count <= 0 { break }
            result += buffer[..<count]
        }
        return result
    }

    /// Waits for at least this many bytes and takes all that are there.
    func text(byteCount: Int) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < byteCount, waitForDescriptor(readEnd, POLLIN, atMost: 10_000) {
            let count = Glibc.read(readEnd, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
