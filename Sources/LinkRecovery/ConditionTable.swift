// The table of error conditions, by the level at which they come.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

/// The table of error conditions, with the user's overrides.
///
/// The same name means different things at different levels.
struct ConditionTable {
    private let fatal: [String]
    private let retryable: [String]

    init(options: RecoveryOptions) {
        fatal = options.fatalConditions
        retryable = options.retryableConditions
    }

    private enum Override { case fatal, retryable }

    /// The name by which an override means that no condition was given.
    private static let noName = "none"

    private func override(of condition: ErrorCondition) -> Override? {
        let name = condition.name.isEmpty ? Self.noName : condition.name
        if fatal.contains(name) { return .fatal }
        if retryable.contains(name) { return .retryable }
        return nil
    }

    // MARK: Connection and session

    /// Whether the loss of a connection or session with this condition ends the run: by an override, or
    /// because it is a redirect, which is not followed.
    func isFatal(_ condition: ErrorCondition) -> Bool {
        switch override(of: condition) {
        case .fatal: true
        case .retryable: false
        case nil: condition.isRedirect
        }
    }

    /// Whether a connection ended because the login was refused.
    func refusesAuthentication(_ loss: ConnectionLoss, _ condition: ErrorCondition) -> Bool {
        guard override(of: condition) == nil else { return false }
        return switch loss {
        case .authentication: true
        case .closed, .transport: condition.name == ConditionName.unauthorizedAccess
        }
    }

    // MARK: Link

    /// The consequence of the loss of a link.
    enum LinkLoss {
        /// Another link.
        case retry
        /// The end.
        case fatal
        /// The end, until a message of this run was accepted; then another link.
        case fatalAtFirst
        /// Another link; the end at the second without an acceptance between.
        case fatalAtSecond
    }

    func linkLoss(_ condition: ErrorCondition) -> LinkLoss {
        switch override(of: condition) {
        case .fatal: return .fatal
        case .retryable: return .retry
        case nil: break
        }
        return switch condition.name {
        case ConditionName.notFound, ConditionName.unauthorizedAccess, ConditionName.notAllowed,
            ConditionName.notImplemented, ConditionName.invalidField, ConditionName.decodeError,
            ConditionName.illegalState, ConditionName.frameSizeTooSmall:
            .fatalAtFirst
        case ConditionName.messageSizeExceeded:
            .fatalAtSecond
        default:
            condition.isRedirect ? .fatal : .retry
        }
    }

    // MARK: Delivery

    /// The meaning of a delivery's rejection.
    enum Rejection {
        /// The peer refuses the message for good.
        case final
        /// The peer has no room at present: the same as released.
        case returned
        /// The router has lost the route behind the link, and the broker never saw the message.
        case routeLost
    }

    func rejection(_ condition: ErrorCondition) -> Rejection {
        // qdrouterd's words; a broker's precondition-failed is final. The message never reached a broker,
        // whatever an override says.
        if condition.name == ConditionName.preconditionFailed,
            condition.description.hasPrefix("Routing failure")
        {
            return .routeLost
        }
        return switch override(of: condition) {
        case .fatal: .final
        case .retryable: .returned
        case nil: isReturned(condition) ? .returned : .final
        }
    }

    /// Whether a rejection may be one of the login, and not of the message.
    func mayRefuseLogin(_ condition: ErrorCondition) -> Bool {
        condition.name == ConditionName.unauthorizedAccess && override(of: condition) == nil
    }

    private func isReturned(_ condition: ErrorCondition) -> Bool {
        switch (condition.name, condition.infoText("reason")) {
        // RabbitMQ 4: the message itself breaks a limit.
        case (ConditionName.resourceLimitExceeded, "property-limit-exceeded"?): false
        case (ConditionName.resourceLimitExceeded, _): true
        default: condition.saysQueueIsUnavailable
        }
    }
}

extension ErrorCondition {
    /// RabbitMQ 4.3: the classic queue is down, or its node can't be reached.
    ///
    /// It rejects so also what was on its way there, and the queue may have that.
    var saysQueueIsUnavailable: Bool {
        name == ConditionName.preconditionFailed && infoText("reason") == "unavailable"
    }
}
