// A handler that does nothing but what a test gives it.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Proton

/// The answer of who has no name.
func anonymousAnswer(to step: LoginStep) -> LoginAnswer {
    if case .offered = step { .begin(mechanism: "ANONYMOUS", response: []) } else { .none }
}

final class SilentHandler: MessagingHandler {
    var started: () -> Void = {}
    var woken: () -> Void = {}
    var batch: () -> Void = {}
    var lost: (ErrorCondition) -> Void = { _ in }

    func containerStarted() { started() }
    func containerWoken() { woken() }
    func hostLookedUp(_ id: ConnectionID, _ addresses: [String], failure: String) {}
    func loginStepped(_ step: LoginStep, on connection: ConnectionID) -> LoginAnswer {
        anonymousAnswer(to: step)
    }
    func connectionOpened(_ id: ConnectionID, peer: String) {}
    func connectionLost(_ id: ConnectionID, _ loss: ConnectionLoss, _ condition: ErrorCondition) {
        lost(condition)
    }
    func sessionLost(_ id: SessionID, _ condition: ErrorCondition) {}
    func linkOpened(_ id: LinkID, _ properties: LinkProperties) {}
    func linkLost(_ id: LinkID, isClosed: Bool, _ condition: ErrorCondition) {}
    func deliveriesAccepted(_ tags: [DeliveryTag], on link: LinkID) {}
    func deliveryUpdated(_ tag: DeliveryTag, _ outcome: Outcome, on link: LinkID) {}
    func frameTraced(_ frame: TracedFrame, on connection: ConnectionID) {}
    func batchEnded(_ connection: ConnectionID) { batch() }
}
