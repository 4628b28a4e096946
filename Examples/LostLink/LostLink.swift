// Tests that no message is lost with its link, against a stand-in broker: lost-link scripts/stand-in/broker.py
// SPDX-License-Identifier: Apache-2.0

import Foundation
import ReliableSender

@main struct LostLink {
    static func main() async {
        guard CommandLine.arguments.count == 2 else {
            print("usage: lost-link BROKER")
            exit(64)
        }
        do {
            try await messagesSurviveTheirLink(CommandLine.arguments[1])
        } catch {
            print("lost-link: \(error)")
            exit(1)
        }
    }

    static func messagesSurviveTheirLink(_ script: String) async throws {
        // The first message is not kept and gets no outcome; its link is detached.
        let broker = try StandInBroker(script, misbehaving: ["ignore=1", "detach=1"])
        let connection = SenderConnection(to: [broker.endpoint]) { options in
            options.recovery.retry.interval = 10
        }
        async let run: Void = connection.run()
        let sender = try await connection.sender(to: "orders")
        async let first = sender.send(Message(body: .string("first"), isDurable: true))
        async let second = sender.send(Message(body: .string("second"), isDurable: true))
        let outcomes = try await [first, second]
        let summary = await connection.close()
        try await run

        try expect(outcomes == [.accepted, .accepted], "outcomes: \(outcomes)")
        try expect(summary.linkLosses == 1, "\(summary.linkLosses) links were lost")
        let bodies = try broker.bodies()
        try expect(Set(bodies) == ["first", "second"], "arrived: \(bodies)")
        print("the link was lost once, \(bodies.count) messages have arrived")
    }

    static func expect(_ holds: Bool, _ what: String) throws {
        guard holds else { throw Failure(description: what) }
    }
}

struct Failure: Error, CustomStringConvertible {
    var description: String
}

/// A broker of its own, on a free port, which ends with the last reference to it.
final class StandInBroker {
    let endpoint: Endpoint
    private let process = Process()
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "lost-link-\(UUID().uuidString)")
    private var store: URL { folder.appending(path: "store") }

    /// Starts it; it is there when it says where it listens.
    init(_ script: String, misbehaving faults: [String]) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments =
            [script, "--listen", "127.0.0.1:0", "--store", folder.appending(path: "store").path]
            + faults.flatMap { ["--misbehave", $0] }
        process.standardOutput = output
        try process.run()
        var text = ""
        while !text.contains("\n") {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw Failure(description: "the broker did not start") }
            text += String(decoding: data, as: UTF8.self)
        }
        guard let port = text.split(whereSeparator: \.isNewline).first?.split(separator: ":").last
        else { throw Failure(description: "the broker says: \(text)") }
        endpoint = try Endpoint(url: "amqp://127.0.0.1:\(port)")
    }

    deinit {
        // Not SIGTERM: the thread that started it, one of Swift's pool, blocks that, and it inherits it.
        kill(process.processIdentifier, SIGKILL)
        try? FileManager.default.removeItem(at: folder)
    }

    /// The bodies of the messages that it has accepted.
    func bodies() throws -> [String] {
        try String(contentsOf: store, encoding: .utf8).split(separator: "\n").map { line in
            let record = try JSONSerialization.jsonObject(with: Data(line.utf8))
            return (record as? [String: Any])?["body"] as? String ?? "?"
        }
    }
}
