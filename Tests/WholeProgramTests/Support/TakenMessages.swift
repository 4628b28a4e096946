// Messages that another client takes from a queue.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A message as scripts/receive.py --typed shows it; values are `type:text`.
struct TakenMessage: Decodable {
    /// The consumer that got it, from 0 on.
    var consumer: Int
    var header: [String: String]?
    /// Keys that are symbols begin with `symbol:`.
    var annotations: [String: String]?
    var properties: [String: String]?
    var applicationProperties: [String: String]?
    var value: [String: String]?

    private enum CodingKeys: String, CodingKey {
        case consumer, header, annotations, properties
        case applicationProperties = "application-properties"
        case value
    }
}

/// Consumers that empty a queue of a broker.
struct Taking {
    private let process: ChildProcess

    /// Starts, and waits until the broker has answered.
    init(port: Int, address: String = "link1.test", _ options: String...) throws {
        process = try ChildProcess(
            "receive", executable: Places.python,
            arguments: [
                Places.script("receive.py").path, "amqp://127.0.0.1:\(port)/\(address)", "--typed",
            ] + options)
        try process.waitForErrors("receiving from")
    }

    /// All that was in the queue, when the consumers have left.
    func messages() throws -> [TakenMessage] {
        guard try process.wait(seconds: 60) == 0 else {
            throw TestFailure(process.allOutput)
        }
        return try process.output.lines.map {
            try JSONDecoder().decode(TakenMessage.self, from: Data($0.utf8))
        }
    }
}
