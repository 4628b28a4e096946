// Rule 1: the account of what was lost on the way, and for how long.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery

extension Rules {
    struct Losses {
        var connections = 0
        var linksWithCredit = 0
        var interruptedAt: Instant?
        var longestInterruption: Milliseconds = 0
        var hasEnded = false
    }

    /// A link has credit for the first time.
    mutating func noteLinkWithCredit() {
        losses.linksWithCredit += 1
        endInterruption()
    }

    /// The link goes, or what it is on.
    mutating func noteInterruption() {
        if hasHadCredit, !losses.hasEnded { losses.interruptedAt = losses.interruptedAt ?? now }
    }

    /// The sender ends, or the run: so does an interruption, whatever comes before the connection is closed.
    mutating func noteLastInterruption() {
        endInterruption()
        losses.hasEnded = true
    }

    private mutating func endInterruption() {
        guard let since = losses.interruptedAt else { return }
        losses.longestInterruption = max(losses.longestInterruption, now - since)
        losses.interruptedAt = nil
    }

    /// Between two links nobody can tell a loss from an end; where one lives with credit, all are known.
    mutating func checkLosses(_ summary: Summary) {
        guard !batch.isOpen else { return }
        require(
            summary.reconnects == max(0, losses.connections - 1),
            "rule 1: reconnects are miscounted", UInt64(summary.reconnects))
        let areKnown = isUsable && hasHadCredit
        let lossesMin = max(0, losses.linksWithCredit - 1)
        let lossesMax = areKnown ? lossesMin : losses.linksWithCredit
        require(
            (lossesMin...lossesMax).contains(summary.linkLosses),
            "rule 1: link losses are miscounted", UInt64(summary.linkLosses))
        let longest = losses.longestInterruption
        require(
            areKnown
                ? summary.longestInterruption == longest : summary.longestInterruption >= longest,
            "rule 1: the longest interruption is another", UInt64(summary.longestInterruption))
    }
}
