// Machines that are broken on purpose, to see that the checks notice.
// SPDX-License-Identifier: Apache-2.0

/// A way to break one of the rules.
package enum Breach: CaseIterable, Sendable {
    case acceptanceIsCountedTwice
    case doubtIsForgotten
    case resendIsForgotten
    case returnIsForgotten
    case linkLossIsForgotten
    case reconnectIsForgotten
    case interruptionIsForgotten
    case tagIsRepeated
    case linkNumberIsRepeated
    case creditIsOverdrawn
    case windowIsOverrun
    case byteWindowIsOverrun
    case drainIsIgnored
    case largeMessageIsSent
    case tickIsNotAwaited
    case lossIsNotSentAgain
    case batchIsNotAwaited
    case orderIsReversed
    case returnIsNotPaced
    case routingFailureIsFinal
    case rejectionOfLossIsFinal
    case lateAcceptanceIsIgnored
    case messageIsForgottenTwice
    case secondLinkIsOpened
    case staleTimerActs
    case secondTimerIsArmed
    case waitsDoNotGrow
    case attemptsAreNotCounted
    case memoryGrows
    case lostLinksAreKept
    case timerIsForgotten
    case limitIsTooLong
    case limitIsTooShort
    case outcomeLimitIsTooLong
    case noticeIsTooLate
    case creditLimitIsTooLong
    case creditTimeoutIsTooShort
    case goodLinkIsClosed
    case stopTakesTooLong
    case tickIsMissed
    case stopIsIgnored
    case endIsTooEarly
    case endIsNotTheLast
    // Of pre-settled messages.
    case unconfirmedIsForgotten
    case unflushedIsOverrun
    case settledIsSentAgain
    case stuckBytesAreAwaited
    case endIsNotFlushed
    case failedFlushIsFinished
    case doubtIsDenied
    case doubtIsInvented
    case doubtIsConcealed
    // Between several senders.
    case totalIsMiscounted
    case totalDoesNotAddUp
    case creditGoesToAnother
    case servingConnectionIsClosed
    case servingSessionIsFreed

    /// How many senders the runs have that it breaks.
    var senders: ClosedRange<Int> {
        switch self {
        case .totalIsMiscounted, .totalDoesNotAddUp, .creditGoesToAnother,
            .servingConnectionIsClosed, .servingSessionIsFreed:
            2...3
        default: 1...1
        }
    }

    /// A part of the sentence of the check that has to notice it; nil where any of its rule may.
    private var sentence: String? {
        switch self {
        case .totalDoesNotAddUp: "the account of all does not add up"
        case .totalIsMiscounted: "what all have taken is miscounted"
        case .servingConnectionIsClosed: "a connection is given up that serves a sender"
        case .servingSessionIsFreed: "a session is given up that serves a sender"
        case .doubtIsDenied, .doubtIsInvented: "the end says the wrong thing of a message"
        case .doubtIsConcealed: "the end says nothing of messages"
        default: nil
        }
    }

    /// The rule that it breaks.
    package var rule: Int {
        switch self {
        case .acceptanceIsCountedTwice, .doubtIsForgotten, .resendIsForgotten, .returnIsForgotten,
            .linkLossIsForgotten, .reconnectIsForgotten, .interruptionIsForgotten,
            .unconfirmedIsForgotten, .totalIsMiscounted, .totalDoesNotAddUp:
            1
        case .tagIsRepeated, .linkNumberIsRepeated: 2
        case .creditIsOverdrawn, .windowIsOverrun, .byteWindowIsOverrun, .drainIsIgnored,
            .largeMessageIsSent, .tickIsNotAwaited, .unflushedIsOverrun, .creditGoesToAnother:
            3
        case .lossIsNotSentAgain, .batchIsNotAwaited, .orderIsReversed: 4
        case .returnIsNotPaced, .routingFailureIsFinal, .rejectionOfLossIsFinal: 5
        case .lateAcceptanceIsIgnored, .messageIsForgottenTwice, .settledIsSentAgain: 6
        case .secondLinkIsOpened, .staleTimerActs, .secondTimerIsArmed: 7
        case .waitsDoNotGrow, .attemptsAreNotCounted: 8
        case .memoryGrows, .lostLinksAreKept: 9
        case .timerIsForgotten, .limitIsTooLong, .limitIsTooShort, .outcomeLimitIsTooLong,
            .noticeIsTooLate, .creditLimitIsTooLong, .creditTimeoutIsTooShort, .stopTakesTooLong,
            .tickIsMissed, .stuckBytesAreAwaited, .goodLinkIsClosed, .servingConnectionIsClosed,
            .servingSessionIsFreed:
            10
        case .stopIsIgnored, .endIsTooEarly, .endIsNotTheLast, .endIsNotFlushed,
            .failedFlushIsFinished, .doubtIsDenied, .doubtIsInvented,
            .doubtIsConcealed:
            11
        }
    }

    /// Whether a violation is of the rule that this breaks.
    package func explains(_ violation: String) -> Bool {
        guard violation.hasPrefix("rule ") else { return false }
        if let sentence, !violation.contains(sentence) { return false }
        return violation.dropFirst(5).split(separator: ":")[0].split(separator: " ")
            .contains("\(rule)")
    }
}
