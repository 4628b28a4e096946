// Sends to three addresses until SIGTERM: order-service URL[,URL...] [MILLISECONDS]
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import ReliableSender

@main struct OrderService {
    static let addresses = ["link1.orders", "link1.invoices", "link1.audit"]

    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        let milliseconds = arguments.count == 2 ? Int(arguments.last ?? "") : 1_000
        guard let urls = arguments.first, arguments.count <= 2, let milliseconds else {
            log("usage: order-service URL[,URL...] [MILLISECONDS]")
            exit(64)
        }
        do {
            let endpoints = try urls.split(separator: ",").map { try Endpoint(url: String($0)) }
            try await serve(endpoints, interval: .milliseconds(milliseconds))
        } catch {
            log("order-service: \(error)")
            exit(1)
        }
    }

    static func serve(_ endpoints: [Endpoint], interval: Duration) async throws {
        let connection = SenderConnection(to: endpoints) { options in
            // Milliseconds: 500, then 1,000, 2,000 and so on, up to 10,000.
            options.recovery.retry = RetryPolicy(interval: 500, multiplier: 2, maximum: 10_000)
        }
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await connection.run() }
            group.addTask {
                for await event in connection.events {
                    if case .link(let id, let event) = event {
                        log("\(connection.address(of: id) ?? "a sender"): \(event)")
                    } else {
                        log("\(event)")
                    }
                }
            }
            for address in addresses {
                let sender = try await connection.sender(to: address)
                group.addTask { await sendOrders(with: sender, interval: interval) }
            }
            group.addTask {
                await terminationSignal()
                let summary = await connection.close(within: .seconds(5))
                log("closed: \(summary.accepted) of \(summary.taken) accepted")
            }
        }
    }

    /// Sends one message after the other, until the sender or its connection has ended.
    static func sendOrders(with sender: MessageSender, interval: Duration) async {
        let address = sender.destination.address
        for number in 1... {
            let message = Message(body: .string("\(address) \(number)"), isDurable: true)
            do {
                switch try await sender.send(message) {
                case .accepted: log("\(address) \(number): accepted")
                case .rejected(let condition): log("\(address) \(number): \(condition.name)")
                case .givenUp(let reason): log("\(address) \(number): given up, \(reason)")
                case .unconfirmed: log("\(address) \(number): sent")
                }
                try await Task.sleep(for: interval)
            } catch let error as SenderError {
                let mayArrive = error.code == .inDoubt
                log("\(address) \(number): \(mayArrive ? "in doubt" : "not delivered"), \(error)")
                return
            } catch {
                return  // The task was cancelled, and the message taken back.
            }
        }
    }

    /// Returns at a SIGTERM, or when the task is cancelled.
    static func terminationSignal() async {
        signal(SIGTERM, SIG_IGN)
        let (signals, continuation) = AsyncStream<Void>.makeStream()
        let source = DispatchSource.makeSignalSource(signal: SIGTERM)
        source.setEventHandler { continuation.yield() }
        source.activate()
        for await _ in signals { break }
        source.cancel()
    }

    /// Writes a line at once, which `print` does not where standard output is a pipe.
    static func log(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
