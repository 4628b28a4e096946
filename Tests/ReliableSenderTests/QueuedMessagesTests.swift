// The queue of messages whose callers wait.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ReliableSender

@Suite(.timeLimit(.minutes(30))) struct QueuedMessagesTests {
    private let messages = QueuedMessages(to: "orders")

    private struct Queued {
        let number: Int
        let ticket: UInt64
        let task: Task<FinalOutcome, any Error>
    }

    /// Adds a message that is nothing but its number; it is in the queue on return.
    private func add(_ number: Int) async -> Queued {
        let messages = messages
        let ticket = messages.makeTicket()
        let (added, adding) = AsyncStream<Void>.makeStream()
        let task = Task {
            try await withCheckedThrowingContinuation { continuation in
                let bytes = [UInt8(number >> 8), UInt8(number & 0xff)]
                messages.add(bytes, ticket: ticket, continuation)
                adding.finish()
            }
        }
        for await _ in added {}
        return Queued(number: number, ticket: ticket, task: task)
    }

    /// Takes the next message as accepted; returns its number.
    private func take() -> Int? {
        guard let next = messages.next else { return nil }
        messages.take()
        var number = 0
        messages.withEncoded(sequence: next.sequence) { number = Int($0[0]) << 8 | Int($0[1]) }
        messages.settle([next.sequence], as: .accepted)
        messages.free([next.sequence])
        return number
    }

    @Test(
        "messages are taken in the order in which they came, without those that were taken back",
        arguments: [1, 2, 3, 500])
    func order(keptEvery: Int) async throws {
        var kept: [Int] = []
        var taken: [Int] = []
        for round in 0..<3 {
            var queued: [Queued] = []
            for number in 0..<500 { queued.append(await add(round * 500 + number)) }
            for message in queued where message.number % keptEvery > 0 {
                messages.cancel(ticket: message.ticket)
            }
            kept += queued.map(\.number).filter { $0 % keptEvery == 0 }
            while let number = take() { taken.append(number) }
            for message in queued {
                if message.number % keptEvery == 0 {
                    #expect(try await message.task.value == .accepted)
                } else {
                    await #expect(throws: CancellationError.self) {
                        _ = try await message.task.value
                    }
                }
            }
        }
        #expect(taken == kept)
    }

    @Test(
        "a message that is cancelled while it is offered is in doubt if it is taken then, else taken back"
    )
    func cancelledOffer() async throws {
        for isTaken in [true, false] {
            let queued = await add(1)
            #expect(messages.next != nil)
            messages.cancel(ticket: queued.ticket)
            if isTaken { messages.take() } else { messages.endTurn() }
            do {
                _ = try await queued.task.value
                Issue.record("it was cancelled")
            } catch let error as SenderError {
                #expect(isTaken && error.code == .inDoubt)
            } catch is CancellationError {
                #expect(!isTaken)
            }
            messages.endTurn()
            #expect(messages.next == nil)
        }
    }
}
