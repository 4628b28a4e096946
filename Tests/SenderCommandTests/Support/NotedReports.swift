// An observer that keeps the reports of a run.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery
import ReliableSender

/// Keeps all reports and holds nothing up.
final class NotedReports: SendingObserver {
    private(set) var all: [Report] = []
    func observe(_ report: Report) { all.append(report) }
    func willIdle() {}
    var isHoldingUp: Bool { false }
}
