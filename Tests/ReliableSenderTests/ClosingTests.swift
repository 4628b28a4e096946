// Closes of a connection and of a sender.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender
import Testing

extension SenderConnectionTests {
    @Test("a close that runs out says of every message whether it may arrive")
    func closing() async throws {
        try await withConnection {
            $0.silentAddresses = ["silent"]
            $0.creditlessAddresses = ["full"]
            $0.releasingAddresses = ["releasing"]
        } configure: {
            // What comes back twice waits until the close runs out.
            $0.recovery.retry = RetryPolicy(interval: 600_000, maximum: 600_000)
        } _: { connection in
            let silent = try await connection.sender(to: "silent")
            let full = try await connection.sender(to: "full")
            let releasing = try await connection.sender(to: "releasing")
            let inDoubt = Task { try await silent.send(message("1")) }
            let unsent = Task { try await full.send(message("1")) }
            let returned = Task { try await releasing.send(message("1")) }
            while connection.status.inFlight == 0 || connection.status.summary.released < 2 {
                await Task.yield()
            }
            let summary = await connection.close(within: .milliseconds(50))
            #expect(summary.inDoubt == 1 && summary.unsent == 1)
            for (task, code) in [
                (inDoubt, SenderError.Code.inDoubt), (unsent, .unsent), (returned, .unsent),
            ] {
                do {
                    _ = try await task.value
                    Issue.record("it has no outcome")
                } catch let error as SenderError {
                    // Its task may have begun only after the close.
                    #expect(error.code == code || code == .unsent && error.code == .closed)
                } catch is CancellationError {
                    Issue.record("nobody cancelled it")
                }
            }
            await #expect(throws: SenderError.self) {
                _ = try await connection.sender(to: "late")
            }
        }
    }

    @Test("a closed sender says so, before its end and behind it")
    func closedSender() async throws {
        try await withConnection { connection in
            let events = connection.events
            let sender = try await connection.sender(to: "orders")
            #expect(try await sender.send(message("1")) == .accepted)
            sender.close()
            for hasEnded in [false, true] {
                do {
                    _ = try await sender.send(message("2"))
                    Issue.record("it was closed")
                } catch let error as SenderError {
                    #expect(error.code == .closed && error.description.contains("sender"))
                }
                guard !hasEnded else { break }
                for await event in events {
                    if case .link(_, .ended) = event { break }
                }
            }
        }
    }

    @Test("what waits for a connection that is given up before it ran ends")
    func givenUp() async throws {
        var connection: SenderConnection? = SenderConnection(
            to: [Endpoint(host: "127.0.0.1", port: 1)])
        let sender = try #require(try await connection?.sender(to: "orders"))
        let events = try #require(connection?.events)
        let sending = Task { try await sender.send(message("1")) }
        connection = nil
        await #expect(throws: SenderError.self) { _ = try await sending.value }
        for await _ in events {}
    }

    @Test(
        "a close may take as long as can be told",
        arguments: [Duration.seconds(Int64.max), .seconds(-1)])
    func closeLimits(limit: Duration) async throws {
        try await withConnection { connection in
            let sender = try await connection.sender(to: "orders")
            #expect(try await sender.send(message("1")) == .accepted)
            #expect(await connection.close(within: limit).accepted == 1)
        }
    }

    @Test("a connection that was closed before it ran does not run")
    func closedBeforeItRan() async throws {
        let connection = SenderConnection(to: [Endpoint(host: "127.0.0.1", port: 1)])
        #expect(await connection.close().taken == 0)
        try await connection.run()
    }
}
