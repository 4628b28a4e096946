// What the operating system refuses.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An error number of the system.
struct SystemError: Error, Hashable, CustomStringConvertible {
    var number: Int32

    var description: String {
        // strerror's text may be overwritten by another thread: strerror_r has its own.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let start = buffer.baseAddress else { return "error \(number)" }
            start.initialize(to: 0)
            strerror_r(number, start, buffer.count)
            return String(cString: start)
        }
    }
}
