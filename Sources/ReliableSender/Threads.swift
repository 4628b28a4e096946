// Threads for what blocks, here and in the command.
// SPDX-License-Identifier: Apache-2.0

package import Proton

/// Runs a body on a new thread, as Proton does.
package func startThread(_ body: @escaping @Sendable () -> Void) throws(ProtonError) {
    try Proton.startThread(body)
}
