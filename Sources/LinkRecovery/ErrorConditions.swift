// What an error condition means, by the level at which it came.
// SPDX-License-Identifier: Apache-2.0

/// The table of error conditions. The same name means different things at different levels.
enum ErrorConditions {
    /// What the loss of a link leads to.
    enum LinkLoss {
        /// Another link.
        case retry
        /// The end, until a message of this run was accepted; then another link.
        case fatalAtFirst
        /// Another link; the end at the second without an acceptance between.
        case fatalAtSecond
    }

    static func linkLoss(_ condition: Condition) -> LinkLoss {
        switch condition.name {
        case "amqp:not-found", "amqp:unauthorized-access", "amqp:not-allowed",
            "amqp:not-implemented", "amqp:invalid-field", "amqp:decode-error",
            "amqp:illegal-state":
            .fatalAtFirst
        case "amqp:link:message-size-exceeded":
            .fatalAtSecond
        default:
            .retry
        }
    }

    /// Whether a connection ended because of who we are.
    static func refusesAuthentication(_ loss: ConnectionLoss, _ condition: Condition) -> Bool {
        switch loss {
        case .authentication: true
        case .closed, .transport: condition.name == "amqp:unauthorized-access"
        }
    }

    /// What a rejection of a delivery means.
    enum Rejection {
        /// The peer refuses the message, and would again.
        case final
        /// The peer has no room now: as released.
        case returned
        /// The router has lost the route behind the link, and the broker never saw the message.
        case routeLost
    }

    static func rejection(_ condition: Condition) -> Rejection {
        switch condition.name {
        case "amqp:resource-limit-exceeded":
            .returned
        // The router's own words; a broker's precondition-failed is final.
        case "amqp:precondition-failed" where condition.description.hasPrefix("Routing failure"):
            .routeLost
        default:
            .final
        }
    }
}
