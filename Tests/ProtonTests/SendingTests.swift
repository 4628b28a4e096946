// A message from end to end, through the Swift API.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Proton
import RawPeer
import Testing

/// Connects, opens one link, sends what credit allows, and ends when all have their outcome.
private final class OneLinkHandler: MessagingHandler {
    var container: Container?
    let port: UInt16
    let count: Int
    var outcomes: [UInt64: Outcome] = [:]
    var events: [String] = []

    private var connection: Connection?
    private var session: Session?
    private var sender: Sender?
    private var sentCount = 0
    private var template: MessageTemplate

    init(port: UInt16, count: Int) throws {
        self.port = port
        self.count = count
        template = try MessageTemplate(prototype: Message())
    }

    func run() throws {
        let container = try Container(id: "test", handler: self)
        self.container = container
        defer { self.container = nil }
        try container.run()
    }

    private func attempt(_ call: () throws -> Void) {
        do { try call() } catch { Issue.record(error) }
    }

    func containerStarted() {
        events.append("started")
        attempt {
            connection = try container?.connect(
                ConnectionID(1), ConnectionOptions(host: "127.0.0.1", port: port))
        }
    }

    func containerWoken() {}

    func hostLookedUp(_ id: ConnectionID, _ addresses: [String], failure: String) {}
    func loginStepped(_ step: LoginStep, on connection: ConnectionID) -> LoginAnswer {
        anonymousAnswer(to: step)
    }

    func connectionOpened(_ id: ConnectionID, peer: String) {
        events.append("connection \(id.number) to \(peer)")
        attempt {
            session = try connection?.openSession(SessionID(2))
            sender = try session?.openSender(
                LinkID(3), name: "link", to: Destination(address: "queue"))
        }
    }

    func connectionLost(_ id: ConnectionID, _ loss: ConnectionLoss, _ condition: ErrorCondition) {
        events.append("connection \(id.number) \(loss)")
        connection = nil
        session = nil
        sender = nil
        attempt { try container?.stop() }
    }

    func sessionLost(_ id: SessionID, _ condition: ErrorCondition) {}

    func linkOpened(_ id: LinkID, _ properties: LinkProperties) {
        events.append("sender \(id.number) \(properties.hasTarget) \(properties.maxMessageSize)")
    }

    func linkLost(_ id: LinkID, isClosed: Bool, _ condition: ErrorCondition) {}

    func deliveriesAccepted(_ tags: [DeliveryTag], on link: LinkID) {
        for tag in tags { outcomes[tag.number] = .accepted }
    }

    func deliveryUpdated(_ tag: DeliveryTag, _ outcome: Outcome, on link: LinkID) {
        outcomes[tag.number] = outcome
    }

    func frameTraced(_ frame: TracedFrame, on connection: ConnectionID) {}
    func batchEnded(_ connection: ConnectionID) {
        guard let sender else { return }
        attempt {
            for _ in 0..<min(count - sentCount, sender.credit().0) {
                sentCount += 1
                let tag = UInt64(sentCount)
                var result: Result<Void, any Error> = .success(())
                template.withEncoded(sequence: tag) { bytes in
                    result = Result { try sender.send(bytes, tag: DeliveryTag(tag)) }
                }
                try result.get()
            }
            if outcomes.count == count { try self.connection?.close() }
        }
    }
}

@Suite(.serialized)
struct SendingTests {
    @Test("messages are sent as credit allows, and their outcomes come under their tags")
    func outcomes() throws {
        let states: [DeliveryState?] = [
            .accepted, .rejected(name: "amqp:not-allowed", description: "no"), .released,
            .modified(deliveryFailed: true, undeliverableHere: false), nil,
        ]
        let peer = try Peer { connection in
            let attach = try connection.acceptUpToAttach()
            try connection.send(
                .attach(answering: attach, maxMessageSize: 1000), .flow(credit: 5))
            for (index, state) in states.enumerated() {
                let transfer = try connection.expect(.transfer)
                #expect(transfer[1].number == UInt64(index))
                let delivery = UInt32(index)
                try connection.send(.disposition(delivery...delivery, state))
            }
            try connection.answerEnding()
        }
        let handler = try OneLinkHandler(port: peer.port, count: states.count)
        try handler.run()
        try peer.finish()
        #expect(
            handler.events == [
                "started", "connection 1 to raw-peer", "sender 3 true 1000", "connection 1 closed",
            ])
        #expect(
            handler.outcomes == [
                1: .accepted,
                2: .rejected(ErrorCondition(name: "amqp:not-allowed", description: "no")),
                3: .released,
                4: .modified(deliveryFailed: true, undeliverableHere: false),
                5: .none,
            ])
    }
}
