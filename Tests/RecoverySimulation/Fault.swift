// The faults that can happen at one step, by name.
// SPDX-License-Identifier: Apache-2.0

/// One fault of a peer, of the time or of the user, for the enumeration of small spaces.
package enum Fault: CaseIterable, Sendable {
    case linkIsLost
    case linkIsRefused
    case sessionIsLost
    case connectionIsLost
    /// The oldest thing that was asked for is never answered.
    case answerIsMissing
    /// The oldest thing that was asked for is answered behind all else.
    case answerIsPutOff
    /// A whole wait goes by before the next answer, which comes late then.
    case timePasses
    case messageIsReleased
    case messageIsModified
    case messageIsUndeliverable
    case messageIsRejected
    case brokerHasNoRoom
    case queueIsUnavailable
    case routingFails
    case outcomeHasNoState
    /// Twice in one read.
    case outcomeIsDoubled
    /// Once now, and once more later.
    case outcomeIsRepeated
    /// An outcome and the loss of its link in one read.
    case acceptanceComesWithLoss
    case releaseComesWithLoss
    case rejectionComesWithLoss
    case creditIsDrained
    case creditIsTaken
    case stopIsAskedFor
    /// The timer says that time came, and it has not.
    case timerIsStale
    /// Sent bytes do not leave any more; only pre-settled runs look at that all the time.
    case readingStops
    case readingGoesOn

    /// Whether each of several senders can meet it; else it is the same for all.
    package var isOfOneSender: Bool {
        switch self {
        case .connectionIsLost, .timePasses, .stopIsAskedFor, .timerIsStale, .readingStops,
            .readingGoesOn:
            false
        default: true
        }
    }

    /// Whether a message may not be accepted because of it.
    var mayCostMessage: Bool { self == .messageIsUndeliverable || self == .messageIsRejected }
}
