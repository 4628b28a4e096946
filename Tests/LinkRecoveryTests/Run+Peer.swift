// The actions of a peer, in the words of the tests.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import RecoverySimulation

@testable import LinkRecovery

/// One thing that a peer sends.
enum FromPeer {
    case open
    case attach(
        hasTarget: Bool = true, maxMessageSize: UInt64 = 0, settleMode: SenderSettleMode = .mixed)
    /// More credit.
    case flow(Int)
    /// More credit, and the wish to have what is left back.
    case drain(Int = 0)
    /// The outcome of the newest attempt of a message.
    case outcome(UInt64, Outcome)
    /// The outcome of this attempt.
    case outcomeOf(DeliveryTag, on: LinkID, Outcome)
    case detach(ErrorCondition = .none)
    case end(ErrorCondition = .none)
    case lost(ConnectionLoss = .transport, ErrorCondition = .none)

    static func accept(_ sequence: UInt64) -> FromPeer { .outcome(sequence, .accepted) }
    static func release(_ sequence: UInt64) -> FromPeer { .outcome(sequence, .released) }
    static func modify(_ sequence: UInt64) -> FromPeer {
        .outcome(sequence, .modified(deliveryFailed: false, undeliverableHere: false))
    }
    static func reject(_ sequence: UInt64, _ condition: ErrorCondition = .refused) -> FromPeer {
        .outcome(sequence, .rejected(condition))
    }
}

extension Run {
    /// All that is read at once: the events, the credit that is left, the end of the batch.
    mutating func receive(_ frames: FromPeer...) {
        receive(frames)
    }

    mutating func receive(_ frames: [FromPeer]) {
        beginStep()
        let connection = rules.connection ?? lastConnection
        var credit = rules.credit
        var isDraining = false
        for frame in frames {
            switch frame {
            case .flow(let more):
                credit += more
            case .drain(let more):
                credit += more
                isDraining = true
            default:
                handle(event(for: frame, of: connection))
            }
        }
        if let link = rules.link, rules.isAttached {
            handle(.link(link, .credit(credit, isDraining: isDraining)))
        }
        endBatch(connection)
    }

    private func event(for frame: FromPeer, of connection: ConnectionID) -> Event {
        switch frame {
        case .open: .connection(connection, .opened(peer: "peer"))
        case .attach(let hasTarget, let maxMessageSize, let settleMode):
            .link(
                lastLink,
                .opened(
                    LinkProperties(
                        hasTarget: hasTarget, maxMessageSize: maxMessageSize,
                        settleMode: settleMode)))
        case .outcome(let sequence, let outcome):
            .link(lastLink, .outcome(tag(of: sequence), outcome))
        case .outcomeOf(let tag, let link, let outcome): .link(link, .outcome(tag, outcome))
        case .detach(let condition): .link(lastLink, .detached(condition))
        case .end(let condition): .sessionLost(lastSession, condition)
        case .lost(let loss, let condition): .connection(connection, .lost(loss, condition))
        case .flow, .drain: preconditionFailure("credit is told at the end of the batch")
        }
    }

    // MARK: The newest of each

    var lastConnection: ConnectionID {
        last { if case .connect(let id, _) = $0 { id } else { nil } } ?? ConnectionID(0)
    }

    var lastSession: SessionID {
        last { if case .openSession(let id) = $0 { id } else { nil } } ?? SessionID(0)
    }

    var lastLink: LinkID {
        last { if case .openLink(let id, _) = $0 { id } else { nil } } ?? LinkID(0)
    }

    private func last<ID>(_ pick: (Action) -> ID?) -> ID? {
        for action in log.reversed() {
            if let id = pick(action) { return id }
        }
        return nil
    }

    // MARK: Verbs

    /// Starts, and is answered up to the attach, with this much credit.
    mutating func open(credit: Int = 0) {
        start()
        receive(.open)
        receive(.attach(), .flow(credit))
    }

    mutating func grantCredit(_ credit: Int) { receive(.flow(credit)) }

    mutating func accept(_ sequences: UInt64...) { receive(sequences.map { .accept($0) }) }

    mutating func release(_ sequence: UInt64) { receive(.release(sequence)) }

    mutating func loseLink(_ condition: ErrorCondition = .routedLinkLost) {
        receive(.detach(condition))
    }

    mutating func loseConnection(_ condition: ErrorCondition = .none) {
        receive(.lost(.transport, condition))
    }

    /// Lets the retry interval pass, and answers the attach that follows.
    mutating func reattach(credit: Int) {
        pass(options.retry.maximum)
        receive(.attach(), .flow(credit))
    }

    /// Answers the close of the connection that ends a run.
    mutating func answerClose() { receive(.lost(.closed)) }
}
