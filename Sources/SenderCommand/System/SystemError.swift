// Errors of the operating system.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An errno value.
struct SystemError: Error, Hashable, CustomStringConvertible {
    var number: Int32

    var description: String {
        // strerror is not thread-safe.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let text = buffer.baseAddress, strerror_r(number, text, buffer.count) == 0 else {
                return "system error \(number)"
            }
            return String(cString: text)
        }
    }
}
