// Reports of one sender, for tests of observers.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import LinkRecovery

extension Report {
    private static func first(_ report: LinkReport) -> Report { .link(SenderID(0), report) }

    static let sendable = first(.sendable)
    static func opened(hasCredit: Bool) -> Report { first(.opened(hasCredit: hasCredit)) }
    static func sent(total: Int) -> Report { first(.sent(total: total)) }
    static func outcome(_ outcome: OutcomeReport) -> Report { first(.outcome(outcome)) }
    static func reopening(sent: Int) -> Report { first(.reopening(sent: sent)) }
    static func lost(
        _ condition: ErrorCondition, at stage: LinkStage, wasGivenUp: Bool = false
    ) -> Report {
        first(.lost(condition, at: stage, wasGivenUp: wasGivenUp))
    }
    static func restored(downtime: Milliseconds, attempts: Int, resent: Int) -> Report {
        first(.restored(downtime: downtime, attempts: attempts, resent: resent))
    }
    static func linkNotice(_ notice: Notice) -> Report { first(.notice(notice)) }
    static func linkGivenUp(_ notice: Notice, at stage: LinkStage = .withCredit) -> Report {
        first(.givenUp(notice, at: stage))
    }
}
