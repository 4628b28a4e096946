// Sends a text and says what has become of it: first-message amqp://127.0.0.1 link1.test hello
// SPDX-License-Identifier: Apache-2.0

import Foundation
import ReliableSender

@main struct FirstMessage {
    static func main() async {
        let arguments = CommandLine.arguments
        guard arguments.count == 4 else {
            print("usage: first-message URL ADDRESS TEXT")
            exit(64)
        }
        do {
            try await send(arguments[3], to: arguments[2], at: arguments[1])
        } catch {
            print("first-message: \(error)")
            exit(1)
        }
    }

    static func send(_ text: String, to address: String, at url: String) async throws {
        let connection = SenderConnection(to: [try Endpoint(url: url)])
        async let run: Void = connection.run()  // until it is closed
        let sender = try await connection.sender(to: address)  // one for each address
        let outcome = try await sender.send(Message(body: .string(text), isDurable: true))
        print("\(address): \(outcome)")  // accepted, rejected, ...
        let summary = await connection.close(within: .seconds(5))
        print("\(summary.accepted) of \(summary.taken) accepted")
        try await run
    }
}
