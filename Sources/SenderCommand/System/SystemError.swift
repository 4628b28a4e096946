// What the operating system refuses.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An error number of the system.
struct SystemError: Error, Hashable, CustomStringConvertible {
    var number: Int32

    var description: String {
        // strerror's text may be overwritten by another thread.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let text = buffer.baseAddress, strerror_r(number, text, buffer.count) == 0 else {
                return "system error \(number)"
            }
            return String(cString: text)
        }
    }
}
