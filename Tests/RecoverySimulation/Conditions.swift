// Conditions as peers give them.
// SPDX-License-Identifier: Apache-2.0

package import AMQP

extension ErrorCondition {
    package static let routedLinkLost = ErrorCondition(
        name: "qd:routed-link-lost", description: "Connectivity to the peer container was lost")
    package static let noRoute = ErrorCondition(
        name: "qd:no-route-to-dest", description: "No route to the destination node")
    package static let routingFailure = ErrorCondition(
        name: "amqp:precondition-failed", description: "Routing failure: no address present")
    package static let noRoom = ErrorCondition(name: "amqp:resource-limit-exceeded")
    package static let queueUnavailable = ErrorCondition(
        name: "amqp:precondition-failed", description: "queue is unavailable",
        info: [MapEntry(symbol: "reason", value: .symbol("unavailable"))])
    package static let refused = ErrorCondition(name: "app:refused", description: "not this one")
    package static let notFound = ErrorCondition(
        name: "amqp:not-found", description: "no such queue")
}
