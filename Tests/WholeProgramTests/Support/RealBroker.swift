// Brokers that people use, as scripts/start-broker.sh runs them.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A real broker on a free port with data of its own, which outlives a kill.
final class RealBroker {
    let name: String
    let port: Int
    /// That where a sender has credit once the broker is ready.
    private let address: String
    /// By what is in it the broker is found again when it has to end.
    private let folder: TemporaryFolder
    private let environment: [String: String]
    private let login: [String]
    private var process: ChildProcess?

    init(
        _ name: String, in folder: TemporaryFolder, environment: [String: String] = [:],
        address: String = "link1.test", user: String? = nil, password: String? = nil
    ) throws {
        self.address = address
        login = [("--user", user), ("--password", password)].flatMap { name, value in
            value.map { [name, $0] } ?? []
        }
        self.name = name
        self.folder = folder
        port = try Places.freePort()
        self.environment = environment.merging(
            ["BROKER": name, "RUN_DIR": folder.file("run").path]
        ) { $1 }
    }

    deinit {
        if process != nil { try? stop("--kill") }
    }

    /// Why it can't be run here; nil when it can.
    static func reasonToSkip(_ name: String) -> String? {
        let asked = try? ChildProcess.run(
            [Places.script("start-broker.sh").path, "--which"], environment: ["BROKER": name],
            seconds: 60)
        guard let asked, asked.status == 0 else {
            return "skipped: \(asked?.errors ?? "start-broker.sh does not run")"
        }
        return nil
    }

    /// RabbitMQ before 4 has AMQP 1.0 from a plugin, with settings and habits of its own.
    static let isRabbitMQOld =
        (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/rabbitmq/lib"))?
        .contains { $0.hasPrefix("rabbitmq_server-3.") } == true

    /// Whether it leaves what it leaves, a dump when it crashes, with its own data.
    func runsInItsFolder() throws -> Bool {
        let run = folder.file("run")
        let pid = try String(contentsOf: run.appending(path: "broker.pid"), encoding: .utf8)
        let current = try FileManager.default.destinationOfSymbolicLink(
            atPath: "/proc/\(pid.trimmingCharacters(in: .newlines))/cwd")
        return current.hasPrefix(run.path)
    }

    /// Starts it and waits until a sender gets credit.
    func start() throws {
        process = try ChildProcess(
            name, executable: Places.script("start-broker.sh"), arguments: ["--port", "\(port)"],
            environment: environment)
        let probe = try ChildProcess(
            "probe", executable: Places.python,
            arguments: [
                Places.standIn("probe.py"), "127.0.0.1:\(port)", "--address", address, "--wait",
                "180",
            ] + login)
        guard try probe.wait(seconds: 190) == 0 else {
            let said = probe.allOutput + (process?.allOutput ?? "")
            throw TestFailure("\(name) is not ready:\n\(said)")
        }
    }

    /// Ends the broker itself with SIGKILL.
    func kill() throws {
        try stop("--kill")
    }

    private func stop(_ arguments: String...) throws {
        let script = try ChildProcess(
            "stop-broker", executable: Places.script("stop-broker.sh"), arguments: arguments,
            environment: environment)
        _ = try script.wait(seconds: 30)
        _ = try process?.wait(seconds: 30)
        process = nil
    }

    /// Another client takes from the queue and counts: until all have come, or until two seconds after the last
    /// message, when the queue is empty.
    func expectEverySequence(
        upTo count: Int, address: String = "link1.test", isEmptied: Bool = false,
        once: Bool = false, options: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let counter = try expectCounted(
            upTo: count,
            in: ["queue", "amqp://127.0.0.1:\(port)/\(address)"] + login + options
                + (isEmptied || once ? [] : ["--leave"]),
            sourceLocation: sourceLocation)
        #expect(
            !once || counter.output.text.contains("duplicates=0"), "\(counter.allOutput)",
            sourceLocation: sourceLocation)
    }
}
