// Threads for blocking calls.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender

/// Runs a body on a thread of the library's, and says as the system does when there can be no other.
func startThread(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    do throws(ProtonError) {
        try ReliableSender.startThread(body)
    } catch {
        throw SystemError(number: EAGAIN)
    }
}
