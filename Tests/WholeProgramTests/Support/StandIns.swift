// The stand-in broker and routers, on ports of their own.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A broker whose store outlives its process.
final class StandInBroker {
    let port: Int
    let store: URL
    private let misbehaviours: [String]
    private let options: [String]
    private(set) var process: ChildProcess?

    init(
        in folder: TemporaryFolder, misbehaving misbehaviours: [String] = [],
        options: [String] = []
    ) throws {
        port = try Places.freePort()
        store = folder.file("broker.store")
        self.misbehaviours = misbehaviours
        self.options = options
    }

    func start(misbehaving: Bool = true) throws {
        let faults = misbehaving ? misbehaviours.flatMap { ["--misbehave", $0] } : []
        let process = try ChildProcess(
            "broker", executable: Places.python,
            arguments: [
                Places.standIn("broker.py"), "--listen", "127.0.0.1:\(port)",
                "--store", store.path,
            ] + faults + options)
        try process.waitForLine(containing: "listening on")
        self.process = process
    }

    func kill() throws {
        try process?.killAndWait()
        process = nil
    }

    /// A message as the store has it.
    struct StoredMessage {
        var address: String
        var sequence: Int
        var body: String
        var properties: [String: String]
    }

    /// The messages in the store, in the order of arrival.
    func messages() throws -> [StoredMessage] {
        let newline = UInt8(ascii: "\n")
        let data = try Data(contentsOf: store)
        // The broker may be writing the last line.
        let lines = data[..<(data.lastIndex(of: newline) ?? data.startIndex)]
        return try lines.split(separator: newline).map { line in
            let record = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
            return StoredMessage(
                address: record?["address"] as? String ?? "",
                sequence: record?["id"] as? Int ?? 0,
                body: record?["body"].map { "\($0)" } ?? "",
                properties: record?["properties"] as? [String: String] ?? [:])
        }
    }

    /// The bodies that are in the store, in the order of arrival.
    func bodies() throws -> [String] {
        try received().map { $0["body"] ?? "" }
    }

    /// The messages of the store, decoded by python-proton and shown in Python syntax: a type that
    /// Python does not have is named.
    func received(sourceLocation: SourceLocation = #_sourceLocation) throws -> [[String: String]] {
        let reader = try ChildProcess(
            "reader", executable: Places.python, arguments: ["-c", Self.readerText, store.path])
        let status = try reader.wait(seconds: 60)
        #expect(status == 0, "\(reader.allOutput)", sourceLocation: sourceLocation)
        return try reader.output.lines.map { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String] ?? [:]
        }
    }

    private static let readerText = """
        import base64, json, sys
        from proton import Message
        for line in open(sys.argv[1]):
            message = Message()
            message.decode(base64.b64decode(json.loads(line)["encoded"]))
            print(json.dumps({name: repr(getattr(message, name)) for name in (
                "body", "id", "subject", "address", "reply_to", "correlation_id", "content_type",
                "group_id", "ttl", "priority", "durable", "properties", "annotations", "inferred")}))
        """

    /// Takes from the queue, as a client of its own, and expects these sequences.
    func expectEverySequenceConsumed(
        upTo count: Int, address: String = "link1.test",
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try expectCounted(
            upTo: count, in: ["queue", "amqp://127.0.0.1:\(port)/\(address)", "--leave"],
            sourceLocation: sourceLocation)
    }

    /// The sequences in the store; another program counts them.
    func expectEverySequence(upTo count: Int, sourceLocation: SourceLocation = #_sourceLocation)
        throws
    {
        try expectCounted(upTo: count, in: ["store", store.path], sourceLocation: sourceLocation)
    }
}

/// A router, with one of the project's own configurations on free ports.
final class StandInRouter {
    private let configuration: URL
    private let misbehaviours: [String]
    private(set) var process: ChildProcess?

    /// Ports of a network of routers in front of one broker.
    struct Ports {
        let client: Int
        let interRouter: Int
        let console: Int
        let broker: Int

        init(broker: Int) throws {
            client = try Places.freePort()
            interRouter = try Places.freePort()
            console = try Places.freePort()
            self.broker = broker
        }
    }

    init(
        _ name: String, ports: Ports, in folder: TemporaryFolder,
        misbehaving misbehaviours: [String] = []
    ) throws {
        var text = try String(contentsOf: Places.root.appending(path: name), encoding: .utf8)
        for (standard, own) in [
            ("5672", ports.client), ("8672", ports.console), ("8001", ports.interRouter),
            ("9001", ports.broker),
        ] {
            text = text.replacing(": \(standard)\n", with: ": \(own)\n")
        }
        if let standard = text.firstMatch(of: #/: (5672|8672|8001|9001)\b/#) {
            throw TestFailure("\(name) still has the standard port\(standard.0)")
        }
        configuration = folder.file(name)
        try text.write(to: configuration, atomically: true, encoding: .utf8)
        self.misbehaviours = misbehaviours
    }

    /// Starts it; it is up when it says so.
    func start(untilRouteIsUp: Bool = true) throws {
        let process = try ChildProcess(
            "router", executable: Places.python,
            arguments: [Places.standIn("router.py"), "--conf", configuration.path] + misbehaviours)
        try process.waitForLine(containing: untilRouteIsUp ? "route up" : "listening on")
        self.process = process
    }

    func kill(_ signal: Int32 = SIGKILL) throws {
        process?.kill(signal)
        _ = try process?.wait(seconds: 10)
        process = nil
    }
}
