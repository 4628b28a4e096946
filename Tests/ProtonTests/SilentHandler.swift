// A handler that does nothing but what a test gives it.
// SPDX-License-Identifier: Apache-2.0

import Proton

final class SilentHandler: MessagingHandler {
    var started: () -> Void = {}
    var woken: () -> Void = {}
    var batch: () -> Void = {}
    var lost: (ErrorCondition) -> Void = { _ in }

    func containerStarted() { started() }
    func containerWoken() { woken() }
    func hostLookedUp(_ id: UInt64, _ addresses: [String], failure: String) {}
    func connectionOpened(_ id: UInt64, peer: String) {}
    func connectionLost(_ id: UInt64, _ loss: ConnectionLoss, _ condition: ErrorCondition) {
        lost(condition)
    }
    func sessionLost(_ id: UInt64, _ condition: ErrorCondition) {}
    func senderOpened(_ id: UInt64, _ properties: LinkProperties) {}
    func senderLost(_ id: UInt64, isClosed: Bool, _ condition: ErrorCondition) {}
    func deliveryUpdated(tag: UInt64, _ outcome: DeliveryOutcome, on link: UInt64) {}
    func frameTraced(_ line: String, on connection: UInt64) {}
    func batchEnded(_ connection: UInt64) { batch() }
}
