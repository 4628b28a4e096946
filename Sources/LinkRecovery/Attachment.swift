// State of one attach.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP

/// State of one attach of a link, which ends with it.
struct Attachment: Sendable {
    let link: LinkID
    let session: SessionID
    /// Largest message that the peer takes, in bytes; 0: no limit (§2.7.3).
    private(set) var maxMessageSize: UInt64 = 0
    private(set) var credit = 0
    private(set) var isDraining = false
    private(set) var hasHadCredit = false
    private(set) var sentCount = 0
    private(set) var progress = TransferProgress()
    /// Credit has been held since then, on a link that has not worked yet.
    private(set) var provingSince: Instant?
    /// There has been no credit since then, though it would be used.
    private(set) var creditlessSince: Instant?
    /// The same, with nothing in flight.
    private var idleSince: Instant?
    private var isStarvationNoticed = false
    /// It is reported as given up: its detach says nothing new.
    private(set) var isGivenUp = false

    init(link: LinkID, session: SessionID) {
        self.link = link
        self.session = session
    }

    /// The progress of the link, for reports.
    var stage: LinkStage {
        if hasHadCredit { return .withCredit }
        return isStarvationNoticed ? .withoutCredit : .attaching
    }

    mutating func giveUp() {
        isGivenUp = true
    }

    mutating func opened(maxMessageSize: UInt64) {
        self.maxMessageSize = maxMessageSize
    }

    /// Whether the peer takes no message of this encoded size (§2.7.3).
    func isTooLarge(_ size: Int) -> Bool {
        maxMessageSize > 0 && UInt64(size) > maxMessageSize
    }

    // MARK: Credit

    /// Sets the credit; returns whether it is the link's first.
    mutating func grant(_ credit: Int, isDraining: Bool, isProving: Bool, now: Instant) -> Bool {
        self.credit = credit
        self.isDraining = isDraining
        guard credit > 0 else { return false }
        // Also when it is used up before this turn ends.
        creditlessSince = nil
        idleSince = nil
        isStarvationNoticed = false
        if isProving { provingSince = provingSince ?? now }
        defer { hasHadCredit = true }
        return !hasHadCredit
    }

    /// The peer may have taken credit back (§2.6.7).
    mutating func limitCredit(to credit: Int) {
        self.credit = min(self.credit, credit)
    }

    /// Answers a drain: the credit is given back.
    ///
    /// Returns false if the peer has not asked for it.
    mutating func takeDrain() -> Bool {
        guard isDraining else { return false }
        isDraining = false
        credit = 0
        return true
    }

    /// Uses credit for a transfer; returns the bytes that were sent on the link, this transfer included.
    mutating func transfer(size: Int) -> Int {
        credit -= 1
        sentCount += 1
        progress.add(size)
        return progress.sentBytes
    }

    mutating func look(outgoingBytes: Int, oldestEnd: Int, now: Instant) {
        progress.look(outgoingBytes: outgoingBytes, oldestEnd: oldestEnd, now: now)
    }

    // MARK: Since when

    /// The link works, or nothing more is sent on it.
    mutating func endProving() {
        provingSince = nil
    }

    /// Notes since when credit is missing.
    ///
    /// Time in which it was not wanted does not count, nor, for giving the link up, time in which
    /// an outcome was awaited.
    mutating func noteStarvation(isWanted: Bool, isIdle: Bool, now: Instant) {
        guard credit == 0, isWanted else {
            creditlessSince = nil
            idleSince = nil
            return
        }
        creditlessSince = creditlessSince ?? now
        idleSince = isIdle ? idleSince ?? now : nil
    }

    mutating func noticeStarvation() {
        isStarvationNoticed = true
    }

    func noticeDeadline(_ options: RecoveryOptions) -> Instant {
        guard options.creditNotice > 0, !isStarvationNoticed, let creditlessSince else {
            return .distantFuture
        }
        return creditlessSince + options.creditNotice
    }

    /// When the link is closed for lack of credit: another one may get some.
    func reopenDeadline(_ options: RecoveryOptions) -> Instant {
        guard options.creditReopen > 0, let idleSince else { return .distantFuture }
        return idleSince + options.creditReopen
    }

    /// When credit has been held for one maximum interval, which proves the link as an acceptance does.
    func provingDeadline(_ options: RecoveryOptions) -> Instant {
        provingSince.map { $0 + options.retry.maximum } ?? .distantFuture
    }
}
