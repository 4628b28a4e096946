// The library, as a program uses it.
// SPDX-License-Identifier: Apache-2.0

import RawPeer
import ReliableSender
import Testing

// The limit counts the wait for other tests, which hold all threads of a busy machine for minutes.
@Suite(.timeLimit(.minutes(30))) struct SenderConnectionTests {
    private let received = Received()

    /// Runs a connection to a peer that is made up as the test wants it.
    func withConnection(
        stray: @escaping @Sendable (inout ServingPeer) -> Void = { _ in },
        configure: (inout SendingOptions) -> Void = { _ in },
        _ body: (SenderConnection) async throws -> Void
    ) async throws {
        let received = received
        let peer = try Peer(connectionCountMax: .max) { connection in
            var serving = ServingPeer(connection, received)
            stray(&serving)
            try? serving.serve()
        }
        defer { peer.stop() }
        let endpoint = Endpoint(host: "127.0.0.1", port: peer.port)
        let connection = SenderConnection(to: [endpoint]) { options in
            options.recovery.retry.interval = 10
            options.recovery.retry.maximum = 100
            // A busy machine may take long to answer.
            options.recovery.openTimeout = 60_000
            configure(&options)
        }
        async let run: Void = connection.run()
        do {
            try await body(connection)
        } catch {
            await connection.close(within: .zero)
            throw error
        }
        await connection.close(within: .seconds(5))
        try await run
    }

    func message(_ text: String) -> Message { Message(body: .value(.string(text))) }

    @Test("a message is sent, and its outcome returned")
    func sending() async throws {
        try await withConnection { connection in
            let sender = try await connection.sender(to: "orders")
            #expect(try await sender.send(message("hello")) == .accepted)
            let summary = await connection.close(within: .seconds(5))
            #expect(summary.taken == 1 && summary.accepted == 1 && summary.addsUp)
        }
        #expect(received.count(of: "orders") == 1)
    }

    @Test("three addresses share a connection, and many tasks an address")
    func threeAddresses() async throws {
        let addresses = ["a", "b", "c"]
        try await withConnection { connection in
            try await withThrowingTaskGroup(of: FinalOutcome.self) { group in
                for address in addresses {
                    let sender = try await connection.sender(to: address)
                    for number in 1...30 {
                        group.addTask { try await sender.send(message("\(address) \(number)")) }
                    }
                }
                for try await outcome in group { #expect(outcome == .accepted) }
            }
        }
        for address in addresses { #expect(received.count(of: address) == 30) }
    }

    @Test("a message whose link is lost is sent again")
    func linkLoss() async throws {
        try await withConnection {
            $0.addressToDetachOnce = "lossy"
        } _: { connection in
            let events = connection.events
            let lossy = try await connection.sender(to: "lossy")
            let steady = try await connection.sender(to: "steady")
            #expect(try await lossy.send(message("1")) == .accepted)
            #expect(try await steady.send(message("1")) == .accepted)
            let summary = await connection.close(within: .seconds(5))
            #expect(summary.resent == 1 && summary.linkLosses == 1 && summary.accepted == 2)
            var losses: [String] = []
            for await event in events {
                if case .link(let id, .lost(let condition, _, _)) = event {
                    losses.append("\(connection.address(of: id) ?? ""): \(condition.name)")
                }
            }
            #expect(losses == ["lossy: qd:routed-link-lost"])
        }
    }

    @Test("a sender that is refused for good fails alone")
    func refusedSender() async throws {
        try await withConnection {
            $0.missingAddresses = ["missing"]
        } _: { connection in
            let served = try await connection.sender(to: "served")
            #expect(try await served.send(message("1")) == .accepted)
            let missing = try await connection.sender(to: "missing")
            await #expect(throws: SenderError.self) {
                _ = try await missing.send(message("1"))
            }
            #expect(try await served.send(message("2")) == .accepted)
        }
        #expect(received.count(of: "served") == 2)
    }

    @Test(
        "an address that no target has is an error at once",
        arguments: ["", "orders\u{0}x", "orders\n", "\u{85}"])
    func invalidAddress(address: String) async throws {
        try await withConnection { connection in
            do {
                _ = try await connection.sender(to: address)
                Issue.record("it was taken")
            } catch let error as SenderError {
                #expect(error.code == .invalidAddress)
                #expect(!error.description.contains { $0 < " " })
            }
        }
    }

    @Test("a peer that allows fewer links a session than there are senders serves all of them")
    func handleMax() async throws {
        try await withConnection {
            $0.handleMax = 3
        } _: { connection in
            try await withThrowingTaskGroup(of: FinalOutcome.self) { group in
                for number in 1...10 {
                    let sender = try await connection.sender(to: "address \(number)")
                    group.addTask { try await sender.send(message("1")) }
                }
                for try await outcome in group { #expect(outcome == .accepted) }
            }
            let summary = await connection.close(within: .seconds(5))
            #expect(summary.accepted == 10 && summary.linkLosses == 0 && summary.reconnects == 0)
        }
    }

    @Test("a sender that ends within a large message ends alone")
    func endWithinLargeMessage() async throws {
        try await withConnection {
            $0.addressToRedirect = "gone"
        } _: { connection in
            let (gone, served) = (
                try await connection.sender(to: "gone"), try await connection.sender(to: "served")
            )
            #expect(try await served.send(message("1")) == .accepted)
            let large = Message(body: .data(Array(repeating: 0, count: 5 << 20)))
            await #expect(throws: SenderError.self) { _ = try await gone.send(large) }
            #expect(try await served.send(message("2")) == .accepted)
            let summary = await connection.close(within: .seconds(5))
            #expect(summary.reconnects == 0 && summary.accepted == 2)
        }
    }

    @Test("a message that was not sent is taken back when its task is cancelled")
    func cancelledBefore() async throws {
        try await withConnection {
            $0.creditlessAddresses = ["full"]
        } _: { connection in
            let sender = try await connection.sender(to: "full")
            let task = Task { try await sender.send(message("1")) }
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            let summary = await connection.close(within: .seconds(5))
            #expect(summary.taken == 0)
        }
    }

    @Test(
        "a message that was sent is in doubt when its task is cancelled, and stays in the account")
    func cancelledAfter() async throws {
        try await withConnection {
            $0.silentAddresses = ["silent"]
        } _: { connection in
            let sender = try await connection.sender(to: "silent")
            let task = Task { try await sender.send(message("1")) }
            while connection.status.inFlight == 0 { await Task.yield() }
            task.cancel()
            do {
                _ = try await task.value
                Issue.record("it has no outcome")
            } catch let error as SenderError {
                #expect(error.code == .inDoubt)
            }
            let summary = await connection.close(within: .milliseconds(50))
            #expect(summary.taken == 1 && summary.inDoubt == 1)
        }
    }

    @Test(
        "whenever a task is cancelled, its message is taken back or counted, and no other is touched"
    )
    func cancelledAtAnyTime() async throws {
        let count = 200
        try await withConnection { connection in
            let sender = try await connection.sender(to: "orders")
            let tasks = (0..<count).map { number in
                Task { try await sender.send(message("\(number)")) }
            }
            for task in tasks.enumerated() where task.offset % 2 == 0 { task.element.cancel() }
            var takenBackCount = 0
            for (number, task) in tasks.enumerated() {
                do {
                    #expect(try await task.value == .accepted)
                } catch is CancellationError {
                    takenBackCount += 1
                    #expect(number % 2 == 0)
                } catch let error as SenderError {
                    #expect(error.code == .inDoubt && number % 2 == 0)
                }
            }
            let summary = await connection.close(within: .seconds(5))
            #expect(summary.accepted == count - takenBackCount)
            #expect(received.count(of: "orders") == count - takenBackCount)
        }
    }

    @Test("what is pre-settled is unconfirmed")
    func preSettled() async throws {
        try await withConnection { connection in
            var destination = Destination(address: "fast")
            destination.isPreSettled = true
            let sender = try await connection.sender(to: destination)
            #expect(try await sender.send(message("1")) == .unconfirmed)
        }
    }

    @Test("a connection that can't be made ends with a reason, and so does what waits for it")
    func unreachable() async throws {
        let connection = SenderConnection(to: [Endpoint(host: "127.0.0.1", port: 1)]) {
            $0.recovery.mayReconnect = false
        }
        let sender = try await connection.sender(to: "orders")
        let sending = Task { try await sender.send(Message(body: .value(.string("1")))) }
        do {
            try await connection.run()
            Issue.record("nothing listens there")
        } catch let error as SenderError {
            #expect(error.code == .connectionFailed)
        }
        do {
            _ = try await sending.value
            Issue.record("it was not sent")
        } catch let error as SenderError {
            #expect(error.code == .unsent || error.code == .connectionFailed)
        }
    }

    @Test("a connection without an endpoint ends with that reason")
    func noEndpoint() async throws {
        let connection = SenderConnection(to: [])
        do {
            try await connection.run()
            Issue.record("there is no endpoint")
        } catch let error as SenderError {
            #expect(error.code == .connectionFailed && error.description.contains("no endpoint"))
        }
        await #expect(throws: SenderError.self) { _ = try await connection.sender(to: "orders") }
        #expect(await connection.close().taken == 0)
    }

    @Test(
        "a connection whose attempts are used up ends with that reason, and so does what waits for it"
    )
    func attemptsUsedUp() async throws {
        let connection = SenderConnection(to: [Endpoint(host: "127.0.0.1", port: 1)]) {
            $0.recovery.retry.interval = 1
            $0.recovery.retry.attempts = 3
        }
        let sender = try await connection.sender(to: "orders")
        let sending = Task { try await sender.send(message("1")) }
        do {
            try await connection.run()
            Issue.record("nothing listens there")
        } catch let error as SenderError {
            #expect(error.code == .limitReached)
        }
        await #expect(throws: SenderError.self) { _ = try await sending.value }
    }

    @Test("a reader that does not read holds nothing up, and what it misses is counted")
    func slowReader() async throws {
        try await withConnection { connection in
            let events = connection.events
            for number in 1...300 {
                let sender = try await connection.sender(to: "address \(number)")
                #expect(try await sender.send(message("1")) == .accepted)
            }
            #expect(connection.droppedEventCount > 0)
            withExtendedLifetime(events) {}
        }
    }

    @Test("a service that opens and ends many senders does not grow", arguments: [true, false])
    func manySenders(isClosed: Bool) async throws {
        let count = 1_000
        try await withConnection { connection in
            let events = connection.events
            async let lastPlace = events.reduce(0) { last, event in
                if case .link(let id, _) = event { max(last, id.index) } else { last }
            }
            for number in 1...count {
                let sender = try await connection.sender(to: "address")
                #expect(try await sender.send(message("\(number)")) == .accepted)
                // The other closes itself.
                if isClosed { sender.close() }
            }
            let summary = await connection.close(within: .seconds(5))
            #expect(summary.accepted == count && summary.addsUp)
            #expect(await lastPlace < 20)
        }
        #expect(received.count(of: "address") == count)
    }

    @Test("eight connections and a hundred tasks share two cores")
    func manyConnections() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...8 {
                group.addTask {
                    try await withConnection { connection in
                        let sender = try await connection.sender(to: "many \(number)")
                        try await withThrowingTaskGroup(of: FinalOutcome.self) { group in
                            for _ in 1...13 {
                                group.addTask { try await sender.send(message("1")) }
                            }
                            for try await outcome in group { #expect(outcome == .accepted) }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
