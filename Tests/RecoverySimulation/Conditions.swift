// Conditions as peers give them.
// SPDX-License-Identifier: Apache-2.0

package import LinkRecovery

extension Condition {
    package static let routedLinkLost = Condition(
        name: "qd:routed-link-lost", description: "Connectivity to the peer container was lost")
    package static let noRoute = Condition(
        name: "qd:no-route-to-dest", description: "No route to the destination node")
    package static let routingFailure = Condition(
        name: "amqp:precondition-failed", description: "Routing failure: no address present")
    package static let noRoom = Condition(name: "amqp:resource-limit-exceeded")
    package static let refused = Condition(name: "app:refused", description: "not this one")
    package static let notFound = Condition(name: "amqp:not-found", description: "no such queue")
}
