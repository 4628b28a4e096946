// Senders that come while a run goes on.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import LinkRecovery
import RawPeer
import ReliableSender
import Testing

/// Gathers reports until it may write them.
private final class Gatherer: SendingObserver {
    private(set) var gathered: [Report] = []
    private(set) var endedSenders: [SenderID] = []
    private(set) var sendableSenders: [SenderID] = []
    var onAcceptance: (SenderID) -> Void = { _ in }

    func observe(_ report: Report) {
        gathered.append(report)
        guard case .link(let sender, let report) = report else { return }
        switch report {
        case .sendable: sendableSenders.append(sender)
        case .ended: endedSenders.append(sender)
        case .outcome(let outcome) where outcome.kind == .final(.accepted): onAcceptance(sender)
        default: break
        }
    }

    /// Number of times that it can't write when it should.
    var failuresLeft = 0
    /// Asks for another turn.
    var wake: () -> Void = {}

    func willIdle() {
        guard endedSenders.isEmpty || failuresLeft == 0 else {
            failuresLeft -= 1
            return wake()
        }
        gathered.removeAll()
    }

    var isHoldingUp: Bool { false }

    var hasUnwrittenReports: Bool { !gathered.isEmpty }
}

/// Asks for a sender to "missing" and, once that has ended, for one to "served".
private final class Supply: SenderSupply {
    private let observer: Gatherer
    private(set) var missing: SenderID?
    private(set) var served: SenderID?
    /// Reports that had not been written when "served" was asked for.
    private(set) var unwritten: [Report] = []

    init(_ observer: Gatherer) {
        self.observer = observer
    }

    func nextRoute(for sender: SenderID) -> SenderRoute? {
        if missing == nil, observer.sendableSenders.contains(SenderID(0)) {
            missing = sender
            return try? route(to: "missing")
        }
        guard served == nil, let missing, observer.endedSenders.contains(missing) else {
            return nil
        }
        served = sender
        unwritten = observer.gathered
        return try? route(to: "served")
    }

    private func route(to address: String) throws -> SenderRoute {
        SenderRoute(
            to: Destination(address: address),
            from: try CountedMessages(count: 1, prototype: Message()))
    }
}

@Suite(.timeLimit(.minutes(30))) struct SenderSupplyTests {
    private let received = Received()

    private func peer(missing: Set<String> = []) throws -> Peer {
        try Peer(connectionCountMax: .max) { [received] connection in
            var serving = ServingPeer(connection, received)
            serving.missingAddresses = missing
            try? serving.serve()
        }
    }

    @Test("a sender gets the place of another once all reports about that are written")
    func replacement() throws {
        let peer = try peer(missing: ["missing"])
        defer { peer.stop() }
        // One message goes, and the source stays open.
        var pace = SendPace.flatOut
        pace.interval = 1_000_000
        let observer = Gatherer()
        observer.failuresLeft = 3
        let supply = Supply(observer)
        let engine = SendingEngine(
            options: SendingOptions(endpoints: [Endpoint(host: "127.0.0.1", port: peer.port)]),
            routes: [
                SenderRoute(
                    to: Destination(address: "own"),
                    from: try CountedMessages(count: 2, prototype: Message()), pace: pace)
            ],
            supply: supply, observer: observer)
        observer.wake = { [stopHandle = engine.stopHandle] in stopHandle.wake() }
        observer.onAcceptance = { [stopHandle = engine.stopHandle] sender in
            if sender == supply.served { stopHandle.stop() }
        }
        // The end of the former is not forgotten.
        let end = try engine.run().end
        guard case .fatalCondition = end else {
            Issue.record("it has forgotten that a sender was refused: \(end)")
            return
        }
        #expect(supply.missing != nil && supply.served == supply.missing)
        #expect(supply.unwritten == [])
        #expect(received.count(of: "own") == 1 && received.count(of: "served") == 1)
    }

    @Test(
        "an address or capability that can't be sent as it is ends its sender, and is not cut",
        arguments: ["orders\u{0}x", "", "orders"])
    func unsendableAddress(address: String) throws {
        let peer = try peer()
        defer { peer.stop() }
        var options = SendingOptions(
            endpoints: [Endpoint(host: "127.0.0.1", port: peer.port)])
        options.recovery.mayReconnect = true
        options.recovery.retry.interval = 10
        var destination = Destination(address: address)
        if address == "orders" { destination.capabilities = ["que\u{0}ue"] }
        let good = Destination(address: "good")
        let result = try SendingEngine(
            options: options,
            routes: try [good, destination].map {
                SenderRoute(to: $0, from: try CountedMessages(count: 1, prototype: Message()))
            },
            observer: Gatherer()
        ).run()
        #expect(result.summary.accepted == 1 && result.summary.reconnects == 0)
        #expect(received.count(of: "good") == 1 && received.count(of: "orders") == 0)
        guard case .fatalCondition(let condition) = result.end else {
            Issue.record("\(result.end)")
            return
        }
        #expect(condition.name == ConditionName.invalidField)
    }
}
